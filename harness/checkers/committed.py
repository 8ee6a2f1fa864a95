"""What the commits of each side tell of a write: when a side first had it while its client waited, or had waited.

A put is told by its value. A delete or an increment has none: of it a side's log shows a removal, or a count, of the
same key between its sending and its answer, or it shows none, and then this side has not executed it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from harness.history.codes import ABSENT, ADD, DELETE, NEVER_NS, PUT, Bools
from harness.history.columns import Columns
from harness.history.events import Commit
from harness.history.tables import CommitColumns, commits_of
from harness.measurement.newest import Rows

Logs = Mapping[str, CommitColumns | Iterable[Commit]]
"""The commits of each place to the table that clients write."""


def had_ns(columns: Columns, given: CommitColumns | Iterable[Commit], wanted: Bools) -> NDArray[np.int64]:
    """By row of the wanted writes: when a side first had it, as far as its log tells; NEVER_NS for all others."""
    log = commits_of(columns, given)
    found = np.full(len(columns), NEVER_NS, np.int64)
    if not len(log.at_ns) or not len(columns):
        return found
    writer = columns.local(log.value)
    safe = np.maximum(writer, 0)
    own = np.flatnonzero((writer >= 0) & ((columns.key[safe] == log.key) | _nameless(columns)[safe]))
    np.minimum.at(found, writer[own], log.at_ns[own])
    for f, fits in ((DELETE, log.value == ABSENT), (ADD, log.value != ABSENT)):
        rows = np.flatnonzero(wanted & (columns.f == f))
        of_kind = _Commits(log, fits)
        first_ns = of_kind.since_ns(columns.key[rows], columns.sent_ns[rows])
        found[rows] = np.where(first_ns <= columns.returned_ns[rows], first_ns, NEVER_NS)
    return found


def counts(columns: Columns, given: CommitColumns | Iterable[Commit], rows: Rows) -> NDArray[np.int64]:
    """For deletes and increments: how many of its kind a side's log has of the key, up to the answer."""
    log = commits_of(columns, given)
    found = np.zeros(len(rows), np.int64)
    for f, fits in ((DELETE, log.value == ABSENT), (ADD, log.value != ABSENT)):
        own = columns.f[rows] == f
        found[own] = _Commits(log, fits).up_to(columns.key[rows[own]], columns.returned_ns[rows[own]])
    return found


def _nameless(columns: Columns) -> Bools:
    """Creates that were answered 4xx: nobody knows which key they got, and their own id stands for it."""
    found = np.zeros(len(columns), np.bool_)
    for row in np.flatnonzero(columns.declined & (columns.f == PUT)):
        found[row] = columns.names.ops[columns.base + int(row)] == columns.names.keys[int(columns.key[row])]
    return found


class _Commits:
    """Some commits of a log, by key and in the order of time."""

    def __init__(self, log: CommitColumns, chosen: Bools) -> None:
        at = np.flatnonzero(chosen)
        at = at[np.lexsort((log.at_ns[at], log.key[at]))]
        self._at_ns, self._moments = log.at_ns[at], np.unique(log.at_ns[at])
        self._width = len(self._moments) + 1
        self._order = log.key[at].astype(np.int64) * self._width + np.searchsorted(self._moments, self._at_ns)
        self._keys = log.key[at]

    def since_ns(self, keys: NDArray[np.int32], moments_ns: NDArray[np.int64]) -> NDArray[np.int64]:
        """The first one of each key that is no older than a moment; NEVER_NS: there is none."""
        place = np.searchsorted(self._order, self._rank(keys, np.searchsorted(self._moments, moments_ns)))
        if not len(self._order):
            return np.full(len(keys), NEVER_NS, np.int64)
        safe = np.minimum(place, len(self._order) - 1)
        found = (place < len(self._order)) & (self._keys[safe] == keys)
        return np.where(found, self._at_ns[safe], NEVER_NS)

    def up_to(self, keys: NDArray[np.int32], moments_ns: NDArray[np.int64]) -> NDArray[np.int64]:
        """How many of each key there are up to a moment."""
        until = np.searchsorted(self._order, self._rank(keys, np.searchsorted(self._moments, moments_ns, side="right")))
        found: NDArray[np.int64] = until - np.searchsorted(self._order, self._rank(keys, np.zeros(len(keys), np.int64)))
        return found

    def _rank(self, keys: NDArray[np.int32], moment: NDArray[np.int64]) -> NDArray[np.int64]:
        return keys.astype(np.int64) * self._width + moment
