"""Availability: how many of the operations were served, by cohort, kind and time.

What was sent beside the even grid is left out: clients look more often where they fail, so failures would weigh more.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from harness.history.codes import Bools
from harness.history.columns import Columns
from harness.history.events import Operation
from harness.history.gathering import columns_of
from harness.measurement.models import KINDS, Kind
from harness.measurement.shares import Share

Codes = NDArray[np.int16] | NDArray[np.int64]

__all__ = ["Share", "bins", "by_cohort", "failure_rates", "share"]


def share(
    operations: Iterable[Operation],
    from_ns: int | None = None,
    to_ns: int | None = None,
    *,
    cohort: str | None = None,
    kind: Kind | None = None,
) -> Share:
    """The share served of the operations sent in [from_ns, to_ns)."""
    columns = columns_of(operations).between(from_ns, to_ns)
    chosen: Bools = ~columns.extra
    if cohort is not None:
        chosen &= columns.of_cohort(cohort)
    if kind is not None:
        chosen &= columns.is_write if kind == "writes" else ~columns.is_write
    return Share(int(np.count_nonzero(columns.good & chosen)), int(np.count_nonzero(chosen)))


def failure_rates(operations: Iterable[Operation], from_ns: int, to_ns: int) -> dict[str, float]:
    """Each cohort's share of failed operations among those sent in [from_ns, to_ns): the baseline before a fault."""
    shares = _by_cohort(columns_of(operations).between(from_ns, to_ns))
    return {cohort: of.failure_rate for cohort, of in shares.items()}


def by_cohort(
    operations: Iterable[Operation], from_ns: int | None = None, to_ns: int | None = None
) -> dict[str, Share]:
    """The share served of each cohort, over both kinds."""
    return _by_cohort(columns_of(operations).between(from_ns, to_ns))


def bins(operations: Iterable[Operation], bin_ns: int, origin_ns: int = 0) -> dict[tuple[str, Kind], dict[int, Share]]:
    """Per cohort and kind, the share served by time of sending: bin start (origin_ns + n * bin_ns) -> share.

    Bins without operations are left out. Raises ValueError unless bin_ns is positive.
    """
    if bin_ns <= 0:
        raise ValueError(f"a bin must be longer than nothing: {bin_ns}")
    columns = columns_of(operations)
    group = columns.cohort * 2 + columns.is_write
    found: dict[tuple[str, Kind], dict[int, Share]] = {}
    for one in _in_order(group[~columns.extra]):
        cohort, is_write = divmod(one, 2)
        rows = np.flatnonzero((group == one) & ~columns.extra)
        number = (columns.sent_ns[rows] - origin_ns) // bin_ns
        starts = np.flatnonzero(np.concatenate(([True], number[1:] != number[:-1])))  # they are in order already
        good = np.add.reduceat(columns.good[rows].astype(np.int64), starts)
        total = np.diff(np.append(starts, len(rows)))
        found[columns.names.cohorts[cohort], KINDS[is_write]] = {
            int(at) * bin_ns + origin_ns: Share(int(g), int(t))
            for at, g, t in zip(number[starts], good, total, strict=True)
        }
    return found


def _by_cohort(columns: Columns) -> dict[str, Share]:
    size, even = len(columns.names.cohorts), columns.cohort[~columns.extra]
    total = np.bincount(even, minlength=size)
    good = np.bincount(columns.cohort[columns.good & ~columns.extra], minlength=size)
    return {columns.names.cohorts[c]: Share(int(good[c]), int(total[c])) for c in _in_order(even)}


def _in_order(codes: Codes) -> list[int]:
    """The different codes in the order in which they first appear."""
    found = np.flatnonzero(np.bincount(codes)) if len(codes) else np.zeros(0, np.int64)
    return sorted((int(code) for code in found), key=lambda code: int(np.argmax(codes == code)))
