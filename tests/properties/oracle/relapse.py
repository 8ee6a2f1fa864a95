"""What clients went through again after they had been served: outages that came after a recovery, or a failback.

The bracket is the one of recovery_time.py, counted from the moment since when a client had been served: the same rule
tells a failure by chance from an outage, and the same one says when it was over.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from harness.history.events import Operation
from harness.measurement.models import JUDGED_COHORT, FaultInterval, Kind, Padding
from oracle.recovery_time import RecoveryTime, recovery_by_cohort
from oracle.streams import CLIENT_TIMEOUT_NS, by_client


def relapses(
    operations: Iterable[Operation],
    served_ns: int | Mapping[tuple[str, Kind], int],
    *,
    until_ns: int | None,
    window_ns: int,
    padding: Padding,
    failure_rate: float = 0.0,
    timeout_ns: int = CLIENT_TIMEOUT_NS,
) -> tuple[RecoveryTime, ...]:
    """Every outage beyond chance of the judged clients, the longest first.

    served_ns: since when they were served, for all of them or for each client and kind; who is not named is left out.
    until_ns: nothing from this moment on counts; None: to the history's end.
    """
    found: list[RecoveryTime] = []
    judged = (o for o in operations if o.invoke.cohort == JUDGED_COHORT)
    for (_, client, kind), group in by_client(judged).items():
        since_ns = served_ns if isinstance(served_ns, int) else served_ns.get((client, kind))
        if since_ns is not None:
            found.extend(_of_client(group, since_ns, until_ns, window_ns, padding, failure_rate, timeout_ns))
    return tuple(sorted(found, key=lambda time: -time.bracket.low_ns))


def _of_client(
    group: Sequence[Operation],
    since_ns: int,
    until_ns: int | None,
    window_ns: int,
    padding: Padding,
    failure_rate: float,
    timeout_ns: int,
) -> Iterator[RecoveryTime]:
    while True:
        later = [o for o in group if o.sent_ns >= since_ns]
        cohorts = recovery_by_cohort(
            later, FaultInterval(since_ns, since_ns), None, window_ns, padding, {JUDGED_COHORT: failure_rate},
            timeout_ns=timeout_ns, until_ns=until_ns,
        )  # fmt: skip
        time = None if JUDGED_COHORT not in cohorts else cohorts[JUDGED_COHORT].worst
        if time is None or time.unaffected:
            return
        if time.never_recovered and time.bracket.low_ns == 0:
            return  # a failure right before the end, of which nobody can say that it was more than one
        yield time
        if time.recovered_at_ns is None or time.recovered_at_ns <= since_ns:
            return
        since_ns = time.recovered_at_ns
