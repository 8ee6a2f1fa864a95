"""What the documented constants say about an episode: its recovery and phases, in this profile and in production."""

from __future__ import annotations

from collections.abc import Mapping

from harness.drill.case import Case
from harness.drill.episode_measures import EpisodeMeasures
from harness.drill.episodes import TO_COMPONENTS, main_of
from harness.drill.evidence import PredictionResult
from harness.drill.plan import DATABASE
from harness.measurement.prediction_interval import PredictedInterval
from harness.topology.timing import Profile
from harness.units import to_s

_OF_DATABASES = ("service-outage", "database-power-cycle")
_LOSSES = ("region-outage", *_OF_DATABASES)


def typical_s(episode: EpisodeMeasures, case: Case) -> float | None:
    """The recovery time that is typical; None where nothing is predicted."""
    failure = failure_of(episode, case)
    if failure is None:
        return None
    return to_s(case.law.typical_ns["refused" if failure == DATABASE else failure])


def prediction(episode: EpisodeMeasures, case: Case) -> PredictionResult | None:
    """The bounds in the profile of the run."""
    return _result(failure_of(episode, case), case.law.intervals, case.law.profile)


def production_prediction(episode: EpisodeMeasures, case: Case) -> PredictionResult | None:
    """The bounds of the same drill with the constants of production; None where the run has these itself."""
    return _result(failure_of(episode, case), case.law.production, Profile.PRODUCTION.value)


def failure_of(episode: EpisodeMeasures, case: Case) -> str | None:
    """How checks fail after a loss that hits whoever serves, and after which somebody else must serve; else None."""
    serving, expected = episode.episode.serving, episode.episode.expected
    main = main_of(case, episode.episode)
    if episode.onset is None or main is None or expected in (None, serving):
        return None
    if main.kind not in _LOSSES or main.target not in (serving, case.database_of(serving)):
        return None
    if any(case.faults[index].kind in TO_COMPONENTS for index in episode.episode.faults):
        return None  # nothing is documented of a monitor that dies by the way
    # A lost database leaves the application up: its health path answers at once, or when it has waited for long enough.
    if main.kind in _OF_DATABASES:
        return DATABASE
    return "refused" if main.mode in ("refuse", "reset") else "black-hole"


def _result(failure: str | None, by: Mapping[str, PredictedInterval], profile: str) -> PredictionResult | None:
    found = None if failure is None else by.get(failure)
    return None if found is None else PredictionResult(profile, found.total, found.phases)
