"""Is the effect of an acknowledged write there, or legally replaced, in a given state of a table?

A write w of key k is lost in a state iff what the state shows for k cannot have come after w:

* k shows the value of operation f, f not w:  lost iff f returned before w was sent (an INFO never returned: it may
  take effect at any time, so it may stand above any write).
* k is absent, w is a put:      lost iff no delete of k that may have happened returned after w was sent.
* k is absent, w is a delete:   its effect is there.

Keys that somebody counts on are left out (see counting.py).

MAYBE is the answer where it hangs on an outcome nobody knows: an INFO delete that may or may not have happened, or a
value that no operation wrote.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from harness.history.codes import ABSENT, DELETE, FAIL, INFO, OK, PUT, Bools
from harness.history.columns import Columns
from harness.history.tables import TableState
from harness.measurement.newest import Ints, Rows, newest

PRESENT, LOST, MAYBE = range(3)
BEFORE_ALL_NS = -1


class Deletes:
    """The deletes of a history by the code of their key."""

    def __init__(self, columns: Columns) -> None:
        self.columns = columns

    @cached_property
    def rows(self) -> Rows:
        """Those that may have had an effect."""
        return np.flatnonzero((self.columns.f == DELETE) & (self.columns.outcome != FAIL))

    @cached_property
    def acknowledged_ns(self) -> NDArray[np.int64]:
        """By key, when the last acknowledged one returned."""
        columns, found = self.columns, np.full(len(self.columns.names.keys), BEFORE_ALL_NS, np.int64)
        rows = self.rows[columns.outcome[self.rows] == OK]
        np.maximum.at(found, columns.key[rows], columns.returned_ns[rows])
        return found

    @cached_property
    def open(self) -> Bools:
        """By key, whether there is one with an unknown outcome."""
        columns, found = self.columns, np.zeros(len(self.columns.names.keys), np.bool_)
        found[columns.key[self.rows[columns.outcome[self.rows] == INFO]]] = True
        return found

    @cached_property
    def any(self) -> Bools:
        """By key, whether there is one."""
        found = np.zeros(len(self.columns.names.keys), np.bool_)
        found[self.columns.key[self.rows]] = True
        return found

    @cached_property
    def _sorted(self) -> tuple[NDArray[np.int32], Rows]:
        order = np.argsort(self.columns.key[self.rows], kind="stable")
        return self.columns.key[self.rows][order], self.rows[order]

    def of_key(self, key: int) -> Rows:
        """Those of one key, in the order of sending."""
        keys, rows = self._sorted
        return rows[np.searchsorted(keys, key) : np.searchsorted(keys, key, side="right")]

    def newest_before(self, keys: Ints, before: Rows) -> Rows:
        """The newest one of a key that was sent before a row; ABSENT: there is none."""
        return newest(len(self.columns) + 2, self.columns.key[self.rows], self.rows, self.rows, keys, before - 1)

    def may_last_ns(self, keys: NDArray[np.int32], before: Rows) -> NDArray[np.int64]:
        """Up to when a delete of a key that was sent before a row may have taken effect; BEFORE_ALL_NS: never."""
        columns = self.columns
        settled = columns.settled_ns[self.rows]
        moments, ranks = np.unique(settled, return_inverse=True)
        size = max(len(columns), len(moments)) + 2
        best = newest(size, columns.key[self.rows], self.rows, ranks, keys, before - 1)
        if not len(moments):
            return np.full(len(keys), BEFORE_ALL_NS, np.int64)
        return np.where(best == ABSENT, BEFORE_ALL_NS, moments[np.maximum(best, 0)])


def effects(columns: Columns, deletes: Deletes, state: TableState, rows: Rows) -> NDArray[np.int8]:
    """PRESENT, LOST or MAYBE for each of some acknowledged puts and deletes."""
    found = np.full(len(rows), PRESENT, np.int8)
    if not len(rows):
        return found
    keys, sent_ns = columns.key[rows], columns.sent_ns[rows]
    values = state.values[keys]
    above, put = columns.local(values), columns.f[rows] == PUT
    gone = values == ABSENT
    deleted = deletes.acknowledged_ns[keys] >= sent_ns
    found[gone & put & ~deleted] = LOST
    found[gone & put & ~deleted & deletes.open[keys]] = MAYBE
    safe = np.maximum(above, 0)
    certain = (above >= 0) & (columns.outcome[safe] != FAIL)
    own = (above == rows) & put
    found[~gone & ~own & ~certain] = MAYBE
    found[certain & ~own & (columns.settled_ns[safe] < sent_ns)] = LOST
    return found
