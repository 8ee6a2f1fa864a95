"""What is known of one episode at the end, as the evidence says it."""

from __future__ import annotations

from collections.abc import Sequence

from harness.drill import predictions
from harness.drill.episode_measures import EpisodeMeasures
from harness.drill.evidence import EpisodeResult, ObjectiveResult, RpoResult
from harness.drill.measures import Measures
from harness.drill.noticing import noticed_by
from harness.measurement.why import why
from harness.outcome import Bracket
from harness.units import to_s

_MISSING_IDS_SHOWN = 1000


def episode_result(episode: EpisodeMeasures, measures: Measures, results: Sequence[ObjectiveResult]) -> EpisodeResult:
    """One episode with its numbers and the results that are about it."""
    stretch, by = episode.stretch, noticed_by(episode)
    return EpisodeResult(
        name=episode.episode.name,
        begins=episode.episode.begins,
        serving=episode.episode.serving,
        expected=episode.episode.expected,
        faults=episode.episode.faults,
        healed=episode.episode.healed,
        steady_ns=stretch.calm_ns,
        start_ns=None if stretch.onset is None else stretch.onset.start_low_ns,
        heal_ns=stretch.heal_ns,
        end_ns=stretch.until_ns,
        rto=None if episode.worst is None else episode.worst.bracket,
        rto_by_cohort=_rto_by_cohort(episode),
        phases_ns=episode.phases_ns,
        rpo=_rpo(episode, measures),
        prediction_s=predictions.typical_s(episode, measures.case),
        prediction=predictions.prediction(episode, measures.case),
        production_prediction=predictions.production_prediction(episode, measures.case),
        why=why(episode.phases_ns, by),
        noticed_by=by,
        results=tuple(result for result in results if result.episode == episode.index),
    )


def _rto_by_cohort(episode: EpisodeMeasures) -> dict[str, Bracket | None]:
    found: dict[str, Bracket | None] = {}
    for name, cohort in sorted(episode.cohorts.items()):
        found[name] = cohort.worst.bracket
        for kind, time in cohort.by_kind.items():
            found[f"{name}/{kind}"] = time.bracket
    return found


def _rpo(episode: EpisodeMeasures, measures: Measures) -> RpoResult | None:
    point, final = episode.point, measures.final
    if point is None:
        return None
    return RpoResult(
        acknowledged=point.acknowledged,
        missing_low=point.missing_low,
        missing_high=point.missing_high,
        oldest_missing_s=None if point.oldest_missing_ns is None else to_s(point.oldest_missing_ns),
        newest_missing_s=None if point.newest_missing_ns is None else to_s(point.newest_missing_ns),
        stale=measures.wrong_reads.stale_count,
        duplicated=0 if final is None else len(final.duplicated),
        resurrected=0 if final is None else len(final.resurrected),
        unknown=point.unknown,
        lost_after_heal=None if final is None else final.lost_after_heal,
        missing_ids=point.missing_ids[:_MISSING_IDS_SHOWN],
        span_s=None if point.span_ns is None else to_s(point.span_ns),
        after=len(point.after_ids),
        after_s=None if point.after_ns is None else to_s(point.after_ns),
        unbounded=point.unbounded,
    )
