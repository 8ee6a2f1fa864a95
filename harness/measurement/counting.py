"""Keys that clients count on: of one increment nobody can tell whether it is in a number, only of how many.

An increment that was acknowledged is missing in a number for certain when that number is less than all acknowledged
ones, and possibly so when it is less than all that may have happened. Which ones they are is a matter of convention:
the newest of a key, for what arrives in order lacks its end; before them those of which it is known already.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from harness.history.codes import ADD, DELETE, FAIL, PUT, Bools
from harness.history.columns import Columns
from harness.history.tables import TableState
from harness.measurement.newest import Rows

BEYOND = 10**18
"""More than anybody counts; what a subject shows may be longer than any column of numbers holds."""
_DIGITS = 18


def number(text: str | None) -> int | None:
    """What a counter's value says, BEYOND at most; None where it is no number. An absent one is zero."""
    if text is None:
        return 0
    if not (text.isdecimal() and text.isascii()):
        return None
    digits = text.lstrip("0")
    return BEYOND if len(digits) > _DIGITS else int(digits or "0")


def missing_increments(
    columns: Columns, state: TableState, done: Bools, losable: Bools, known_lost: Bools | None = None
) -> tuple[Rows, Rows]:
    """Increments that a state lacks: for certain, and possibly.

    done: those that were acknowledged before the state was read. losable: which of those may be told to be missing.
    known_lost: which of those are told first.
    """
    rows = np.flatnonzero((columns.f == ADD) & (columns.outcome != FAIL))
    certain: list[int] = []
    possible: list[int] = []
    for of_key in _by_key(columns, rows):
        shown = number(state.text(int(columns.key[of_key[0]])))
        if shown is None:
            continue
        known = of_key[done[of_key]]
        able = known[losable[known]]
        able = able[np.argsort(columns.returned_ns[able], kind="stable")]
        if known_lost is not None:
            able = np.concatenate((able[~known_lost[able]], able[known_lost[able]]))
        low = min(len(able), max(0, len(known) - shown))
        high = min(len(able), max(0, len(of_key) - shown))
        end = len(able) - low
        certain.extend(int(row) for row in able[end:])
        possible.extend(int(row) for row in able[len(able) - high : end])
    return np.asarray(certain, np.int64), np.asarray(possible, np.int64)


def counted_alone(columns: Columns) -> Bools:
    """By code of a key: whether it is counted on and nothing else. Who also puts there, or deletes, may have set it."""
    keys = columns.counters.copy()
    others = np.isin(columns.f, (PUT, DELETE)) & (columns.outcome != FAIL)
    keys[columns.key[others]] = False
    return keys


def _by_key(columns: Columns, rows: Rows) -> Iterator[Rows]:
    order = rows[np.argsort(columns.key[rows], kind="stable")]
    parts: Iterable[Rows] = np.split(order, np.flatnonzero(np.diff(columns.key[order])) + 1)
    return (part for part in parts if len(part))
