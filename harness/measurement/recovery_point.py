"""What was lost, to the item: writes acknowledged through the lost side whose effect the survivor lacked at takeover.

Takeover is the moment when the survivor acknowledged its first write after the fault: the commit of that write where
the survivor's commit log has it, else its acknowledgement. The survivor's state at that moment comes from its commit
log, which makes the count exact; scans before and after the moment bound it from both sides instead. Which side a
write went through is the address that its client dialled.

Writes with an unknown outcome were not acknowledged, so none of them is ever missing: `unknown` counts those that the
survivor lacks. They only widen the range of missing writes where a missing one hangs on such an outcome (see
superseding.py). A write is lost once: what a recovery point of an earlier loss of the same place counted is left out,
unless that place had it again when it was lost again (its commit log tells).

In seconds it is the span of what the lost side promised and the survivor lacks: from the oldest missing acknowledgement
to the fault's onset, or to the newest missing acknowledgement where that came later, for a side that goes on
acknowledging into the void loses more with every second. Known error: 0 items; seconds are off by at most the width of
the fault's onset.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from harness.history.codes import ABSENT, ADD, INFO, PUT, Bools
from harness.history.columns import Columns
from harness.history.events import Commit, Operation
from harness.history.gathering import columns_of
from harness.history.tables import CommitColumns, TableState, commits_of, state_of
from harness.measurement.counting import missing_increments
from harness.measurement.models import FaultInterval
from harness.measurement.newest import Rows
from harness.measurement.superseding import LOST, MAYBE, PRESENT, Deletes, effects


@dataclass(frozen=True)
class Scans:
    """Stands in for a commit log: the survivor's table before and after takeover.

    before: read completely before that moment, None when there was no such scan; after: begun after that moment.
    Late arrivals only ever shrink what is missing, so the two bound the truth.
    """

    before: Mapping[str, str] | None
    after: Mapping[str, str]


@dataclass(frozen=True)
class Earlier:
    """What earlier losses of the same place have taken already.

    points: their recovery points. held: what the place's own table showed when this loss began, None when not known.
    """

    points: Sequence[RecoveryPoint] = ()
    held: Mapping[str, str] | TableState | None = None

    @property
    def until_ns(self) -> int:
        """Up to when they have counted writes that nobody answered."""
        return max((point.takeover_ns for point in self.points), default=-1)

    def again(self, columns: Columns, onset_ns: int) -> Mapping[int, int]:
        """By row, whether the place had a write again that was counted before: LOST: no, so it was not lost again."""
        counted: frozenset[str] = frozenset().union(*(point.counted for point in self.points))
        if not counted:
            return {}
        before = columns.between(None, onset_ns + 1)
        rows = before.rows_of(counted)
        rows = rows[before.is_write[rows]]
        if self.held is None:
            return dict.fromkeys((int(row) for row in rows), LOST)
        found = effects(before, Deletes(before), state_of(before, self.held), rows)
        return {int(row): int(effect) for row, effect in zip(rows, found, strict=True)}


@dataclass(frozen=True)
class RecoveryPoint:
    """missing_ids: certainly missing, in order of acknowledgement; maybe_ids: missing or not, nobody can know.

    oldest_missing_ns, newest_missing_ns: from that acknowledgement to the fault's onset (its high end), over certain
    and possible ones; None when nothing can be missing. oldest_certain_ns: over the certain ones, to the onset's low
    end. All are cut off at 0. span_ns: the recovery point in seconds, over certain and possible ones, to the onset's
    high end or the newest of them, whichever is later; span_certain_ns: over the certain ones, to the onset's low end
    or the newest of them. after_ids: those of both that were acknowledged after the onset; after_ns: how long after it
    the newest of them was. unknown_ids: writes with an unknown outcome that the survivor lacks.
    """

    takeover_ns: int
    acknowledged: int
    missing_ids: tuple[str, ...]
    maybe_ids: tuple[str, ...]
    unknown: int
    oldest_missing_ns: int | None
    newest_missing_ns: int | None
    oldest_certain_ns: int | None
    span_ns: int | None = None
    span_certain_ns: int | None = None
    after_ids: tuple[str, ...] = ()
    after_ns: int | None = None
    unknown_ids: tuple[str, ...] = ()

    @property
    def missing_low(self) -> int:
        return len(self.missing_ids)

    @property
    def missing_high(self) -> int:
        return len(self.missing_ids) + len(self.maybe_ids)

    @property
    def counted(self) -> frozenset[str]:
        """Acknowledged writes that are missing, or may be."""
        return frozenset(self.missing_ids + self.maybe_ids)

    @property
    def explained(self) -> frozenset[str]:
        """Writes whose absence from the survivor is accounted for here, and so is no anomaly of its own."""
        return self.counted.union(self.unknown_ids)


def recovery_point(
    operations: Iterable[Operation],
    survivor: Sequence[Commit] | CommitColumns | Scans,
    *,
    lost_address: str,
    survivor_address: str,
    fault: FaultInterval,
    earlier: Earlier = Earlier(),
) -> RecoveryPoint | None:
    """The recovery point; None when the other side never took over, for then there is nothing to measure it at.

    survivor: its commits (of the one table that the workload writes: keys of another one mean other items), or scans.
    """
    columns = columns_of(operations)
    commits = None if isinstance(survivor, Scans) else commits_of(columns, survivor)
    takeover_ns = takeover(columns, commits, survivor_address, fault)
    if takeover_ns is None:
        return None
    if isinstance(survivor, Scans):
        first, last = state_of(columns, survivor.before or {}), state_of(columns, survivor.after)
    else:
        first = last = commits_of(columns, survivor).state_at(takeover_ns)
    by_then = columns.between(None, takeover_ns + 1)
    again = earlier.again(columns, fault.start_low_ns)
    lost_side = by_then.dialled(lost_address) & (by_then.returned_ns <= takeover_ns)
    acks = np.flatnonzero(by_then.acknowledged & lost_side)
    acks = acks[~np.isin(acks, [row for row, effect in again.items() if effect == LOST])]
    plain = acks[~columns.counters[columns.key[acks]]]
    certain, possible = _missing(columns, by_then, first, last, plain, scanned=commits is None)
    doubtful = np.isin(certain, [row for row, effect in again.items() if effect == MAYBE])
    certain, possible = certain[~doubtful], np.concatenate((possible, certain[doubtful]))
    if commits is not None:
        possible = _without_deleted(by_then, commits, last, possible, takeover_ns)
    adds, adds_maybe = _increments(columns, by_then, last, acks, takeover_ns, scanned=commits is None)
    return _point(
        columns, takeover_ns, fault, len(acks), np.concatenate((certain, adds)),
        np.concatenate((possible, adds_maybe)), _unknown(by_then, lost_address, earlier.until_ns, last),
    )  # fmt: skip


def _point(
    columns: Columns, takeover_ns: int, fault: FaultInterval, acknowledged: int, certain: Rows, maybe: Rows,
    unknown: Rows,
) -> RecoveryPoint:  # fmt: skip
    def in_order(rows: Rows) -> Rows:
        rows = np.sort(rows)  # those that were acknowledged at the same moment stay in the order of sending
        return rows[np.argsort(columns.returned_ns[rows], kind="stable")]

    missing, maybe = in_order(certain), in_order(maybe)
    both = np.concatenate((missing, maybe))
    possible = both[np.argsort(columns.returned_ns[both], kind="stable")]
    acked_ns = [int(ns) for ns in columns.returned_ns[possible]]
    certain_ns = [int(ns) for ns in columns.returned_ns[missing]]
    after = possible[columns.returned_ns[possible] > fault.start_high_ns]
    return RecoveryPoint(
        takeover_ns,
        acknowledged,
        tuple(columns.ops(missing)),
        tuple(columns.ops(maybe)),
        len(unknown),
        max(0, fault.start_high_ns - acked_ns[0]) if acked_ns else None,
        max(0, fault.start_high_ns - acked_ns[-1]) if acked_ns else None,
        max(0, fault.start_low_ns - certain_ns[0]) if certain_ns else None,
        _span(acked_ns, fault.start_high_ns),
        _span(certain_ns, fault.start_low_ns),
        tuple(columns.ops(after)),
        acked_ns[-1] - fault.start_high_ns if len(after) else None,
        tuple(columns.ops(unknown)),
    )


def _missing(
    columns: Columns, by_then: Columns, first: TableState, last: TableState, acks: Rows, *, scanned: bool
) -> tuple[Rows, Rows]:  # fmt: skip
    """Of some acknowledged writes those that are missing for certain, and those that may be."""
    before = effects(by_then, Deletes(by_then), first, acks)
    after = effects(columns, Deletes(columns), last, acks) if scanned else before
    lost = (before == LOST) & (after == LOST)
    there = (before == PRESENT) & (after == PRESENT)
    return acks[lost], acks[~lost & ~there]


def _increments(
    columns: Columns, by_then: Columns, state: TableState, acks: Rows, takeover_ns: int, *, scanned: bool
) -> tuple[Rows, Rows]:  # fmt: skip
    """The same for increments: a scan shows what was counted up to the end, a commit log up to the takeover."""
    known = columns if scanned else by_then
    done: Bools = known.good if scanned else known.good & (known.returned_ns <= takeover_ns)
    losable = np.zeros(len(known), np.bool_)
    losable[acks] = True
    return missing_increments(known, state, done, losable)


def _without_deleted(
    by_then: Columns, commits: CommitColumns, state: TableState, rows: Rows, takeover_ns: int
) -> Rows:  # fmt: skip
    """Leaves out what had arrived and was deleted again: the delete with the unknown outcome did happen."""
    seen = np.zeros(len(by_then), np.bool_)
    arrived = by_then.local(commits.value[commits.at_ns <= takeover_ns])
    seen[arrived[arrived >= 0]] = True
    keys = by_then.key[rows]
    moments = np.full(len(by_then.names.keys), np.iinfo(np.int64).max, np.int64)
    deletes = Deletes(by_then).rows
    np.minimum.at(moments, by_then.key[deletes], by_then.settled_ns[deletes])
    gone = seen[rows] & (state.values[keys] == ABSENT) & (moments[keys] >= by_then.sent_ns[rows])
    left: Rows = rows[~gone]
    return left


def _span(acked_ns: Sequence[int], onset_ns: int) -> int | None:
    """From the first acknowledgement to the onset, or to the last one where that is later."""
    return max(onset_ns, acked_ns[-1]) - acked_ns[0] if acked_ns else None


def takeover(
    operations: Iterable[Operation],
    commits: Sequence[Commit] | CommitColumns | None,
    survivor_address: str,
    fault: FaultInterval,
) -> int | None:
    """When the survivor took over: its first acknowledged write that was sent after the fault had begun."""
    columns = columns_of(operations)
    after = columns.acknowledged & columns.dialled(survivor_address) & (columns.sent_ns >= fault.start_low_ns)
    rows = np.flatnonzero(after)
    if not len(rows):
        return None
    first = int(rows[np.argmin(columns.returned_ns[rows])])
    acked_ns = int(columns.returned_ns[first])
    if commits is None:
        return acked_ns
    log = commits_of(columns, commits)
    own = (log.key == columns.key[first]) & (log.value == columns.base + first)
    own &= (log.at_ns >= columns.sent_ns[first]) & (log.at_ns <= acked_ns)
    return int(log.at_ns[np.argmax(own)]) if own.any() else acked_ns


def state_at(commits: Iterable[Commit], moment_ns: int) -> dict[str, str]:
    """One table's items (key -> value) after every commit to it up to and including moment_ns."""
    state: dict[str, str] = {}
    for commit in sorted(commits, key=lambda c: c.seq):
        if commit.mono_ns > moment_ns:
            continue
        if commit.v is None:
            state.pop(commit.k, None)
        else:
            state[commit.k] = commit.v
    return state


def _unknown(by_then: Columns, lost_address: str, from_ns: int, state: TableState) -> Rows:
    """Writes through the lost side with an unknown outcome whose effect the survivor does not show."""
    open_ = by_then.is_write & by_then.dialled(lost_address) & (by_then.outcome == INFO) & (by_then.sent_ns > from_ns)
    rows = np.flatnonzero(open_)
    values = state.values[by_then.key[rows]]
    absent = values == ABSENT
    put = by_then.f[rows] == PUT
    there = np.where(put, by_then.local(values) == rows, absent)
    lacking: Rows = rows[~there | (by_then.f[rows] == ADD)]
    return lacking
