"""What one side lacks at a moment, of writes that were acknowledged elsewhere: for certain, and possibly."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from harness.history.codes import ABSENT, DELETE, Bools
from harness.history.columns import Columns
from harness.history.tables import CommitColumns, TableState, state_of
from harness.measurement.counting import missing_increments
from harness.measurement.newest import Rows
from harness.measurement.superseding import LOST, MAYBE, PRESENT, Deletes, effects


@dataclass(frozen=True, eq=False)
class Table:
    """A side's table at a moment. first, last: what bounds it from both sides; one and the same by a commit log.
    first: None where nobody had looked by then, so that it may have lacked anything.

    known: what enters besides, sent up to the moment. commits: None where two scans stand in for a log; then later is
    what enters that had been sent by the time `last` had been read, end the table when all was over, and held whether
    nothing could come between the moment and `last`; read_ns is when `first` had been read, where that is known.
    """

    columns: Columns
    known: Columns
    first: TableState | None
    last: TableState
    commits: CommitColumns | None
    at_ns: int
    later: Columns | None = None
    end: TableState | None = None
    held: bool = False
    read_ns: int | None = None

    def lacks(self, acks: Rows) -> tuple[Rows, Rows]:
        """Of some acknowledged puts and deletes those that are missing for certain, and those that may be."""
        first = state_of(self.columns, {}) if self.first is None else self.first
        before = effects(self.known, Deletes(self.known), first, acks)
        if self.commits is not None:
            return acks[before == LOST], acks[before == MAYBE]
        later = self.columns if self.later is None else self.later
        after = effects(later, Deletes(later), self.last, acks)
        keys = self.columns.key[acks]
        # An item that is not there shows no delete: the write before it may not have come yet.
        before = np.where((before == PRESENT) & (first.values[keys] == ABSENT), LOST, before).astype(np.int8)
        if self.read_ns is not None:  # what was sent later was not in it, whatever it looks like
            before = np.where(self.columns.sent_ns[acks] > self.read_ns, LOST, before).astype(np.int8)
        lost = (before == LOST) & (after == LOST)
        seen = ((before == PRESENT) & self._shown(first, acks)) | (self.held & (self.last.values[keys] == ABSENT))
        return acks[lost], acks[~lost & ~(seen & (after == PRESENT))]

    def _shown(self, state: TableState, acks: Rows) -> Bools:
        """Which of some acknowledged writes a table shows to have come: it holds their value, or that of a later write.

        What was under way at the same time may stand there from before them, and so may a write that nobody answered.
        """
        columns = self.columns
        above = columns.local(state.values[columns.key[acks]])
        later = columns.sent_ns[np.maximum(above, 0)] > columns.returned_ns[acks]
        shown: Bools = (above == acks) | ((above >= 0) & later)
        return shown

    def lacks_increments(self, acks: Rows) -> tuple[Rows, Rows]:
        """The same for increments: the last scan shows what was counted to the end, a commit log up to the moment."""
        known = self.columns if self.commits is None else self.known
        done: Bools = known.good if self.commits is None else known.good & (known.returned_ns <= self.at_ns)
        losable = np.zeros(len(known), np.bool_)
        losable[acks] = True
        return missing_increments(known, self.last if self.end is None else self.end, done, losable)

    def without_deleted(self, rows: Rows) -> Rows:
        """Leaves out what had arrived and was deleted again: the delete with the unknown outcome did happen.

        Or is under way, where the item holds what nobody wrote: some overwrite before they remove. An older delete
        cannot have done it once its own removal stands in the log from before the write arrived.
        """
        known, commits = self.known, self.commits
        if commits is None or not len(rows):
            return rows
        until = commits.at_ns <= self.at_ns
        writers = known.local(commits.value)
        arrivals = np.flatnonzero(until & (writers >= 0))
        first = np.full(len(known), len(commits.at_ns), np.int64)
        np.minimum.at(first, writers[arrivals], arrivals)
        first = np.where(known.f == DELETE, len(commits.at_ns), first)
        values, deletes = self.last.values[known.key[rows]], Deletes(known)
        half = (values < ABSENT) & deletes.open[known.key[rows]]
        arrived = (first[rows] < len(commits.at_ns)) & (half | (values == ABSENT))
        removals = np.flatnonzero(until & (commits.value == ABSENT))
        gone = np.zeros(len(rows), np.bool_)
        for at in np.flatnonzero(arrived | (half & (known.f[rows] == DELETE))):
            row, key = rows[at], known.key[rows[at]]
            older = int(np.sum(known.settled_ns[deletes.of_key(int(key))] < known.sent_ns[row]))
            before = removals[removals < first[row]] if older or not arrived[at] else removals[:0]
            gone[at] = older + (not arrived[at]) <= int(np.sum(commits.key[before] == key))
        left: Rows = rows[~gone]
        return left
