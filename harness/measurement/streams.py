"""One client's operations of one kind, in the order sent, with fast answers about failures in a window."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from harness.history.codes import NEVER_NS, Bools
from harness.history.columns import Columns
from harness.measurement.models import KINDS, Kind
from harness.measurement.newest import Rows
from harness.measurement.statistics import tolerated_failures
from harness.units import NS_PER_S

CLIENT_TIMEOUT_NS = 2 * NS_PER_S
"""An operation without a completion counts as bad once the history goes on for this long after it was sent."""

Times = NDArray[np.int64]
_FIRST_LOOK = 256


@dataclass(frozen=True, eq=False)
class Stream:
    """Operations of one client and kind by send time; `bad` is everything but OK (INFO included).

    horizon_ns: up to here every operation's outcome is known.
    """

    sent_ns: Times
    end_ns: Times
    bad: Bools
    horizon_ns: int

    @cached_property
    def bad_before(self) -> Times:
        """How many of the first n are bad."""
        return np.concatenate((np.zeros(1, np.int64), np.cumsum(self.bad, dtype=np.int64)))

    def widest_gap(self, from_ns: int, until_ns: int | None) -> int:
        """The longest time from sending one good operation to the end of the next, in [from_ns, until_ns]."""
        good = np.flatnonzero(~self.bad)
        last_ns = self.horizon_ns if until_ns is None else until_ns
        before, after = self.sent_ns[good[:-1]], self.end_ns[good[1:]]
        inside = (after >= from_ns) & (before <= last_ns)
        return int((after - before)[inside].max()) if inside.any() else 0

    def clean(self, at: Rows, until_ns: Times, failure_rate: float) -> Bools:
        """Whether nothing fails beyond what the steady state's failure rate explains, from `at` until until_ns."""
        last = np.maximum(at, np.searchsorted(self.sent_ns, until_ns))
        failures = self.bad_before[last] - self.bad_before[at]
        found: Bools = np.equal(failures, 0)
        if failure_rate > 0:
            some = np.flatnonzero(~found)
            operations, of = np.unique((last - at)[some], return_inverse=True)
            tolerated = np.asarray([tolerated_failures(int(n), failure_rate) for n in operations], np.int64)
            found[some] = failures[some] <= tolerated[of]
        return found

    def first_clean(self, at: Rows, until_ns: Times, failure_rate: float, *, wanted: bool = True) -> int | None:
        """The first of some operations from which on it is clean (or, not wanted, not clean) until until_ns."""
        start, size = 0, _FIRST_LOOK
        while start < len(at):
            part = slice(start, start + size)
            found = np.flatnonzero(self.clean(at[part], until_ns[part], failure_rate) == wanted)
            if len(found):
                return int(at[start + found[0]])
            start, size = start + size, 4 * size
        return None


def streams_of(
    columns: Columns, horizon_ns: int, timeout_ns: int = CLIENT_TIMEOUT_NS
) -> Iterator[tuple[tuple[str, str, Kind], Stream]]:
    """A stream for each (cohort, client, kind), in the order in which they first sent anything.

    horizon_ns: the end of the history. Operations in flight there are neither good nor bad: a stream's horizon is the
    first of them.
    """
    for who, rows in grouped(columns):
        yield who, stream_at(columns, rows, horizon_ns, timeout_ns)


def stream_at(columns: Columns, rows: Rows, horizon_ns: int | None, timeout_ns: int) -> Stream:
    """The stream of some rows, all of one client and kind; horizon_ns None: the last moment that they tell of."""
    returned_ns, sent_ns = columns.returned_ns[rows], columns.sent_ns[rows]
    if horizon_ns is None:
        horizon_ns = max(int(sent_ns[-1]), int(returned_ns[returned_ns != NEVER_NS].max(initial=0)))
    in_flight = (returned_ns == NEVER_NS) & (sent_ns > horizon_ns - timeout_ns)
    if in_flight.any():
        horizon_ns = min(horizon_ns, int(sent_ns[in_flight][0]))
        rows, sent_ns, returned_ns = rows[~in_flight], sent_ns[~in_flight], returned_ns[~in_flight]
    return Stream(sent_ns, returned_ns, ~columns.good[rows], horizon_ns)


def grouped(columns: Columns) -> list[tuple[tuple[str, str, Kind], Rows]]:
    """The rows of each (cohort, client, kind), in the order in which they first sent anything."""
    names, people = columns.names, len(columns.names.clients)
    if not len(columns):
        return []
    group = (columns.cohort.astype(np.int32) * people + columns.who) * 2 + columns.is_write
    small = len(names.cohorts) * people * 2 < np.iinfo(np.uint16).max
    order = np.argsort(group.astype(np.uint16) if small else group, kind="stable")
    ordered = group[order]
    starts = np.flatnonzero(np.concatenate(([True], ordered[1:] != ordered[:-1])))
    ends = [*starts[1:], len(order)]
    parts = sorted((int(order[start]), start, end) for start, end in zip(starts, ends, strict=True))
    found: list[tuple[tuple[str, str, Kind], Rows]] = []
    for _, start, end in parts:
        who, is_write = divmod(int(ordered[start]), 2)
        cohort, client = divmod(who, people)
        found.append(((names.cohorts[cohort], names.clients[client], KINDS[is_write]), order[start:end]))
    return found


def core_span(bad_ns: Times, strays: int) -> int:
    """The shortest span of failures that is left when up to `strays` are taken off the two ends."""
    last = len(bad_ns) - 1
    if last <= strays:
        return 0
    return int((bad_ns[last - strays :] - bad_ns[: strays + 1]).min())
