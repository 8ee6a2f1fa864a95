"""One client's operations of one kind, in the order sent, with fast answers about failures in a window."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise

from harness.history.events import Operation
from harness.measurement.models import Kind, kind_of
from harness.measurement.statistics import tolerated_failures
from harness.units import NS_PER_S

NEVER_NS = 1 << 62
"""A time after every other: when an operation without an answer ended."""

CLIENT_TIMEOUT_NS = 2 * NS_PER_S
"""An operation without a completion counts as bad once the history goes on for this long after it was sent."""


@dataclass(frozen=True)
class Stream:
    """Operations of one client and kind by send time; `bad` is everything but OK (INFO included).

    horizon_ns: up to here every operation's outcome is known.
    """

    sent_ns: tuple[int, ...]
    end_ns: tuple[int, ...]
    bad: tuple[bool, ...]
    bad_before: tuple[int, ...]
    horizon_ns: int

    def failures(self, first: int, until_ns: int) -> tuple[int, int]:
        """(failures, operations) among those from index `first` on that were sent before until_ns."""
        last = max(first, bisect_left(self.sent_ns, until_ns))
        return self.bad_before[last] - self.bad_before[first], last - first

    def widest_gap(self, from_ns: int, until_ns: int | None) -> int:
        """The longest time from sending one good operation to the end of the next, in [from_ns, until_ns]."""
        good = [i for i, bad in enumerate(self.bad) if not bad]
        last_ns = self.horizon_ns if until_ns is None else until_ns
        return max(
            (
                self.end_ns[b] - self.sent_ns[a]
                for a, b in pairwise(good)
                if self.end_ns[b] >= from_ns and self.sent_ns[a] <= last_ns
            ),
            default=0,
        )

    def clean(self, first: int, until_ns: int, failure_rate: float) -> bool:
        """From `first` until until_ns nothing fails beyond what the steady state's failure rate explains."""
        failures, operations = self.failures(first, until_ns)
        return failures == 0 or failures <= tolerated_failures(operations, failure_rate)


def stream_of(operations: Sequence[Operation], horizon_ns: int, timeout_ns: int = CLIENT_TIMEOUT_NS) -> Stream:
    """A stream of operations that are already one client's and one kind's.

    horizon_ns: the end of the history. Operations in flight there are neither good nor bad: the stream ends at the
    first of them.
    """
    known: list[Operation] = []
    for operation in sorted(operations, key=lambda o: o.sent_ns):
        if operation.completion is None and operation.sent_ns > horizon_ns - timeout_ns:
            horizon_ns = min(horizon_ns, operation.sent_ns)
        else:
            known.append(operation)
    bad = tuple(not operation.good for operation in known)
    return Stream(
        tuple(operation.sent_ns for operation in known),
        tuple(NEVER_NS if operation.returned_ns is None else operation.returned_ns for operation in known),
        bad,
        (0, *accumulate(bad)),
        horizon_ns,
    )


def core_span(bad_ns: Sequence[int], strays: int) -> int:
    """The shortest span of failures that is left when up to `strays` are taken off the two ends."""
    last = len(bad_ns) - 1
    if last <= strays:
        return 0
    return min(bad_ns[last - (strays - i)] - bad_ns[i] for i in range(strays + 1))


def up_to(operations: Iterable[Operation], end_ns: int) -> list[Operation]:
    """The operations that were sent before end_ns, as they stood then: what had not returned had no outcome yet."""
    found = []
    for o in operations:
        if o.sent_ns < end_ns:
            under_way = o.returned_ns is not None and o.returned_ns > end_ns
            found.append(replace(o, completion=None) if under_way else o)
    return found


def end_of(operations: Iterable[Operation]) -> int:
    """The last moment that the operations tell of; 0 for none."""
    return max((max(o.sent_ns, o.returned_ns or 0) for o in operations), default=0)


def by_client(operations: Iterable[Operation]) -> dict[tuple[str, str, Kind], list[Operation]]:
    """Operations grouped by (cohort, client, kind)."""
    groups: dict[tuple[str, str, Kind], list[Operation]] = {}
    for operation in operations:
        invoke = operation.invoke
        groups.setdefault((invoke.cohort, invoke.client, kind_of(operation)), []).append(operation)
    return groups
