"""The open loop: operation n of a stream is due at a time that depends on n alone.

How long an earlier operation took, or how late it was sent, moves nothing: so a slow answer hides no failures behind
it, and rounding never adds up.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Grid:
    """Slots at first_ns, first_ns + period_ns, ... in monotonic nanoseconds."""

    first_ns: int
    period_ns: int

    def __post_init__(self) -> None:
        if self.period_ns <= 0:
            raise ValueError(f"a grid needs a positive period: {self.period_ns}")

    def planned_ns(self, slot: int) -> int:
        """When slot number `slot` (from 0) is due."""
        return self.first_ns + slot * self.period_ns

    def first_slot_after(self, now_ns: int) -> int:
        """The number of the first slot that is due later than `now_ns`."""
        return max(0, (now_ns - self.first_ns) // self.period_ns + 1)


@dataclass(frozen=True)
class Due:
    """planned_ns: slots to send now, oldest first. skipped: slots too old to be sent. next_slot: what follows."""

    planned_ns: tuple[int, ...]
    skipped: int
    next_slot: int


def due(grid: Grid, next_slot: int, now_ns: int, patience_ns: int) -> Due:
    """The slots from `next_slot` on that are due at `now_ns`.

    A slot is sent however late, up to `patience_ns`; older ones are skipped and counted: after a long stall of the
    machine a burst of them would be an overload of our own making.
    """
    following = max(next_slot, grid.first_slot_after(now_ns))
    slots = [grid.planned_ns(slot) for slot in range(next_slot, following)]
    fresh = tuple(planned for planned in slots if now_ns - planned <= patience_ns)
    return Due(fresh, len(slots) - len(fresh), following)


def phase(client: int, clients: int, cohort: int, cohorts: int) -> float:
    """Where in a period a client writes, as a share 0..1: even within its cohort, and cohorts between each other."""
    return (client + cohort / cohorts) / clients
