"""Anomalies A8 (two sides accept writes at once) and A9 (the accepted epoch goes back).

A write was accepted at some moment between its sending and its acknowledgement. So two sides certainly took turns when
one accepted a write that was sent after the other had acknowledged one, and acknowledged before the other was sent a
further one that it accepted, too. A plan that moves deliberately leaves each side active for a while; sides that take
turns faster accept at the same time, unless each turn has an epoch of its own, later than the one before: then every
turn was fenced from the others, however short it was. An epoch certainly came back to life when a write of it was sent
after a write of a later epoch had been acknowledged.

The side is the one that was dialled. A subject that names another region in its answer says that it forwarded the
write: testimony, which can make a verdict UNKNOWN, and never MET. Epochs are testimony, too, but against the subject:
all that they excuse is the length of a turn.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from harness.checkers.result import CheckResult, Finding, some
from harness.history.codes import ABSENT, NEVER_NS, NO_EPOCH, Bools
from harness.history.columns import Columns
from harness.history.events import Operation
from harness.history.gathering import columns_of
from harness.measurement.newest import Rows
from harness.outcome import Verdict
from harness.spelling import seconds

_NAME = "split_brain"
_SHOWN = 5


@dataclass(frozen=True)
class _Conflict:
    """One kind of proof, of one side. text: side, what it did, and the operations."""

    side: str
    count: int
    text: str


@dataclass(frozen=True, eq=False)
class _Acks:
    """Acknowledged writes, by the order of sending, and who accepted them. side: by row, code of a place in `names`."""

    columns: Columns
    rows: Rows
    side: NDArray[np.int64]
    names: Sequence[str]

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

    def sides(self) -> Sequence[int]:
        """Those that accepted anything, in the order in which they first did."""
        return [side for side in _in_order(self.side) if side != ABSENT]

    def op(self, at: int) -> str:
        """The id of one of them."""
        return self.columns.ops([int(self.rows[at])])[0]

    def told(self, at: int) -> str:
        """One of them with its epoch."""
        return f"{self.op(at)} (epoch {self.epoch[at]})"


def split_brain(operations: Iterable[Operation], *, regions: Mapping[str, str], turn_ns: int) -> CheckResult:
    """Did at most one side accept writes at any time? UNKNOWN when only one side was ever asked to accept any.

    regions: by edge address. turn_ns: the shortest time that an honest plan leaves a side active, in nanoseconds.
    """
    columns = columns_of(operations)
    rows = np.flatnonzero(columns.acknowledged)
    names, dialled, told = _sides(columns, regions)
    conflicts = _conflicts(_Acks(columns, rows, told[rows], names), turn_ns)
    if conflicts:
        return CheckResult(_NAME, Verdict.MISSED, f"both sides accepted writes: {_text(conflicts)}", _told(conflicts))
    acks = _Acks(columns, rows, dialled[rows], names)
    # Where nobody forwarded, there is nothing new to find.
    conflicts = [] if (dialled[rows] == told[rows]).all() else _conflicts(acks, turn_ns)
    if conflicts:
        text = f"both sides answered, and only they themselves say that one forwarded: {_text(conflicts)}"
        return CheckResult(_NAME, Verdict.UNKNOWN, text, _told(conflicts))
    asked = np.bincount(dialled[columns.is_write] + 1, minlength=1)
    if np.count_nonzero(asked[1:]) < 2:
        return CheckResult(_NAME, Verdict.UNKNOWN, "only one side was ever asked to accept writes")
    epochs = len(acks.epochs)
    testimony = f"in {epochs} epochs, one side each, never back" if epochs else "by one side at a time"
    return CheckResult(_NAME, Verdict.MET, f"{len(rows)} writes acknowledged, {testimony}")


def _sides(
    columns: Columns, regions: Mapping[str, str]
) -> tuple[Sequence[str], NDArray[np.int64], NDArray[np.int64]]:  # fmt: skip
    """Names, and by row whose edge was dialled and who the answer says it was; ABSENT where that is not known."""
    names: dict[str, int] = {}
    addresses = [names.setdefault(regions.get(name, name), len(names)) for name in columns.names.addresses]
    told = [names.setdefault(name, len(names)) for name in columns.names.regions]
    dialled = np.asarray([*addresses, ABSENT], np.int64)[columns.address]  # ABSENT is the last place
    named = np.asarray([*told, ABSENT], np.int64)[columns.region]
    return list(names), dialled, np.where(named == ABSENT, dialled, named)


def _in_order(sides: NDArray[np.int64]) -> Sequence[int]:
    found, first = np.unique(sides, return_index=True)
    return [int(side) for side in found[np.argsort(first)]]


def _conflicts(acks: _Acks, turn_ns: int) -> Sequence[_Conflict]:
    return [*_older_epoch(acks), *_shared_epochs(acks), *_at_once(acks, turn_ns)]


def _text(conflicts: Sequence[_Conflict]) -> str:
    return "; ".join(conflict.text for conflict in conflicts)


def _told(conflicts: Sequence[_Conflict]) -> tuple[Finding, ...]:
    return tuple(Finding("A8", conflict.text, "serious") for conflict in conflicts)


def _writes(count: int) -> str:
    return "1 write" if count == 1 else f"{count} writes"


# --- turns ------------------------------------------------------------------------------------------------------------


def _at_once(acks: _Acks, turn_ns: int) -> Iterator[_Conflict]:
    """Writes of one side between two of another that are less than turn_ns apart. O(n log n)."""
    sides = acks.sides()
    for side in sides:
        for other in sides:
            found = _between(acks, side, other, turn_ns)
            if other != side and len(found):
                name = acks.names[side]
                told = some([f"{acks.op(int(at))} ({name})" for at in found[:_SHOWN]], total=len(found))
                text = f"{name} accepted {_writes(len(found))} between two that {acks.names[other]} accepted less than "
                yield _Conflict(name, len(found), f"{text}{seconds(turn_ns)} apart: {told}")


def _between(acks: _Acks, side: int, other: int, turn_ns: int) -> Rows:
    """Turns of three epochs, each later than the one before, are no proof; where they are not, `_older_epoch` tells."""
    theirs, nameless = acks.side == other, acks.epoch == NO_EPOCH
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
    def of(cls, acks: _Acks, chosen: Bools) -> _Times:
        return cls(np.sort(acks.returned_ns[chosen], kind="stable"), acks.sent_ns[chosen])


def _is_between(acks: _Acks, at: Rows, before: _Times, after: _Times, turn_ns: int) -> Bools:
    last = np.searchsorted(before.returned_ns, acks.sent_ns[at])
    following = np.searchsorted(after.sent_ns, acks.returned_ns[at], side="right")
    found: Bools = (last > 0) & (following < len(after.sent_ns))
    near = np.flatnonzero(found)
    apart_ns = after.sent_ns[following[near]] - before.returned_ns[last[near] - 1]
    found[near] = apart_ns < turn_ns
    return found


# --- epochs -----------------------------------------------------------------------------------------------------------


def _older_epoch(acks: _Acks) -> Iterator[_Conflict]:
    """Writes sent after a write of a later epoch had been acknowledged. O(n + epochs log epochs)."""
    ended_by: dict[int, int] = {}
    later: int | None = None
    ended_ns = np.full(len(acks.rows), NEVER_NS, np.int64)
    for epoch in reversed(acks.epochs):
        own = np.flatnonzero(acks.epoch == epoch)
        if later is not None:
            ended_by[epoch] = later
            ended_ns[own] = acks.returned_ns[later]
        first = int(own[np.argmin(acks.returned_ns[own])])
        later = first if later is None or acks.returned_ns[first] < acks.returned_ns[later] else later
    late = np.flatnonzero(acks.sent_ns > ended_ns)
    for side in _in_order(acks.side[late]):
        found: Rows = late[acks.side[late] == side]
        first, end = int(found[0]), ended_by[int(acks.epoch[found[0]])]
        told = some([acks.told(int(at)) for at in found[:_SHOWN]], total=len(found))
        name = "nobody knows who" if side == ABSENT else acks.names[side]
        where = "another side" if acks.side[end] == ABSENT else acks.names[int(acks.side[end])]
        text = f"{name} accepted {_writes(len(found))} in an epoch that had ended: {told}; {where} had acknowledged "
        ago = seconds(int(acks.sent_ns[first] - acks.returned_ns[end]))
        yield _Conflict(name, len(found), f"{text}{acks.told(end)} {ago} before the first of them")


def _shared_epochs(acks: _Acks) -> Iterator[_Conflict]:
    for epoch in acks.epochs:
        own = np.flatnonzero((acks.epoch == epoch) & (acks.side != ABSENT))
        found, first = np.unique(acks.side[own], return_index=True)
        if len(found) > 1:
            of = sorted((acks.names[int(side)], acks.op(int(own[at]))) for side, at in zip(found, first, strict=True))
            who = " and ".join(f"{name} ({op})" for name, op in of)
            yield _Conflict(of[0][0], len(of), f"in epoch {epoch} writes were accepted by {who}")
