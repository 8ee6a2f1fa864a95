"""What one side lacks at a moment, of writes that were acknowledged elsewhere: for certain, and possibly."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from harness.history.codes import ABSENT, Bools
from harness.history.columns import Columns
from harness.history.tables import CommitColumns, TableState
from harness.measurement.counting import missing_increments
from harness.measurement.newest import Rows
from harness.measurement.superseding import LOST, PRESENT, Deletes, effects


@dataclass(frozen=True, eq=False)
class Table:
    """A side's table at a moment. first, last: what bounds it from both sides; one and the same by a commit log.

    known: what enters besides, sent up to the moment. commits: None where two scans stand in for a log.
    """

    columns: Columns
    known: Columns
    first: TableState
    last: TableState
    commits: CommitColumns | None
    at_ns: int

    def lacks(self, acks: Rows) -> tuple[Rows, Rows]:
        """Of some acknowledged puts and deletes those that are missing for certain, and those that may be."""
        before = effects(self.known, Deletes(self.known), self.first, acks)
        scanned = self.commits is None
        after = effects(self.columns, Deletes(self.columns), self.last, acks) if scanned else before
        lost = (before == LOST) & (after == LOST)
        there = (before == PRESENT) & (after == PRESENT)
        return acks[lost], acks[~lost & ~there]

    def lacks_increments(self, acks: Rows) -> tuple[Rows, Rows]:
        """The same for increments: a scan shows what was counted up to the end, a commit log up to the moment."""
        known = self.columns if self.commits is None else self.known
        done: Bools = known.good if self.commits is None else known.good & (known.returned_ns <= self.at_ns)
        losable = np.zeros(len(known), np.bool_)
        losable[acks] = True
        return missing_increments(known, self.last, done, losable)

    def without_deleted(self, rows: Rows) -> Rows:
        """Leaves out what had arrived and was deleted again: the delete with the unknown outcome did happen."""
        known, commits = self.known, self.commits
        if commits is None:
            return rows
        seen = np.zeros(len(known), np.bool_)
        arrived = known.local(commits.value[commits.at_ns <= self.at_ns])
        seen[arrived[arrived >= 0]] = True
        keys = known.key[rows]
        moments = np.full(len(known.names.keys), np.iinfo(np.int64).max, np.int64)
        deletes = Deletes(known).rows
        np.minimum.at(moments, known.key[deletes], known.settled_ns[deletes])
        gone = seen[rows] & (self.last.values[keys] == ABSENT) & (moments[keys] >= known.sent_ns[rows])
        left: Rows = rows[~gone]
        return left
