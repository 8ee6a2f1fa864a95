"""Of the writes through one side, what another one's table tells to be lost: as of a takeover, and after it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from harness.history.codes import ABSENT, ADD, INFO, NEVER_NS, PUT, Bools
from harness.history.columns import Columns
from harness.history.events import Commit
from harness.history.tables import CommitColumns, TableState, commits_of, state_of
from harness.measurement.lacking import Table
from harness.measurement.lost import Earlier, RecoveryPoint, Scans
from harness.measurement.models import FaultInterval
from harness.measurement.newest import Rows
from harness.measurement.superseding import LOST, MAYBE
from harness.units import to_ns

_DELAY_NS = to_ns(1.0)
"""So much of what was written last may be on its way in a replication that works."""


@dataclass(frozen=True, eq=False)
class Loss:
    """What is lost of the writes that one side accepted, as the survivor's table tells. by_lost: which those are.

    from_ns: of those after it. own: the lost side's own commits, where they are known.
    """

    columns: Columns
    survivor: Sequence[Commit] | CommitColumns | Scans
    by_lost: Bools
    fault: FaultInterval
    earlier: Earlier
    cut_off: bool
    from_ns: int = -1
    own: CommitColumns | None = None

    def since(self, takeover_ns: int) -> RecoveryPoint:
        """As of the takeover, and what was acknowledged after it."""
        columns = self.columns
        again = self.earlier.again(columns, self.fault.start_low_ns)
        table = self._table(takeover_ns)
        acks = self._acks(self.from_ns, takeover_ns)
        acks = acks[~np.isin(acks, [row for row, effect in again.items() if effect == LOST])]
        certain, possible = table.lacks(_plain(columns, acks))
        doubtful = np.isin(certain, [row for row, effect in again.items() if effect == MAYBE])
        certain, possible = certain[~doubtful], np.concatenate((possible, certain[doubtful]))
        possible = table.without_deleted(possible)
        adds, adds_maybe = table.lacks_increments(acks)
        void = self._acks(takeover_ns, self._until_ns) if self.cut_off else acks[:0]
        into_certain, into_possible, into_adds = self._into_the_void(acks, void)
        both = np.concatenate((into_certain, into_possible))
        return _point(
            columns, takeover_ns, self.fault, len(acks) + len(void),
            np.concatenate((certain, adds, into_certain)), np.concatenate((possible, into_possible)),
            np.concatenate((self._unknown(table), adds_maybe, into_adds)),
            np.sort(both), self._came_back(both), not self._replicated,
        )  # fmt: skip

    def _into_the_void(self, before: Rows, void: Rows) -> tuple[Rows, Rows, Rows]:
        """What the survivor lacked when the last one was acknowledged; see `_point` for the three sorts."""
        if not len(void):
            return void, void, void
        table = self._table(int(self.columns.returned_ns[void].max()))
        certain, possible = table.lacks(_plain(self.columns, void))
        adds, adds_maybe = (
            rows[np.isin(rows, void)] for rows in table.lacks_increments(np.concatenate((before, void)))
        )
        return np.concatenate((certain, adds)), table.without_deleted(possible), adds_maybe

    def _unknown(self, table: Table) -> Rows:
        from_ns = max(self.earlier.until_ns, self.from_ns)
        return _unknown(table.known, self.by_lost, from_ns, table.last)

    def _table(self, at_ns: int) -> Table:
        columns, survivor = self.columns, self.survivor
        known = columns.between(None, at_ns + 1)
        if isinstance(survivor, Scans):
            (before, read_ns), (after, until_ns) = survivor.until(at_ns), survivor.since(at_ns)
            first = None if before is None else state_of(columns, before)
            later = columns if until_ns is None else columns.between(None, until_ns + 1)
            end = state_of(columns, survivor.after)
            last = end if until_ns is None else state_of(columns, after)
            held = self.cut_off and until_ns is not None and until_ns <= self._until_ns
            return Table(columns, known, first, last, None, at_ns, later, end, held, read_ns)
        commits = commits_of(columns, survivor)
        state = commits.state_at(at_ns)
        return Table(columns, known, state, state, commits, at_ns)

    def _acks(self, after_ns: int, until_ns: int) -> Rows:
        """What was acknowledged through the lost side, later than one moment, and up to another."""
        columns = self.columns
        ended = (columns.returned_ns > after_ns) & (columns.returned_ns <= until_ns)
        return np.flatnonzero(columns.acknowledged & self.by_lost & ended)

    @property
    def _until_ns(self) -> int:
        return NEVER_NS - 1 if self.fault.stop_low_ns is None else self.fault.stop_low_ns

    @property
    def _replicated(self) -> bool:
        """Whether anything that was written through the lost side ever reached the survivor, however late."""
        columns, survivor = self.columns, self.survivor
        written = np.flatnonzero(columns.is_write & self.by_lost)
        if isinstance(survivor, Scans):
            states = [state_of(columns, table) for table in survivor.all]
            values = np.concatenate([state.values for state in states])
            foreign = [value for state in states for value in state.foreign.values()]
            if bool(np.isin(columns.rows_of(foreign), written).any()):
                return True
        else:
            values = commits_of(columns, survivor).value
        return bool(np.isin(columns.local(values), written).any())

    def _came_back(self, void: Rows) -> bool:
        """Whether the side was heard of again: some of these reached the survivor after the heal, or later ones did."""
        columns, survivor, heal_ns = self.columns, self.survivor, self.fault.stop_low_ns
        if heal_ns is None or not len(void):
            return False
        if isinstance(survivor, Scans):
            state = state_of(columns, survivor.after)
            foreign = columns.rows_of(list(state.foreign.values()))
            arrived = np.concatenate([columns.local(state.values), foreign])
        else:
            commits = commits_of(columns, survivor)
            arrived = columns.local(commits.value[commits.at_ns > heal_ns])
        if bool(np.isin(arrived, void).any()):
            return True
        puts = void[columns.f[void] == PUT]
        if self.own is not None and len(puts) and not np.isin(columns.local(self.own.value), puts).any():
            return False  # it went on without what it had acknowledged: that is lost with it
        later = np.flatnonzero(columns.is_write & self.by_lost & (columns.sent_ns > heal_ns))
        return bool(np.isin(arrived, later).any())


def _plain(columns: Columns, rows: Rows) -> Rows:
    """Those of keys that nobody counts on."""
    return rows[~columns.counters[columns.key[rows]]]


def _point(
    columns: Columns, takeover_ns: int, fault: FaultInterval, acknowledged: int, certain: Rows, maybe: Rows,
    unknown: Rows, void: Rows, came_back: bool, never_replicated: bool,
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
        tuple(columns.ops(void)),
        came_back,
        never_replicated and bool(certain_ns) and certain_ns[0] <= fault.start_low_ns - _DELAY_NS,
    )


def _span(acked_ns: Sequence[int], onset_ns: int) -> int | None:
    """From the first acknowledgement to the onset, or to the last one where that is later."""
    return max(onset_ns, acked_ns[-1]) - acked_ns[0] if acked_ns else None


def _unknown(by_then: Columns, by_lost: Bools, from_ns: int, state: TableState) -> Rows:
    """Writes through the lost side with an unknown outcome whose effect the survivor does not show."""
    open_ = by_then.is_write & by_lost[: len(by_then)] & (by_then.outcome == INFO) & (by_then.sent_ns > from_ns)
    rows = np.flatnonzero(open_)
    values = state.values[by_then.key[rows]]
    absent = values == ABSENT
    put = by_then.f[rows] == PUT
    there = np.where(put, by_then.local(values) == rows, absent)
    lacking: Rows = rows[~there | (by_then.f[rows] == ADD)]
    return lacking
