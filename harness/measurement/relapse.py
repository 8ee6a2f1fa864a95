"""What clients went through again after they had been served: outages that came after a recovery, or a failback.

The bracket is the one of recovery_time.py, counted from the moment since when a client had been served: the same rule
tells a failure by chance from an outage, and the same one says when it was over.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from harness.history.columns import Columns
from harness.history.events import Operation
from harness.history.gathering import columns_of
from harness.measurement.models import JUDGED_COHORT, FaultInterval, Kind, Padding
from harness.measurement.newest import Rows
from harness.measurement.recovery_time import RecoveryTime, recovery_of, worst
from harness.measurement.streams import CLIENT_TIMEOUT_NS, grouped, stream_at


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
    columns = columns_of(operations)
    if until_ns is not None:
        columns = columns.up_to(until_ns)
    found: list[RecoveryTime] = []
    for (cohort, client, kind), rows in grouped(columns):
        since_ns = served_ns if isinstance(served_ns, int) else served_ns.get((client, kind))
        if cohort == JUDGED_COHORT and since_ns is not None:
            of_client = _OfClient(columns, client, kind, until_ns, window_ns, padding, failure_rate, timeout_ns)
            found.extend(of_client.from_ns(rows, since_ns))
    return tuple(sorted(found, key=lambda time: -time.bracket.low_ns))


@dataclass(frozen=True)
class _OfClient:
    """Whose relapses are looked for; see `relapses`."""

    columns: Columns
    client: str
    kind: Kind
    until_ns: int | None
    window_ns: int
    padding: Padding
    failure_rate: float
    timeout_ns: int

    def from_ns(self, rows: Rows, since_ns: int) -> Iterator[RecoveryTime]:
        """One after the other, each from the recovery of the one before it."""
        while True:
            rows = rows[self.columns.sent_ns[rows] >= since_ns]
            if not len(rows):
                return
            time = worst([self._first(rows, since_ns)])
            if time.unaffected:
                return
            if time.never_recovered and time.bracket.low_ns == 0:
                return  # a failure right before the end, of which nobody can say that it was more than one
            yield time
            if time.recovered_at_ns is None or time.recovered_at_ns <= since_ns:
                return
            since_ns = time.recovered_at_ns

    def _first(self, rows: Rows, since_ns: int) -> RecoveryTime:
        stream = stream_at(self.columns, rows, self.until_ns, self.timeout_ns)
        if self.until_ns is not None:
            stream = replace(stream, horizon_ns=self.until_ns)
        fault = FaultInterval(since_ns, since_ns)
        return recovery_of(
            stream, fault, None, self.window_ns, self.padding, self.failure_rate, self.client, self.kind
        )  # fmt: skip
