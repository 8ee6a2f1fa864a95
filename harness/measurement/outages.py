"""Every interruption that clients saw, whatever caused it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from harness.history.events import Operation
from harness.history.gathering import columns_of
from harness.measurement.models import Padding
from harness.measurement.newest import Rows
from harness.measurement.streams import CLIENT_TIMEOUT_NS, Stream, streams_of
from harness.outcome import Bracket


@dataclass(frozen=True)
class Interruption:
    """One interruption of a cohort, by its worst client: duration as in recovery_time.py.

    first_bad_ns, last_bad_ns: send times over all clients it touched; last_bad_ns None: it was not seen to end.
    """

    cohort: str
    duration: Bracket
    first_bad_ns: int
    last_bad_ns: int | None
    clients: int
    failures: int


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
    columns = columns_of(operations)
    runs: dict[str, list[_Run]] = {}
    for (cohort, client, _), stream in streams_of(columns, columns.end_ns, timeout_ns):
        runs.setdefault(cohort, []).extend(_runs(stream, client, window_ns, padding))
    found = [merged for cohort, of_cohort in runs.items() for merged in _merge(cohort, of_cohort, window_ns)]
    return tuple(sorted(found, key=lambda i: (i.first_bad_ns, i.cohort)))


def _runs(stream: Stream, client: str, window_ns: int, padding: Padding) -> Iterable[_Run]:
    bad = np.flatnonzero(stream.bad)
    if len(bad):
        for part in np.split(bad, np.flatnonzero(np.diff(stream.sent_ns[bad]) >= window_ns) + 1):
            yield _run(stream, part, client, padding)


def _run(stream: Stream, bad: Rows, client: str, padding: Padding) -> _Run:
    first_ns, last_ns = int(stream.sent_ns[bad[0]]), int(stream.sent_ns[bad[-1]])
    low_ns = max(0, last_ns - first_ns - padding.total_ns)
    # Runs are maximal, so what stands right before and right after one is good.
    before_ns = int(stream.sent_ns[bad[0] - 1]) if bad[0] > 0 else first_ns - padding.total_ns
    after = int(bad[-1]) + 1
    if after == len(stream.sent_ns):
        return _Run(client, Bracket(low_ns, None), first_ns, last_ns, len(bad))
    high_ns = max(low_ns, int(stream.end_ns[after]) - before_ns, padding.total_ns)
    point_ns = (last_ns + int(stream.sent_ns[after]) - before_ns - first_ns) // 2
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
