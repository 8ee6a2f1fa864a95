"""What the tests of anomalies share: a history, the commits of each side and the final data as text, judged at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from measurement_timeline import A, B, s, timeline

from harness.checkers.anomalies import anomalies
from harness.checkers.promise import Promise
from harness.checkers.result import CheckResult
from harness.history.events import Commit, Operation
from harness.measurement.recovery_point import RecoveryPoint
from harness.outcome import Verdict

MET, MISSED, UNKNOWN = Verdict.MET, Verdict.MISSED, Verdict.UNKNOWN
EAST, WEST = "us-east-1", "us-west-2"
PLACES = {A: EAST, B: WEST}
SESSION = Promise()


def log(side: str, text: str) -> Sequence[Commit]:
    """`KEY=VALUE@SECONDS ...`; =- removes the item."""
    commits = []
    for seq, word in enumerate(text.split()):
        item, _, at = word.partition("@")
        key, _, value = item.partition("=")
        commits.append(Commit(side, "items", key, None if value == "-" else value, seq, s(float(at))))
    return commits


def judged(
    history: str | Sequence[Operation],
    final: Mapping[str, Mapping[str, str]] | None = None,
    logs: Mapping[str, str] | None = None,
    promise: Promise = SESSION,
    explained: Sequence[str] = (),
    moments: Sequence[tuple[int, str]] = (),
    takeovers: Sequence[tuple[str, RecoveryPoint]] = (),
) -> dict[str, CheckResult]:
    """By name, what every checker says."""
    operations = timeline(history) if isinstance(history, str) else history
    commits = None if logs is None else {side: log(side, text) for side, text in logs.items()}
    found = anomalies(
        operations, final, commits, promise, explained, places=PLACES, origin_ns=0, moments=moments,
        takeovers=takeovers,
    )  # fmt: skip
    return {result.name: result for result in found}


def missed(results: Mapping[str, CheckResult]) -> set[str]:
    """The names of those that are broken."""
    return {name for name, result in results.items() if result.verdict is MISSED}
