"""Requirements about service: how soon it was back, for how long it stayed, and how many requests failed."""

from __future__ import annotations

from dataclasses import replace

from harness.checkers import objectives as objective_checks
from harness.checkers.failback import Usual
from harness.checkers.result import CheckResult, Finding
from harness.drill.case import Case, Requirement
from harness.drill.episode_measures import EpisodeMeasures
from harness.drill.measures import Measures
from harness.measurement.answers import answers, failures_of, in_words
from harness.measurement.availability import share
from harness.measurement.models import JUDGED_COHORT, address_of
from harness.measurement.relapse import relapses
from harness.measurement.statistics import tolerated_failures
from harness.outcome import Verdict, merge
from harness.spelling import bracket
from harness.units import to_ns, to_s

_TAIL_NS = to_ns(5.0)
_IN_FLIGHT_NS = to_ns(2.0)
_SERVED_SHARE = 0.99


def episode_of(requirement: Requirement, measures: Measures) -> EpisodeMeasures | None:
    """The episode that a requirement is about; None: the whole drill."""
    return None if requirement.episode is None else measures.episodes[requirement.episode]


def usual_of(case: Case, episode: EpisodeMeasures | None) -> Usual:
    """What is usual for the judged clients in an episode."""
    if episode is None:
        return Usual(window_ns=case.window_ns, timeout_ns=case.unanswered_ns)
    rate = episode.failure_rates.get(JUDGED_COHORT, 0.0)
    return Usual(rate, episode.padding, case.window_ns, case.unanswered_ns)


def rto(requirement: Requirement, measures: Measures) -> CheckResult:
    """The recovery time of the worst client, and that service stayed where it had to be."""
    case, episode = measures.case, episode_of(requirement, measures)
    if case.objectives.rto_s is None:
        return CheckResult("rto_s", Verdict.UNKNOWN, "no recovery time objective was stated")
    result = objective_checks.rto(None if episode is None else episode.worst, case.objectives.rto_s)
    if episode is None:
        return result
    if result.verdict is Verdict.MISSED:
        return replace(result, text=f"{result.text}{_instead(episode, measures)}")
    ends = [moment for moment in (episode.stretch.heal_ns, episode.stretch.until_ns) if moment is not None]
    result = _lasting(result, episode, measures, min(ends, default=None))
    if result.verdict is Verdict.MISSED or requirement.place is None:
        return result
    return served_by(requirement.place, measures, min(ends, default=None), episode) or result


def _instead(episode: EpisodeMeasures, measures: Measures) -> str:
    """What the worst client was answered instead, and by which side."""
    worst = episode.worst
    if worst is None or not worst.client:
        return ""
    time = episode.cohorts[JUDGED_COHORT].by_client[worst.client, "reads" if worst.kind == "reads" else "writes"]
    if time.first_bad_ns is None or time.last_bad_ns is None:
        return ""
    failed = failures_of(measures.operations, time.client, time.kind, time.first_bad_ns, time.last_bad_ns)
    return f"; it got {in_words(answers(failed), measures.case.by_address)}"


def _lasting(
    result: CheckResult, episode: EpisodeMeasures, measures: Measures, until_ns: int | None
) -> CheckResult:  # fmt: skip
    """A recovery, unless clients went without service again before until_ns: for longer than the objective allows.

    A shorter time is within the promise, and yet it is news: what recovered once did not stay.
    """
    case, objective_ns = measures.case, to_ns(measures.case.objectives.rto_s or 0.0)
    judged, onset = episode.cohorts.get(JUDGED_COHORT), episode.onset
    if judged is None or onset is None:
        return result
    served_ns = {who: time.recovered_at_ns or onset.start_high_ns for who, time in judged.by_client.items()}
    usual = usual_of(case, episode)
    again = relapses(
        measures.operations, served_ns, until_ns=until_ns, window_ns=usual.window_ns, padding=usual.padding,
        failure_rate=usual.failure_rate, timeout_ns=usual.timeout_ns,
    )  # fmt: skip
    if not again:
        return result
    worst = again[0]
    how_long = bracket(worst.bracket)
    text = f"client {worst.client} ({worst.kind}) was lost again after it had been served, for {how_long}"
    found = (*result.findings, Finding("relapse", f"{case.told(episode.index)}{text}", "serious"))
    if worst.bracket.low_ns > objective_ns:
        return CheckResult("rto_s", Verdict.MISSED, f"{text}, objective {to_s(objective_ns):g} s", found)
    if any((time.bracket.high_ns or 0) > objective_ns for time in again):
        verdict = merge([result.verdict, Verdict.UNKNOWN])
        return CheckResult("rto_s", verdict, f"{result.text}; {text}", found)
    return replace(result, findings=found)


def served_by(
    place: str, measures: Measures, until_ns: int | None, episode: EpisodeMeasures
) -> CheckResult | None:  # fmt: skip
    """MISSED when the judged clients were not all served by a place in the end, None when they were.

    until_ns: when something else happened; None: never. At the latest it is when the clients were stopped.
    """
    address = measures.case.addresses[place]
    judged = [o for o in measures.operations if o.invoke.cohort == JUDGED_COHORT]
    stopped_ns = max((o.sent_ns for o in judged), default=0)
    end_ns = stopped_ns if until_ns is None else min(until_ns, stopped_ns)
    tail = [o for o in judged if end_ns - _TAIL_NS <= o.sent_ns < end_ns - _IN_FLIGHT_NS]
    if not tail:
        return CheckResult("rto_s", Verdict.UNKNOWN, "not measurable: no dns client sent anything in the end")
    there = sum(o.good and address_of(o) == address for o in tail)
    rate = episode.failure_rates.get(JUDGED_COHORT, 0.0)
    if len(tail) - there <= max((1 - _SERVED_SHARE) * len(tail), tolerated_failures(len(tail), rate)):
        return None
    text = f"only {there} of {len(tail)} requests of the clients were served by {place} in the end"
    return CheckResult("rto_s", Verdict.MISSED, text)


def error_budget(requirement: Requirement, measures: Measures) -> CheckResult:
    """The share of requests that failed from the fault on."""
    case, episode = measures.case, episode_of(requirement, measures)
    if case.objectives.error_budget is None or episode is None or episode.onset is None:
        return CheckResult("error_budget", Verdict.UNKNOWN, "no error budget was stated, or no fault injected")
    # Judged at once, the last operations are still under way: they have not failed yet.
    given_up_ns = measures.end_ns - case.unanswered_ns
    known = [o for o in measures.operations if o.completion is not None or o.sent_ns < given_up_ns]
    served = share(known, episode.onset.start_low_ns, requirement.until_ns, cohort=JUDGED_COHORT)
    return objective_checks.error_budget(served, case.objectives.error_budget)
