"""How many requests of the last minute, hour or whatever a limit is for count against it.

What was asked longer ago than the window no longer counts. Requests are counted in slices of a window, so that one
request costs no more with thousands before it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

_SLICES = 60


@dataclass(frozen=True)
class Window:
    """Requests of one window. slices: (number of the slice, requests), oldest first."""

    length_ns: int
    most: int
    slices: tuple[tuple[int, int], ...] = ()
    total: int = 0

    def at(self, now_ns: int) -> Window:
        """Without what is too long ago."""
        first = (now_ns - self.length_ns) // self._slice_ns + 1
        if not self.slices or self.slices[0][0] >= first:
            return self
        kept = tuple(one for one in self.slices if one[0] >= first)
        return replace(self, slices=kept, total=sum(count for _, count in kept))

    def plus_one(self, now_ns: int) -> Window:
        """With one more request, now."""
        number = now_ns // self._slice_ns
        if self.slices and self.slices[-1][0] == number:
            slices = (*self.slices[:-1], (number, self.slices[-1][1] + 1))
        else:
            slices = (*self.slices, (number, 1))
        return replace(self, slices=slices, total=self.total + 1)

    @property
    def full(self) -> bool:
        """Nothing more is answered."""
        return self.total >= self.most

    def frees_ns(self, now_ns: int) -> int:
        """When the oldest request will no longer count."""
        return (self.slices[0][0] + 1) * self._slice_ns + self.length_ns if self.slices else now_ns

    @property
    def _slice_ns(self) -> int:
        return max(1, self.length_ns // _SLICES)
