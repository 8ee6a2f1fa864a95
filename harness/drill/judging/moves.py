"""Requirements about who serves: one side at a time, no needless move, nobody at all, and the way back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from harness.checkers.failback import as_evidence, failback, refuses
from harness.checkers.failback_losses import Before
from harness.checkers.flapping import flapping, needless_failover
from harness.checkers.nowhere import nowhere
from harness.checkers.result import CheckResult, some
from harness.checkers.split_brain import both_write, second_side_accepts, split_brain
from harness.drill.case import Case, Requirement
from harness.drill.episode_measures import EpisodeMeasures
from harness.drill.episodes import places_left
from harness.drill.judging.recovery import episode_of, served_by, usual_of
from harness.drill.measures import Measures
from harness.faults.tables_deleted import TablesDeleted
from harness.measurement.phases import answers_move
from harness.outcome import Verdict

_CHANGES_OF_AN_EPISODE = 2
"""Of the DNS answer that a plan may make: away, and back."""
Numbers = Mapping[str, float | int | str | None]


def failback_required(requirement: Requirement, measures: Measures) -> CheckResult:
    """The failback's verdict."""
    found = failback_of(requirement, measures)
    return CheckResult("failback", Verdict.UNKNOWN, "nothing was healed") if found is None else found[0]


def failback_of(requirement: Requirement, measures: Measures) -> tuple[CheckResult, Numbers] | None:
    """The failback's verdict, and its numbers for the evidence; None when nothing was healed before it."""
    case, heal_ns, episode = measures.case, requirement.from_ns, episode_of(requirement, measures)
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
        usual=usual_of(case, episode),
        before=_before(measures, episode, back),
        moves=answers_move(case.law.steps),
    )
    return result, as_evidence(measured, heal_ns, result)


def _before(measures: Measures, episode: EpisodeMeasures | None, back: str) -> Before:
    """What the failback of an episode found lost already, and what was lost only after it."""
    if episode is None:
        return Before(measures.explained, place=back)
    points = [one.point for one in measures.episodes]
    earlier = [point for point in points[: episode.index + 1] if point is not None]
    missing = {op for point in earlier for op in point.explained.difference(point.void_ids)}
    void = {op for point in earlier for op in point.void_ids}
    if _gone_for_good(measures.case, back):  # nothing is left there that could be brought back
        void, missing = set(), set()
    point = episode.point
    taken_over_ns = None if point is None or episode.lost != back else point.takeover_ns
    return Before(missing, measures.explained - missing - void, back, taken_over_ns, void)


def _gone_for_good(case: Case, place: str) -> bool:
    """Whether what a place had stored was deleted, so that the recovery point alone judges what was lost with it."""
    kind, database = TablesDeleted.kind, case.database_of(place)
    return any(fault.applied and (fault.kind, fault.target) == (kind, database) for fault in case.faults)


def split_brain_of(measures: Measures) -> CheckResult:
    """Whether one side at a time accepted writes."""
    case = measures.case
    return split_brain(
        measures.operations, regions=case.by_address, turn_ns=case.window_ns, commits=measures.logs
    )  # fmt: skip


def one_side_required(measures: Measures) -> CheckResult:
    """The same, where the scenario asks for it; a design that is made to write on both sides is told that it does."""
    result, promise = split_brain_of(measures), measures.case.promise
    if result.verdict is not Verdict.MISSED or promise is None or promise.writes != "both":
        return result
    text = f"this scenario wants one side at a time, and the subject's file promises writes on both; {result.text}"
    return replace(result, text=text)


def writes_at_rest(measures: Measures) -> str | None:
    """Which sides accepted writes while nothing was wrong: `one` or `both`; None: too few were sent to tell.

    It is the steady state that the first fault ended; where a second side accepted some then, and too few to make it a
    plan, what it did before counts as well. A side that refused any is none that writes.
    """
    case = measures.case
    began_ns = min((fault.started_ns for fault in case.faults if fault.applied), default=measures.end_ns)
    logs = measures.logs
    held = measures.operations.between(measures.steady_ns, began_ns)
    if both_write(held, case.by_address, case.window_ns, logs):
        return "both"
    if not second_side_accepts(held, case.by_address, logs):
        return "one"
    calm = measures.operations.between(None, began_ns)
    return "both" if both_write(calm, case.by_address, case.window_ns, logs) else None


def both_sides_wrote(measures: Measures) -> CheckResult:
    """Whether items were written on both sides while a fault kept them apart: else it has shown no conflict."""
    name, sides = "both-sides-wrote", measures.case.by_address
    held = [fault.interval for fault in measures.case.faults if fault.applied]
    if not held:
        return CheckResult(name, Verdict.UNKNOWN, "nothing kept the sides apart")
    began_ns, ended_ns = held[0].start_high_ns, held[0].stop_low_ns or measures.end_ns
    meanwhile = measures.operations.between(began_ns, ended_ns)
    wrote: dict[str, set[str]] = {}
    for operation in meanwhile.operations(np.flatnonzero(meanwhile.acknowledged)):
        address = None if operation.completion is None else operation.completion.address
        if address is not None and address in sides:
            wrote.setdefault(operation.invoke.k, set()).add(sides[address])
    both = sorted(key for key, where in wrote.items() if len(where) > 1)
    if not both:
        return CheckResult(name, Verdict.UNKNOWN, "no item was written on both sides while they were apart")
    text = f"{len(both)} items were written on both sides while they were apart: {some(both, limit=3)}"
    return CheckResult(name, Verdict.MET, text)


def no_failover(requirement: Requirement, measures: Measures) -> CheckResult:
    """Whether a disturbance was sat out by the place that served."""
    name, episode, ended_ns, place = (
        "no-failover", episode_of(requirement, measures), requirement.until_ns, requirement.place,
    )  # fmt: skip
    if episode is None or ended_ns is None or place is None or episode.onset is None:
        return CheckResult(name, Verdict.UNKNOWN, "no blip was injected")
    faults = [measures.case.faults[i].started_ns for i in episode.episode.faults]
    began_ns = min(faults, default=episode.onset.start_high_ns)
    if episode.stretch.calm_ns is not None and episode.must_stay_away:
        began_ns = min(began_ns, episode.stretch.calm_ns)
    result = needless_failover(
        measures.context,
        measures.operations,
        stayed_address=measures.case.addresses[place],
        from_ns=began_ns if requirement.from_ns is None else requirement.from_ns,
        to_ns=ended_ns,
        places=measures.case.by_address,
    )
    elsewhere = served_by(place, measures, ended_ns, episode)
    if elsewhere is not None and result.verdict is not Verdict.MISSED:
        return CheckResult(name, elsewhere.verdict, f"after the blip {elsewhere.text}")
    return result


def nowhere_to_go(requirement: Requirement, measures: Measures) -> CheckResult:
    """Whether nobody was served while every place was lost."""
    case, episode = measures.case, episode_of(requirement, measures)
    if episode is None or episode.onset is None or requirement.until_ns is None:
        return CheckResult("nowhere-to-go", Verdict.UNKNOWN, "nothing was lost")
    from_ns, until_ns = episode.onset.start_high_ns, requirement.until_ns
    if left := places_left(case, from_ns, until_ns):
        text = f"{some(left)} was not lost, so clients had somewhere to go"
        return CheckResult("nowhere-to-go", Verdict.UNKNOWN, text)
    return nowhere(measures.operations, regions=case.by_address, from_ns=from_ns, to_ns=until_ns)


def planned_changes(case: Case) -> int:
    """How often the answer may change: a plan that sits an episode out may not move at all."""
    moved = {
        r.episode for r in case.required
        if r.name == "rto" and r.episode is not None and r.place != case.episodes[r.episode].serving
    }  # fmt: skip
    sat_out = {r.episode for r in case.required if r.name == "no-failover"} - moved
    counted = [n for n, e in enumerate(case.episodes) if e.begins == "fault" and n not in sat_out]
    return _CHANGES_OF_AN_EPISODE * len(counted)


def flapping_of(measures: Measures, places: Mapping[str, str] | None = None) -> CheckResult:
    """Whether the answer changed more often than the plan says. places: what addresses are called, where it matters."""
    return flapping(measures.context, planned_changes(measures.case), measures.steady_ns, places)
