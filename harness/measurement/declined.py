"""Deletes that were answered 4xx, and of which the commits of the side that was asked show nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from harness.history.codes import ABSENT, DELETE, FAIL
from harness.history.columns import Columns
from harness.history.events import Commit
from harness.history.tables import CommitColumns, commits_of


def without_idle_deletes(columns: Columns, logs: Mapping[str, Iterable[Commit] | CommitColumns]) -> Columns:
    """The same operations, but such deletes have failed, as their clients were told. logs: by edge address.

    A removal of the key at any time since it was sent may be its own: whoever answered may have gone ahead of it.
    """
    rows = np.flatnonzero(columns.declined & (columns.f == DELETE))
    if not len(rows):
        return columns
    outcome = columns.outcome.copy()
    for address, given in logs.items():
        asked = rows[columns.dialled(address)[rows]]
        if len(asked):
            removed_ns = _last_removals_ns(columns, commits_of(columns, given))
            outcome[asked[removed_ns[columns.key[asked]] < columns.sent_ns[asked]]] = FAIL
    return replace(columns, outcome=outcome)


def _last_removals_ns(columns: Columns, log: CommitColumns) -> NDArray[np.int64]:
    """By key, when it was last removed; before all times where it never was."""
    found = np.full(len(columns.names.keys), np.iinfo(np.int64).min, np.int64)
    removals = np.flatnonzero((log.value == ABSENT) & (log.key < len(found)))
    np.maximum.at(found, log.key[removals], log.at_ns[removals])
    return found
