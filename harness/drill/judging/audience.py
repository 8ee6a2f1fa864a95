"""Requirements about the audience: how many of its users are back, and how soon."""

from __future__ import annotations

from harness.checkers.result import CheckResult, Finding, some
from harness.drill.case import Requirement
from harness.drill.episode_measures import EpisodeMeasures
from harness.drill.measures import Measures
from harness.measurement.audience import Back, CohortBack, Profile, came_back
from harness.outcome import Bracket, Verdict
from harness.spelling import bracket, percent, seconds
from harness.units import to_ns

NAME = "audience-back"


def back_of(episode: EpisodeMeasures, measures: Measures) -> Back | None:
    """How the audience came back in an episode; None where there is none, or nothing was broken."""
    case, onset, stretch = measures.case, episode.onset, episode.stretch
    if case.audience is None or onset is None:
        return None
    profiles = [Profile(one.cohort, one.weight, one.kept_ns) for one in case.audience.users]
    operations = measures.operations
    if episode.episode.begins == "heal":
        operations = operations.between(onset.start_high_ns, None)
    return came_back(
        operations, profiles, onset, stretch.heal_ns, case.window_ns, episode.padding, episode.failure_rates,
        case.unanswered_ns, stretch.until_ns,
    )  # fmt: skip


def back_in_time(requirement: Requirement, measures: Measures) -> CheckResult:
    """Whether a share of the users was back in time. share: 0..1; most: wall seconds after the fault."""
    share, within_s = requirement.share or 0.0, requirement.most or 0.0
    found = None if requirement.episode is None else back_of(measures.episodes[requirement.episode], measures)
    if found is None or not found.cohorts:
        return CheckResult(NAME, Verdict.UNKNOWN, "not measurable: nothing was broken, or no audience was there")
    point, reached = found.curve.at(to_ns(within_s)), found.curve.reached(share)
    verdict = Verdict.UNKNOWN
    if point.least >= share - 1e-9:
        verdict = Verdict.MET
    elif point.most < share - 1e-9:
        verdict = Verdict.MISSED
    when = _when(reached)
    wanted = percent(share)
    text = f"{_range(point.least, point.most)} of the audience was back within {within_s:g} s, {wanted} wanted; "
    text += f"{wanted} {when}"
    if verdict is not Verdict.MET and (late := _late(found, to_ns(within_s))):
        text += f"; not back in time: {some(late, 3)}"
    findings = (Finding(NAME, text, "serious"),) if verdict is Verdict.MISSED else ()
    return CheckResult(NAME, verdict, text, findings)


def _range(least: float, most: float) -> str:
    low, high = percent(least), percent(most)
    return low if low == high else f"{low} to {high}"


def _when(reached: Bracket) -> str:
    if reached.high_ns is not None:
        return f"was back after {bracket(reached)}"
    return f"was never seen back, in {seconds(reached.low_ns)} at least"


def _late(found: Back, within_ns: int) -> list[str]:
    """The profiles of which somebody certainly, or else possibly, came too late, the heaviest first."""
    late = [one for one in found.cohorts if one.last.high_ns is None or one.last.high_ns > within_ns]
    return [_told(one) for one in sorted(late, key=lambda one: -one.profile.weight)]


def _told(one: CohortBack) -> str:
    return f"{one.profile.cohort} ({bracket(one.last)})"
