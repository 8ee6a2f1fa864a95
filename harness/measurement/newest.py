"""The newest write that somebody must know of at some moment: of many people and moments at once, in columns.

A fact is a write that a group (whoever reads one key, one client and one key, ...) knows of from some position of the
history on. Positions are rows: a fact counts for every row from its own position on, so that it is certain that
whatever that row sent was sent after the fact was known.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.history.codes import ABSENT
from harness.history.columns import Columns

Ints = NDArray[np.integer[Any]]
Rows = NDArray[np.int64]
_DIGIT = 0xFFFF
"""numpy sorts what has so many values by counting, and everything else by comparing."""


def newest(size: int, fact_group: Ints, fact_at: Ints, fact_rank: Ints, ask_group: Ints, ask_at: Ints) -> Rows:
    """For each question the largest rank among the facts of its group at or before its position; ABSENT for none.

    size: more than every position and every rank.
    """
    found = np.full(len(ask_group), ABSENT, np.int64)
    if not len(fact_group) or not len(ask_group):
        return found
    order = np.argsort(fact_at, kind="stable")
    order = order[by_group(fact_group[order])]
    groups = fact_group[order].astype(np.int64) * size
    best = np.maximum.accumulate(groups + fact_rank[order])
    # Questions in the order of the facts are answered several times as fast as in any other.
    asks = by_group(ask_group)
    asked = ask_group[asks].astype(np.int64) * size
    at = np.searchsorted(groups + fact_at[order], asked + ask_at[asks], side="right") - 1
    safe = np.maximum(at, 0)
    found[asks] = np.where((at >= 0) & (groups[safe] == asked), best[safe] - asked, ABSENT)
    return found


def by_group(groups: Ints) -> Rows:
    """An order that brings groups together, and leaves all else as it was; sorted by counting, 16 bits at a time."""
    if not len(groups):
        return np.zeros(0, np.int64)
    most = int(groups.max())
    if most > _DIGIT << 16 or int(groups.min()) < 0:
        return np.argsort(groups, kind="stable")
    if most <= _DIGIT:
        return np.argsort(groups.astype(np.uint16), kind="stable")
    order = np.argsort((groups & _DIGIT).astype(np.uint16), kind="stable")
    return order[np.argsort((groups >> 16).astype(np.uint16)[order], kind="stable")]


def known_from(columns: Columns, moments_ns: NDArray[np.int64]) -> Rows:
    """The first row that was sent after each moment."""
    return np.searchsorted(columns.sent_ns, moments_ns, side="right").astype(np.int64)


def sent_of(columns: Columns, rows: Rows, otherwise: int = -1) -> NDArray[np.int64]:
    """When some rows were sent; `otherwise` for ABSENT."""
    if not len(columns):
        return np.full(len(rows), otherwise, np.int64)
    return np.where(rows == ABSENT, otherwise, columns.sent_ns[np.maximum(rows, 0)])
