"""Acknowledged writes by the side that accepted them, and the turns that sides took: facts for `split_brain`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from harness.history.codes import ABSENT, NO_EPOCH, Bools
from harness.history.columns import Columns
from harness.measurement.newest import Rows

SEVERAL = 3
"""So many writes make a turn, and an epoch that is one of turns; fewer may have strayed."""
_THIN_EPOCHS = 10
"""Moves of a plan may leave so many epochs with fewer writes; more of them, if they are most, do not count moves."""


@dataclass(frozen=True, eq=False)
class Acks:
    """Acknowledged writes, by the order of sending, and who accepted them.

    side: by row, code of a place in `names`. excusing: whether epochs excuse anything.
    """

    columns: Columns
    rows: Rows
    side: NDArray[np.int64]
    names: Sequence[str]
    excusing: bool = True

    @cached_property
    def epoch(self) -> NDArray[np.int64]:
        """Under which epoch each was answered; NO_EPOCH where the answer names none."""
        return self.columns.epoch[self.rows]

    @cached_property
    def sent_ns(self) -> NDArray[np.int64]:
        return self.columns.sent_ns[self.rows]

    @cached_property
    def returned_ns(self) -> NDArray[np.int64]:
        return self.columns.returned_ns[self.rows]

    @cached_property
    def epochs(self) -> Sequence[int]:
        """Those that answers named, ascending."""
        return [int(epoch) for epoch in np.unique(self.epoch) if epoch != NO_EPOCH]

    @cached_property
    def thin(self) -> bool:
        """Whether most epochs cover hardly any writes: then they are numbers of writes, and not of turns."""
        covered = np.unique(self.epoch[self.epoch != NO_EPOCH], return_counts=True)[1]
        few = np.count_nonzero(covered < SEVERAL)
        return bool(few > _THIN_EPOCHS and 2 * few > len(covered))

    @cached_property
    def fenced(self) -> Bools:
        """Whose epochs excuse that their turns were short."""
        found: Bools = (self.epoch != NO_EPOCH) & self.excusing
        if (
            self.excusing and self.thin
        ):  # a turn is what one side accepted in epochs of which no other side's lies between
            named = np.flatnonzero(found)
            named = named[np.argsort(self.epoch[named], kind="stable")]
            side = self.side[named]
            turn = np.cumsum(side != np.concatenate((side[:1], side[:-1])))
            found[named] = np.bincount(turn)[turn] >= SEVERAL
        return found

    def sides(self) -> Sequence[int]:
        """Those that accepted anything, in the order in which they first did."""
        return [side for side in in_order(self.side) if side != ABSENT]

    def op(self, at: int) -> str:
        """The id of one of them."""
        return self.columns.ops([int(self.rows[at])])[0]

    def told(self, at: int) -> str:
        """One of them with its epoch."""
        return f"{self.op(at)} (epoch {self.epoch[at]})"


def in_order(sides: NDArray[np.int64]) -> Sequence[int]:
    """Each of them once, in the order in which they first come."""
    found, first = np.unique(sides, return_index=True)
    return [int(side) for side in found[np.argsort(first)]]


def between(acks: Acks, side: int, other: int, turn_ns: int) -> Rows:
    """Writes of one side between two of another that are less than turn_ns apart.

    Turns of three epochs, each later than the one before, are no proof; where they are not, ended epochs are.
    """
    theirs, nameless = acks.side == other, ~acks.fenced
    every, unnamed = _Times.of(acks, theirs), _Times.of(acks, theirs & nameless)
    ours = np.flatnonzero(acks.side == side)
    plain, named = ours[nameless[ours]], ours[~nameless[ours]]
    found = np.zeros(len(acks.rows), np.bool_)
    found[plain] = _is_between(acks, plain, every, every, turn_ns)
    found[named] = _is_between(acks, named, unnamed, every, turn_ns)
    found[named] |= _is_between(acks, named, every, unnamed, turn_ns)
    return np.flatnonzero(found)


@dataclass(frozen=True, eq=False)
class _Times:
    """When writes of one side were acknowledged and sent, each in order."""

    returned_ns: NDArray[np.int64]
    sent_ns: NDArray[np.int64]

    @classmethod
    def of(cls, acks: Acks, chosen: Bools) -> _Times:
        return cls(np.sort(acks.returned_ns[chosen], kind="stable"), acks.sent_ns[chosen])


def _is_between(acks: Acks, at: Rows, before: _Times, after: _Times, turn_ns: int) -> Bools:
    last = np.searchsorted(before.returned_ns, acks.sent_ns[at])
    following = np.searchsorted(after.sent_ns, acks.returned_ns[at], side="right")
    found: Bools = (last > 0) & (following < len(after.sent_ns))
    near = np.flatnonzero(found)
    apart_ns = after.sent_ns[following[near]] - before.returned_ns[last[near] - 1]
    found[near] = apart_ns < turn_ns
    return found


def ended_by(acks: Acks) -> Rows:
    """For each the first acknowledged write of a later epoch; ABSENT where there is none."""
    found = np.full(len(acks.rows), ABSENT, np.int64)
    named = np.flatnonzero(acks.epoch != NO_EPOCH)
    if not len(named):
        return found
    named = named[np.lexsort((acks.returned_ns[named], acks.epoch[named]))]
    begins = np.concatenate(([True], np.diff(acks.epoch[named]) != 0))
    first = named[begins][::-1]  # of each epoch, the last epoch's first
    soonest = np.minimum.accumulate(acks.returned_ns[first])
    sooner = np.concatenate(([True], np.diff(soonest) < 0))
    by_then = first[np.maximum.accumulate(np.where(sooner, np.arange(len(first)), 0))]
    later = np.concatenate((by_then[::-1][1:], [ABSENT]))
    found[named] = later[np.cumsum(begins) - 1]
    return found
