"""slicer: small packets."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import ClassVar

from harness.parts.links.toxiproxy.toxics.base import Chunk, Effect, End, Release, Toxic, ToxicEvent

_NS_PER_US = 1000


@dataclass(frozen=True)
class SlicerState:
    """When the next slice may leave, and the stream that sizes are drawn from."""

    free_ns: int
    draws: Random


@dataclass(frozen=True)
class Slicer(Toxic[SlicerState]):
    """Cuts data into slices of average_size +/- size_variation bytes, and waits `delay` microseconds after each."""

    kind: ClassVar[str] = "slicer"

    average_size: int = 0
    size_variation: int = 0
    delay: int = 0

    def initial(self, draws: Random) -> SlicerState:
        return SlicerState(0, draws)

    def step(self, state: SlicerState, event: ToxicEvent, now_ns: int) -> tuple[SlicerState, tuple[Effect, ...]]:
        at_ns = max(state.free_ns, now_ns)
        if isinstance(event, End):
            return state, (Release(event, at_ns),)
        if not isinstance(event, Chunk):
            return state, ()
        releases = []
        for start, end in self.cuts(len(event.data), state.draws):
            releases.append(Release(Chunk(event.data[start:end], event.starts_request and start == 0), at_ns))
            at_ns += max(0, self.delay) * _NS_PER_US
        return SlicerState(at_ns, state.draws), tuple(releases)

    def cuts(self, size: int, draws: Random) -> Iterator[tuple[int, int]]:
        """The slices of `size` bytes: halves of halves, so that sizes vary alike from the first to the last."""
        pending = [(0, size)]
        while pending:
            start, end = pending.pop()
            length = end - start
            if length <= 1 or length - self.average_size <= self.size_variation:
                yield start, end
                continue
            middle = start + length // 2
            if self.size_variation > 0:
                middle += draws.randrange(2 * self.size_variation) - self.size_variation
            middle = min(max(middle, start + 1), end - 1)
            pending += [(middle, end), (start, middle)]
