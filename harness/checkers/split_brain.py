"""Anomalies A8 (two sides accept writes at once) and A9 (the accepted epoch goes back).

A write was accepted at some moment between its sending and its acknowledgement. So two sides certainly took turns when
one accepted a write that was sent after the other had acknowledged one, and acknowledged before the other was sent a
further one that it accepted, too. A plan that moves deliberately leaves each side active for a while; sides that take
turns faster accept at the same time, unless each turn has an epoch of its own, later than the one before: then every
turn was fenced from the others, however short it was. An epoch certainly came back to life when a write of it was sent
after a write of a later epoch had been acknowledged.

The side is the one that was dialled. A subject that names another region in its answer says that it forwarded the
write: `accepting` asks the commits whether it did, and where they do not tell, it is testimony, which can make a
verdict UNKNOWN, and never MET.

Epochs are testimony, too, but against the subject: all that they excuse is the length of a turn. For that they must be
epochs of turns. Numbers that grow with nearly every write (a clock, a shared counter) fit any turns at all, so a turn
of hardly any writes is not excused by them. That is MISSED and not UNKNOWN: the turns are proven without the numbers,
as they are where answers name none. A subject may well order such writes by one sequencer, and lose nothing by it, but
then both sides accept writes at any time, and that is what it should promise.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from harness.checkers.accepting import Accepting, Logs, accepting
from harness.checkers.result import CheckResult, Finding, some
from harness.checkers.turns import SEVERAL, Acks, between, ended_by, in_order
from harness.history.codes import ABSENT, NEVER_NS, NO_EPOCH, PUT, Bools
from harness.history.columns import Columns
from harness.history.events import Operation
from harness.history.gathering import columns_of
from harness.measurement.newest import Rows
from harness.outcome import Verdict
from harness.spelling import seconds

_NAME = "split_brain"
_SHOWN = 5
_MANY = 8
"""So many sides are looked at one by one."""


@dataclass(frozen=True)
class _Conflict:
    """One kind of proof, of one side. text: side, what it did, and the operations."""

    side: str
    count: int
    text: str


def split_brain(
    operations: Iterable[Operation], *, regions: Mapping[str, str], turn_ns: int, commits: Logs | None = None
) -> CheckResult:
    """Did at most one side accept writes at any time? UNKNOWN when only one side was ever asked to accept any.

    regions: by edge address. turn_ns: the shortest time that an honest plan leaves a side active, in nanoseconds.
    commits: by place; None where none are kept.
    """
    columns = columns_of(operations)
    who = accepting(columns, regions, commits)
    acks = _acks(columns, who, who.likely)
    conflicts, despite = _conflicts(acks, turn_ns), tuple(_applied_despite(columns, who))
    if conflicts:
        lies = int(np.count_nonzero(who.refuted))
        lied = f"; {_writes(lies)} said to be forwarded, which the commits refute" if lies else ""
        text = f"both sides accepted writes: {_text(conflicts)}{lied}"
        text = "; ".join((text, *(finding.text for finding in despite)))
        found = tuple(Finding("A8", conflict.text, "serious") for conflict in conflicts)
        return CheckResult(_NAME, Verdict.MISSED, text, (*found, *despite))
    # Where nobody's word alone says who accepted, there is nothing new to find.
    conflicts = [] if who.shown[acks.rows].all() else _conflicts(_acks(columns, who, who.sure), turn_ns)
    if conflicts:
        text = f"both sides answered, and only they themselves say that one forwarded: {_text(conflicts)}"
        return CheckResult(_NAME, Verdict.UNKNOWN, text, (Finding("A8", text, "warning"), *despite))
    asked = np.bincount(who.dialled[columns.is_write] + 1, minlength=1)
    if np.count_nonzero(asked[1:]) < 2:
        return CheckResult(_NAME, Verdict.UNKNOWN, "only one side was ever asked to accept writes", despite)
    epochs = len(acks.epochs)
    one = "in 1 epoch, by one side" if epochs == 1 else f"in {epochs} epochs, one side each, never back"
    told = one if epochs and not acks.thin else "by one side at a time"
    forwarded = int(np.count_nonzero(who.forwarded[acks.rows]))
    passed_on = f"; {_writes(forwarded)} forwarded, as the commits show" if forwarded else ""
    accepted = int(np.count_nonzero(columns.acknowledged))
    return CheckResult(_NAME, Verdict.MET, f"{accepted} writes acknowledged, {told}{passed_on}", despite)


def both_write(
    operations: Iterable[Operation], regions: Mapping[str, str], turn_ns: int, commits: Logs | None = None
) -> bool:  # fmt: skip
    """Whether a time at which nothing is wrong shows a plan with writes on both sides, whatever epochs it names.

    Each side must have accepted several writes between two of the other's: a few that stray are no plan.
    """
    columns = columns_of(operations)
    who = accepting(columns, regions, commits)
    acks = replace(_acks(columns, who, who.likely, despite=False), excusing=False)
    return len({conflict.side for conflict in _at_once(acks, turn_ns) if conflict.count >= SEVERAL}) > 1


def second_side_accepts(operations: Iterable[Operation], regions: Mapping[str, str], commits: Logs | None) -> bool:
    """Whether more than one side accepted writes, all but the busiest of them fewer than a turn, and refused none."""
    columns = columns_of(operations)
    who = accepting(columns, regions, commits)
    accepted = who.likely[columns.acknowledged & (who.likely != ABSENT)]
    sides, counts = np.unique(accepted, return_counts=True)
    refused = who.dialled[columns.is_write & ~columns.good & (columns.returned_ns != NEVER_NS)]
    seldom = [side for side in sides[np.argsort(-counts, kind="stable")][1:] if side not in refused]
    return len(seldom) > 0


def _acks(columns: Columns, who: Accepting, side: NDArray[np.int64], *, despite: bool = True) -> Acks:
    rows = np.flatnonzero(columns.acknowledged | (who.despite & despite))
    return Acks(columns, rows, side[rows], who.names)


def _applied_despite(columns: Columns, who: Accepting) -> Iterator[Finding]:
    """Sides that answer writes with a status which refuses, and apply most of them."""
    declined = columns.declined & (columns.f == PUT)
    for side in in_order(who.dialled[who.despite]):
        applied, every = who.despite & (who.dialled == side), declined & (who.dialled == side)
        count, asked = int(np.count_nonzero(applied)), int(np.count_nonzero(every))
        if 2 * count > asked:
            status = int(columns.status[np.flatnonzero(applied)[0]])
            told = (
                f"{count} of {asked} writes that {who.names[side]} answered with HTTP {status} or the like took effect"
            )
            text = (
                f"{told} there first: declare `refused: [{status}]`, or the side that refuses applies what it refuses"
            )
            yield Finding("A8", text, "warning", int(columns.sent_ns[np.flatnonzero(applied)[0]]))


def _conflicts(acks: Acks, turn_ns: int) -> Sequence[_Conflict]:
    return [*_older_epoch(acks), *_shared_epochs(acks), *_at_once(acks, turn_ns)]


def _text(conflicts: Sequence[_Conflict]) -> str:
    return "; ".join(conflict.text for conflict in conflicts)


def _writes(count: int) -> str:
    return "1 write" if count == 1 else f"{count} writes"


# --- turns ------------------------------------------------------------------------------------------------------------


def _at_once(acks: Acks, turn_ns: int) -> Iterator[_Conflict]:
    """Writes of one side between two of another that are less than turn_ns apart. O(n log n)."""
    groups = _groups(acks)
    for name, ours in groups:
        for other, theirs in groups:
            found = between(acks, ours, theirs, turn_ns) if other != name else ()
            if len(found):
                told = some([f"{acks.op(int(at))} ({name})" for at in found[:_SHOWN]], total=len(found))
                text = f"{name} accepted {_writes(len(found))} between two that {other} accepted less than "
                yield _Conflict(name, len(found), f"{text}{seconds(turn_ns)} apart: {told}")


def _groups(acks: Acks) -> Sequence[tuple[str, Bools]]:
    """Which writes are whose. Of very many names the busiest stand for themselves, and the rest for one."""
    sides = acks.sides()
    if len(sides) <= _MANY:
        return [(acks.names[side], acks.side == side) for side in sides]
    counts = np.bincount(acks.side[acks.side != ABSENT])
    busiest = sorted(sides, key=lambda side: -int(counts[side]))[: _MANY - 1]
    rest = f"{len(sides) - len(busiest)} others"
    alone = [(acks.names[side], acks.side == side) for side in busiest]
    return [*alone, (rest, ~np.isin(acks.side, [*busiest, ABSENT]))]


# --- epochs -----------------------------------------------------------------------------------------------------------


def _older_epoch(acks: Acks) -> Iterator[_Conflict]:
    """Writes sent after a write of a later epoch had been acknowledged. O(n log n)."""
    ended_at = ended_by(acks)
    ended_ns = np.where(ended_at == ABSENT, NEVER_NS, acks.returned_ns[ended_at])
    late = np.flatnonzero(acks.sent_ns > ended_ns)
    for side in in_order(acks.side[late]):
        found: Rows = late[acks.side[late] == side]
        first, end = int(found[0]), int(ended_at[found[0]])
        told = some([acks.told(int(at)) for at in found[:_SHOWN]], total=len(found))
        name = "nobody knows who" if side == ABSENT else acks.names[side]
        where = "another side" if acks.side[end] == ABSENT else acks.names[int(acks.side[end])]
        text = f"{name} accepted {_writes(len(found))} in an epoch that had ended: {told}; {where} had acknowledged "
        ago = seconds(int(acks.sent_ns[first] - acks.returned_ns[end]))
        yield _Conflict(name, len(found), f"{text}{acks.told(end)} {ago} before the first of them")


def _shared_epochs(acks: Acks) -> Iterator[_Conflict]:
    known = np.flatnonzero((acks.epoch != NO_EPOCH) & (acks.side != ABSENT))
    known = known[np.lexsort((acks.side[known], acks.epoch[known]))]
    epoch, side = acks.epoch[known], acks.side[known]
    begins = np.concatenate(([True], (epoch[1:] != epoch[:-1]) | (side[1:] != side[:-1])))[: len(known)]
    epochs, sides = np.unique(epoch[begins], return_counts=True)
    shared = epochs[sides > 1]
    if not len(shared):
        return
    own = np.flatnonzero(begins & (epoch == shared[0]))
    of = sorted((acks.names[int(side[at])], acks.op(int(known[at]))) for at in own)
    who = some([f"{name} ({op})" for name, op in of]) if len(of) > _SHOWN else _and(of)
    more = f", and in {len(shared) - 1} more epochs by several" if len(shared) > 1 else ""
    yield _Conflict(of[0][0], len(of), f"in epoch {int(shared[0])} writes were accepted by {who}{more}")


def _and(accepted: Sequence[tuple[str, str]]) -> str:
    return " and ".join(f"{name} ({op})" for name, op in accepted)
