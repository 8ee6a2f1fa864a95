"""How many of how many requests were bad within the last while, in slices, so that each look costs the same.

A slice is closed once a request has ended a moment after it, whoever's: what counts depends on what clients saw, and
not on when somebody looked, so that the history gives the same counts again.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from harness.units import NS_PER_MS

SLICES_MAX = 100
SHORTEST_SLICE_NS = 100 * NS_PER_MS
GRACE_NS = 100 * NS_PER_MS
"""How much later than others a request may be told of, and still count where it belongs."""
OPS_SHOWN = 3


@dataclass(frozen=True)
class Slice:
    """What ended between number * slice_ns and the next. ops: some of the bad ones."""

    number: int
    bad: int = 0
    total: int = 0
    ops: tuple[str, ...] = ()

    def with_one(self, op: str, bad: bool) -> Slice:
        """One more."""
        shown = self.ops if not bad or len(self.ops) == OPS_SHOWN else (*self.ops, op)
        return Slice(self.number, self.bad + bad, self.total + 1, shown)


@dataclass(frozen=True)
class Window:
    """The slices of the last while. closed: oldest first; bad, total: of these. open: what is still being counted.

    upto: the first slice that is not closed; None: nothing has been seen.
    """

    slice_ns: int
    slices: int
    closed: tuple[Slice, ...] = ()
    open: tuple[Slice, ...] = ()
    bad: int = 0
    total: int = 0
    upto: int | None = None

    @property
    def from_ns(self) -> int:
        """Where the closed part begins."""
        return ((self.upto or 0) - self.slices) * self.slice_ns

    @property
    def until_ns(self) -> int:
        """Where it ends."""
        return (self.upto or 0) * self.slice_ns

    @property
    def ops(self) -> tuple[str, ...]:
        """Some of the bad ones, the newest first."""
        return tuple(op for one in reversed(self.closed) for op in reversed(one.ops))[:OPS_SHOWN]

    def next_end_ns(self) -> int:
        """When the oldest open slice can be closed."""
        return ((self.upto or 0) + 1) * self.slice_ns + GRACE_NS


def window_of(window_ns: int) -> Window:
    """An empty window of that length."""
    slices = max(1, min(SLICES_MAX, window_ns // SHORTEST_SLICE_NS))
    return Window(slice_ns=-(-window_ns // slices), slices=slices)


def counted(window: Window, op: str, at_ns: int, bad: bool) -> Window:
    """With one request that ended then. One that comes too late counts where counting has got to."""
    number = at_ns // window.slice_ns
    upto = number if window.upto is None else window.upto
    number = max(number, upto)
    found = next((one for one in window.open if one.number == number), Slice(number))
    rest = (one for one in window.open if one.number != number)
    ordered = sorted((*rest, found.with_one(op, bad)), key=lambda one: one.number)
    return replace(window, open=tuple(ordered), upto=upto)


def closed(window: Window) -> Window:
    """With its oldest open slice closed, and what is too old left out."""
    number = window.upto or 0
    new = next((one for one in window.open if one.number == number), None)
    kept = window.closed if new is None else (*window.closed, new)
    bad, total = window.bad, window.total
    if new is not None:
        bad, total = bad + new.bad, total + new.total
    while kept and kept[0].number <= number - window.slices:
        bad, total, kept = bad - kept[0].bad, total - kept[0].total, kept[1:]
    rest = tuple(one for one in window.open if one.number != number)
    return replace(window, closed=kept, open=rest, bad=bad, total=total, upto=number + 1)


def skipped(window: Window, at_ns: int) -> Window:
    """After a silence longer than the window, nothing of before counts: closing slice by slice would take for ever."""
    reached = at_ns // window.slice_ns
    if window.upto is None or window.open or reached - window.upto <= window.slices:
        return window
    return Window(window.slice_ns, window.slices, upto=reached)
