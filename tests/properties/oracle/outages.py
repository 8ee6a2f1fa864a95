"""Every interruption that clients saw, whatever caused it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from harness.history.events import Operation
from harness.measurement.models import Padding
from harness.measurement.outages import Interruption
from harness.outcome import Bracket
from oracle.streams import CLIENT_TIMEOUT_NS, Stream, by_client, end_of, stream_of


@dataclass(frozen=True)
class _Run:
    """Failures of one client and kind with no good stretch of W between them."""

    client: str
    duration: Bracket
    first_ns: int
    last_ns: int
    failures: int


def interruptions(
    operations: Iterable[Operation],
    window_ns: int,
    padding: Padding,
    *,
    timeout_ns: int = CLIENT_TIMEOUT_NS,
) -> tuple[Interruption, ...]:
    """Every interruption of every cohort, oldest first. Failures less than window_ns apart are one interruption."""
    everything = list(operations)
    end_ns = end_of(everything)
    runs: dict[str, list[_Run]] = {}
    for (cohort, client, _), group in by_client(everything).items():
        runs.setdefault(cohort, []).extend(_runs(stream_of(group, end_ns, timeout_ns), client, window_ns, padding))
    found = [merged for cohort, of_cohort in runs.items() for merged in _merge(cohort, of_cohort, window_ns)]
    return tuple(sorted(found, key=lambda i: (i.first_bad_ns, i.cohort)))


def _runs(stream: Stream, client: str, window_ns: int, padding: Padding) -> Iterable[_Run]:
    bad = [i for i, is_bad in enumerate(stream.bad) if is_bad]
    start = 0
    for n in range(len(bad)):
        ends = n + 1 == len(bad) or stream.sent_ns[bad[n + 1]] - stream.sent_ns[bad[n]] >= window_ns
        if ends:
            yield _run(stream, bad[start : n + 1], client, padding)
            start = n + 1


def _run(stream: Stream, bad: list[int], client: str, padding: Padding) -> _Run:
    first_ns, last_ns = stream.sent_ns[bad[0]], stream.sent_ns[bad[-1]]
    low_ns = max(0, last_ns - first_ns - padding.total_ns)
    # Runs are maximal, so what stands right before and right after one is good.
    before_ns = stream.sent_ns[bad[0] - 1] if bad[0] > 0 else first_ns - padding.total_ns
    after = bad[-1] + 1
    if after == len(stream.sent_ns):
        return _Run(client, Bracket(low_ns, None), first_ns, last_ns, len(bad))
    high_ns = max(low_ns, stream.end_ns[after] - before_ns, padding.total_ns)
    point_ns = (last_ns + stream.sent_ns[after] - before_ns - first_ns) // 2
    return _Run(client, Bracket(low_ns, high_ns, min(max(point_ns, low_ns), high_ns)), first_ns, last_ns, len(bad))


def _merge(cohort: str, runs: list[_Run], window_ns: int) -> Iterable[Interruption]:
    """Runs of a cohort's clients that overlap, or are less than W apart, are one interruption."""
    group: list[_Run] = []
    last_ns = 0
    for run in sorted(runs, key=lambda r: r.first_ns):
        if group and run.first_ns - last_ns >= window_ns:
            yield _interruption(cohort, group)
            group = []
        group.append(run)
        last_ns = max(last_ns, run.last_ns) if len(group) > 1 else run.last_ns
    if group:
        yield _interruption(cohort, group)


def _interruption(cohort: str, runs: list[_Run]) -> Interruption:
    highs = [run.duration.high_ns for run in runs]
    known = [high for high in highs if high is not None]
    ended = len(known) == len(highs)
    points = [run.duration.point_ns for run in runs if run.duration.point_ns is not None]
    return Interruption(
        cohort,
        Bracket(max(r.duration.low_ns for r in runs), max(known) if ended else None, max(points) if ended else None),
        min(run.first_ns for run in runs),
        max(run.last_ns for run in runs) if ended else None,
        len({run.client for run in runs}),
        sum(run.failures for run in runs),
    )
