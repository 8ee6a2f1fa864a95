"""What a recovery point may excuse: no more than was promised, whether or not a step of the scenario asks for it.

Whatever a survivor lacked at takeover is held neither against reads nor against what stays. So the recovery point
itself must be within the objectives (of the environment, or of the scenario) after every loss that no step asked about:
a larger one is a broken promise. Where the drill itself had cut replication before the loss, that time is taken off
first: a scenario that means to show such a loss asks for it (`rpo`, `rpo-shows-stall`), or states its own objective.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from harness.checkers import objectives as objective_checks
from harness.checkers.result import CheckResult, Finding
from harness.drill.cuts import left_behind
from harness.drill.episode_measures import EpisodeMeasures
from harness.drill.measures import Measures
from harness.measurement.recovery_point import RecoveryPoint
from harness.outcome import Verdict, merge
from harness.spelling import seconds

NAME = "recovery-point"
_ASKS = ("rpo", "rpo-shows-stall")
"""Requirements that judge a recovery point themselves."""


def of_each(measures: Measures) -> Iterator[tuple[int, CheckResult]]:
    """Each loss that no step asked about, by the index of its episode."""
    for episode in measures.episodes:
        if _given_up(episode, measures) and not _asked(episode, measures):
            result = _judged(episode, measures)
            if result is not None:
                yield episode.index, replace(result, text=f"{measures.case.told(episode.index)}{result.text}")


def promised(measures: Measures) -> CheckResult | None:
    """All of them together; None where there was none, or nothing was promised."""
    found = [result for _, result in of_each(measures)]
    if not found:
        return None
    verdict = merge(result.verdict for result in found)
    telling = [result.text for result in found if result.verdict is verdict]
    return CheckResult(NAME, verdict, "; ".join(telling))


def larger_than_promised(measures: Measures) -> Sequence[RecoveryPoint]:
    """Recovery points that are, or may be, larger than the objectives allow, whatever had been cut before."""
    return [
        episode.point
        for episode in measures.episodes
        if episode.point is not None
        and any(check.verdict is not Verdict.MET for check in _checks(episode.point, episode, measures))
    ]


def of_nobody_given_up(measures: Measures) -> Iterator[Finding]:
    """A side that accepted writes while nobody had to be given up, and lacked more than is promised of a loss."""
    for episode in measures.episodes:
        if _given_up(episode, measures) or _asked(episode, measures):
            continue
        result, point = _judged(episode, measures), episode.point
        if result is not None and result.verdict is Verdict.MISSED and point is not None and not point.unbounded:
            what = f"{episode.survivor} accepted writes while it lacked those of {episode.lost}, which nobody gave up"
            yield Finding("rpo", f"{measures.case.told(episode.index)}{what}: {result.text}")


def _given_up(episode: EpisodeMeasures, measures: Measures) -> bool:
    """Whether its place was cut off, and the scenario does not say that clients must stay with it."""
    case, began = measures.case, _began(episode)
    if began is None:
        return False
    stays = any(r.name == "no-failover" and r.episode == began and r.place == episode.lost for r in case.required)
    return not stays and bool(left_behind(case, case.episodes[began], episode.lost))


def _asked(episode: EpisodeMeasures, measures: Measures) -> bool:
    """Whether a step judges the recovery point of this loss."""
    asked = [measures.episodes[r.episode] for r in measures.case.required if r.name in _ASKS and r.episode is not None]
    return any(one.lost == episode.lost and _began(one) == _began(episode) for one in asked)


def _began(episode: EpisodeMeasures) -> int | None:
    return None if episode.loss is None else episode.loss.began


def _judged(episode: EpisodeMeasures, measures: Measures) -> CheckResult | None:
    point = episode.point
    checks = [] if point is None else list(_checks(point, episode, measures))
    if point is None or not checks:
        return None
    verdict, text = merge(check.verdict for check in checks), "; ".join(check.text for check in checks)
    cut_ns = _cut_before_ns(point, episode, measures)
    if verdict is Verdict.MET or not cut_ns:
        return CheckResult(NAME, verdict, text)
    text = f"{text}; for {seconds(cut_ns)} before it the drill itself had cut replication"
    # How many writes a cut kept back is not known, so of items nothing can be told.
    rest = [c.verdict for c in _checks(_without(point, cut_ns), episode, measures) if c.name != "rpo_items"]
    return CheckResult(NAME, Verdict.MISSED if Verdict.MISSED in rest else Verdict.UNKNOWN, text)


def _checks(point: RecoveryPoint, episode: EpisodeMeasures, measures: Measures) -> Iterator[CheckResult]:
    stated = measures.case.objectives
    if stated.rpo_items is not None:
        yield objective_checks.rpo_items(point, stated.rpo_items, episode.lost)
    if stated.rpo_s is not None:
        yield objective_checks.rpo_s(point, stated.rpo_s, episode.lost)


def _cut_before_ns(point: RecoveryPoint, episode: EpisodeMeasures, measures: Measures) -> int:
    """For how long replication to the survivor was cut between the oldest write that may be missing and the loss."""
    onset = None if episode.loss is None else episode.loss.onset
    if onset is None:
        return 0
    from_ns, total_ns = onset.start_high_ns - (point.oldest_missing_ns or 0), 0
    for cut in measures.cuts:
        if episode.lost not in cut.sources or episode.survivor not in cut.targets:
            continue
        until_ns = min(cut.until_ns, onset.start_low_ns)
        total_ns += max(0, until_ns - max(from_ns, cut.begun_ns))
        from_ns = max(from_ns, until_ns)
    return total_ns


def _without(point: RecoveryPoint, cut_ns: int) -> RecoveryPoint:
    def less(span_ns: int | None) -> int | None:
        return None if span_ns is None else max(0, span_ns - cut_ns)

    return replace(point, span_ns=less(point.span_ns), span_certain_ns=less(point.span_certain_ns))
