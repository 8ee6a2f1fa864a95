"""From measurements to verdicts: one function per requirement that a scenario can state."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from harness.checkers import objectives as objective_checks
from harness.checkers.durability import durability
from harness.checkers.failback import Usual, as_evidence, failback, refuses
from harness.checkers.flapping import flapping, needless_failover
from harness.checkers.nowhere import nowhere
from harness.checkers.result import CheckResult, Finding, some
from harness.checkers.split_brain import split_brain
from harness.drill.case import Case, Final, Requirement
from harness.drill.episodes import places_left
from harness.drill.measures import ONE_DATABASE, EpisodeMeasures, Measures
from harness.measurement.availability import share
from harness.measurement.models import JUDGED_COHORT, address_of
from harness.measurement.recovery_point import RecoveryPoint
from harness.measurement.relapse import relapses
from harness.measurement.statistics import tolerated_failures
from harness.outcome import Verdict, merge
from harness.units import to_ns, to_s

_CHANGES_OF_AN_EPISODE = 2
"""Of the DNS answer that a plan may make: away, and back."""
_TAIL_NS = to_ns(5.0)
_IN_FLIGHT_NS = to_ns(2.0)
_SERVED_SHARE = 0.99
_SLACK_NS = to_ns(0.5)
"""How much smaller than the stall the recovery point may be: the stall's own onset, and the time between two writes."""
Numbers = Mapping[str, float | int | str | None]


def judge(requirement: Requirement, measures: Measures) -> CheckResult:
    """The verdict on one requirement from what is known so far. Raises KeyError for a requirement nobody knows."""
    result = _CHECKS[requirement.name](requirement, measures)
    return replace(result, text=f"{measures.case.told(requirement.episode)}{result.text}")


def observations(measures: Measures) -> list[CheckResult]:
    """What is worth knowing although the scenario did not require it; never part of the verdict."""
    required = {requirement.name for requirement in measures.case.required}
    wanted: list[tuple[str, Callable[[], CheckResult]]] = [
        ("staleness", measures.wrong_reads.result),
        ("split-brain", lambda: _split_brain(measures)),
        ("durability", lambda: _durability(measures)),
        ("flapping", lambda: flapping(measures.context, _planned_changes(measures.case), measures.steady_ns)),
    ]
    if not any(fault.applied for fault in measures.case.faults):
        return []
    return [check() for name, check in wanted if name not in required]


def converged(data: Final) -> bool:
    """Whether all databases hold the same items."""
    views = [
        {table: {k: v for k, v in items.items() if v is not None} for table, items in tables.items()}
        for tables in data.values()
    ]
    return all(view == views[0] for view in views)


def _planned_changes(case: Case) -> int:
    """How often the answer may change: a plan that sits an episode out may not move at all."""
    moved = {
        r.episode for r in case.required
        if r.name == "rto" and r.episode is not None and r.place != case.episodes[r.episode].serving
    }  # fmt: skip
    sat_out = {r.episode for r in case.required if r.name == "no-failover"} - moved
    counted = [n for n, e in enumerate(case.episodes) if e.begins == "fault" and n not in sat_out]
    return _CHANGES_OF_AN_EPISODE * len(counted)


# --- requirements -----------------------------------------------------------------------------------------------------


def _episode(requirement: Requirement, measures: Measures) -> EpisodeMeasures | None:
    return None if requirement.episode is None else measures.episodes[requirement.episode]


def _rto(requirement: Requirement, measures: Measures) -> CheckResult:
    case, episode = measures.case, _episode(requirement, measures)
    if case.objectives.rto_s is None:
        return CheckResult("rto_s", Verdict.UNKNOWN, "no recovery time objective was stated")
    result = objective_checks.rto(None if episode is None else episode.worst, case.objectives.rto_s)
    if episode is None or result.verdict is Verdict.MISSED:
        return result
    ends = [moment for moment in (episode.stretch.heal_ns, episode.stretch.until_ns) if moment is not None]
    result = _lasting(result, episode, measures, min(ends, default=None))
    if result.verdict is Verdict.MISSED or requirement.place is None:
        return result
    return _served_by(requirement.place, measures, min(ends, default=None), episode) or result


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
    usual = _usual(case, episode)
    again = relapses(
        measures.operations, served_ns, until_ns=until_ns, window_ns=usual.window_ns, padding=usual.padding,
        failure_rate=usual.failure_rate, timeout_ns=usual.timeout_ns,
    )  # fmt: skip
    if not again:
        return result
    worst, high_ns = again[0], again[0].bracket.high_ns
    how_long = f"{to_s(worst.bracket.low_ns):.2f} s or more"
    if high_ns is not None:
        how_long = f"{to_s(worst.bracket.low_ns):.2f} to {to_s(high_ns):.2f} s"
    text = f"client {worst.client} ({worst.kind}) was lost again after it had been served, for {how_long}"
    found = (*result.findings, Finding("relapse", f"{case.told(episode.index)}{text}", "serious"))
    if worst.bracket.low_ns > objective_ns:
        return CheckResult("rto_s", Verdict.MISSED, f"{text}, objective {to_s(objective_ns):g} s", found)
    if any((time.bracket.high_ns or 0) > objective_ns for time in again):
        verdict = merge([result.verdict, Verdict.UNKNOWN])
        return CheckResult("rto_s", verdict, f"{result.text}; {text}", found)
    return replace(result, findings=found)


def _served_by(
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


def _rpo(requirement: Requirement, measures: Measures) -> CheckResult:
    stated, episode = measures.case.objectives, _episode(requirement, measures)
    if episode is not None and episode.one_database:
        return CheckResult("rpo", Verdict.UNKNOWN, ONE_DATABASE)
    point, lost = (None, "") if episode is None else (episode.point, episode.lost)
    parts = []
    if stated.rpo_items is not None:
        parts.append(objective_checks.rpo_items(point, stated.rpo_items, lost))
    if stated.rpo_s is not None:
        parts.append(objective_checks.rpo_s(point, stated.rpo_s, lost))
    if not parts:
        return CheckResult("rpo", Verdict.UNKNOWN, "no recovery point objective was stated")
    return CheckResult("rpo", merge(part.verdict for part in parts), "; ".join(part.text for part in parts))


def _rpo_shows_stall(requirement: Requirement, measures: Measures) -> CheckResult:
    name, episode = "rpo-shows-stall", _episode(requirement, measures)
    faults = [measures.case.faults[i] for i in (() if episode is None else episode.episode.faults)]
    stall = next((fault for fault in faults if fault.kind == "replication-stall" and fault.applied), None)
    point: RecoveryPoint | None = None if episode is None else episode.point
    if episode is None or stall is None or episode.onset is None or point is None:
        return CheckResult(name, Verdict.UNKNOWN, "not measurable: no stall, no loss after it, or no takeover")
    stalled_ns = episode.onset.start_low_ns - stall.interval.start_high_ns
    oldest_ns = point.span_ns or 0
    sizes = f"stall of {to_s(stalled_ns):.2f} s, recovery point {to_s(oldest_ns):.2f} s"
    count = f"{point.missing_low} acknowledged writes missing"
    if oldest_ns >= stalled_ns - _SLACK_NS:
        return CheckResult(name, Verdict.MET, f"{sizes}: the recovery point is as large as the stall; {count}")
    return CheckResult(name, Verdict.MISSED, f"{sizes}: the loss of the stall does not show; {count}")


def _failback(requirement: Requirement, measures: Measures) -> CheckResult:
    found = failback_of(requirement, measures)
    return CheckResult("failback", Verdict.UNKNOWN, "nothing was healed") if found is None else found[0]


def failback_of(requirement: Requirement, measures: Measures) -> tuple[CheckResult, Numbers] | None:
    """The failback's verdict, and its numbers for the evidence; None when nothing was healed before it."""
    case, heal_ns, episode = measures.case, requirement.from_ns, _episode(requirement, measures)
    if heal_ns is None or requirement.place is None:
        return None
    back, away = requirement.place, case.other_than(requirement.place)
    if episode is not None and (episode.episode.expected or back) != back:
        away = episode.episode.expected or away
    first_ns = min(fault.started_ns for fault in case.faults)
    result, measured = failback(
        measures.operations,
        measures.context,
        primary_address=case.addresses[back],
        standby_address=case.addresses[away],
        heal_ns=heal_ns,
        final=measures.final,
        standby_refuses=refuses(measures.operations, case.addresses[away], first_ns),
        place="the primary" if back == case.primary else back,
        until_ns=None if episode is None else episode.stretch.until_ns,
        away=away,
        usual=_usual(case, episode),
    )
    return result, as_evidence(measured, heal_ns, result)


def _usual(case: Case, episode: EpisodeMeasures | None) -> Usual:
    if episode is None:
        return Usual(window_ns=case.window_ns, timeout_ns=case.unanswered_ns)
    rate = episode.failure_rates.get(JUDGED_COHORT, 0.0)
    return Usual(rate, episode.padding, case.window_ns, case.unanswered_ns)


def _durability(measures: Measures) -> CheckResult:
    return durability(measures.final, region_came_back=True, missing_ids=measures.missing_ids)


def _same_data(measures: Measures) -> CheckResult:
    name = "same-data"
    if measures.one_database:
        return CheckResult(name, Verdict.UNKNOWN, ONE_DATABASE)
    diverged = None if measures.final is None else measures.final.diverged
    if diverged is None:
        return CheckResult(name, Verdict.UNKNOWN, "not measurable: the tables of both regions could not be read")
    if diverged:
        return CheckResult(name, Verdict.MISSED, f"{len(diverged)} items differ between the regions: {some(diverged)}")
    return CheckResult(name, Verdict.MET, "both regions hold the same items")


def _split_brain(measures: Measures) -> CheckResult:
    return split_brain(measures.operations, regions=_by_address(measures.case), turn_ns=measures.case.window_ns)


def _by_address(case: Case) -> Mapping[str, str]:
    return {address: place for place, address in case.addresses.items()}


def _no_failover(requirement: Requirement, measures: Measures) -> CheckResult:
    name, episode, ended_ns, place = (
        "no-failover", _episode(requirement, measures), requirement.until_ns, requirement.place,
    )  # fmt: skip
    if episode is None or ended_ns is None or place is None or episode.onset is None:
        return CheckResult(name, Verdict.UNKNOWN, "no blip was injected")
    faults = [measures.case.faults[i].started_ns for i in episode.episode.faults]
    began_ns = min(faults, default=episode.onset.start_high_ns)
    result = needless_failover(
        measures.context,
        measures.operations,
        stayed_address=measures.case.addresses[place],
        from_ns=began_ns if requirement.from_ns is None else requirement.from_ns,
        to_ns=ended_ns,
    )
    elsewhere = _served_by(place, measures, ended_ns, episode)
    if elsewhere is not None and result.verdict is not Verdict.MISSED:
        return CheckResult(name, elsewhere.verdict, f"after the blip {elsewhere.text}")
    return result


def _nowhere(requirement: Requirement, measures: Measures) -> CheckResult:
    case, episode = measures.case, _episode(requirement, measures)
    if episode is None or episode.onset is None or requirement.until_ns is None:
        return CheckResult("nowhere-to-go", Verdict.UNKNOWN, "nothing was lost")
    from_ns, until_ns = episode.onset.start_high_ns, requirement.until_ns
    if left := places_left(case, from_ns, until_ns):
        text = f"{some(left)} was not lost, so clients had somewhere to go"
        return CheckResult("nowhere-to-go", Verdict.UNKNOWN, text)
    return nowhere(measures.operations, regions=_by_address(case), from_ns=from_ns, to_ns=until_ns)


def _error_budget(requirement: Requirement, measures: Measures) -> CheckResult:
    case, episode = measures.case, _episode(requirement, measures)
    if case.objectives.error_budget is None or episode is None or episode.onset is None:
        return CheckResult("error_budget", Verdict.UNKNOWN, "no error budget was stated, or no fault injected")
    # Judged at once, the last operations are still under way: they have not failed yet.
    given_up_ns = measures.end_ns - case.unanswered_ns
    known = [o for o in measures.operations if o.completion is not None or o.sent_ns < given_up_ns]
    served = share(known, episode.onset.start_low_ns, requirement.until_ns, cohort=JUDGED_COHORT)
    return objective_checks.error_budget(served, case.objectives.error_budget)


_CHECKS: dict[str, Callable[[Requirement, Measures], CheckResult]] = {
    "rto": _rto,
    "rpo": _rpo,
    "rpo-shows-stall": _rpo_shows_stall,
    "failback": _failback,
    "durability": lambda _, measures: _durability(measures),
    "same-data": lambda _, measures: _same_data(measures),
    "split-brain": lambda _, measures: _split_brain(measures),
    "no-failover": _no_failover,
    "nowhere-to-go": _nowhere,
    "error-budget": _error_budget,
}
WHOLE: Sequence[str] = ("durability", "same-data", "split-brain")
"""Requirements that are about the whole drill."""
