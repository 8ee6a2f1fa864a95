"""The end of a drill: everything is judged, and the evidence is put together. Pure, so that anybody can do it again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from harness.checkers.result import CheckResult
from harness.drill import crowding, judgement, promises
from harness.drill.beside import measured
from harness.drill.case import Case, Final, Requirement
from harness.drill.episode_evidence import episode_result
from harness.drill.episode_measures import EpisodeMeasures
from harness.drill.evidence import (
    JUDGING,
    DrillResult,
    FaultResult,
    ObjectiveResult,
    Objectives,
    Outage,
)
from harness.drill.findings import findings_of
from harness.drill.interruption_evidence import interruption_results, worst_interruption
from harness.drill.judging import recovery_points
from harness.drill.judging.interruptions import interruptions_of, planned_interruption, promised_s
from harness.drill.judging.restored import restore_result
from harness.drill.measures import Measures
from harness.drill.plan import DrillPlan
from harness.drill.stopping.cut_short import cut_short, cut_short_validity
from harness.drill.stopping.evidence import overlooked, stop_of
from harness.drill.validity import validity_of
from harness.drill.verdict import Checked, verdict_of
from harness.history.events import Commit, Event
from harness.measurement.availability import by_cohort
from harness.measurement.lateness import in_seconds
from harness.measurement.models import Padding
from harness.measurement.outages import interruptions
from harness.outcome import Verdict
from harness.units import to_s

HISTORY = "history.jsonl"
EMPTY_SHA256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def conclude(case: Case, events: Sequence[Event], commits: Sequence[Commit] | None, final: Final | None) -> DrillResult:
    """Judge a drill that has ended from these four alone; whoever files them adds their hashes.

    events: the history, in any order. commits: None where none are kept. final: None when it could not be read.
    """
    measures = Measures(case, sorted(events, key=lambda event: event.mono_ns), commits, final)
    judged = [(requirement, judgement.judge(requirement, measures)) for requirement in case.required]
    stop = stop_of(case, measures.events)
    if stop is not None:
        judged = cut_short(case, judged, stop.decided_ns)
    interrupting = interruptions_of(measures)
    moves = planned_interruption(measures, interrupting) if case.promise is not None else None
    validity = validity_of(measures)
    if stop is not None and stop.check.verdict is Verdict.ABORTED:
        validity = cut_short_validity(case, validity)
    checks = Checked(validity, judged, promises.judged(measures), moves, None if stop is None else stop.check)
    checked = crowding.doubted(case, checks)
    validity = checked.validity
    seen = [*checked.promised, *judgement.observations(measures)]
    verdict, reasons = verdict_of(case, checked)
    results = [ObjectiveResult(c.name, c.verdict, c.text, requirement.episode) for requirement, c in judged]
    results += [] if stop is None else [ObjectiveResult(stop.check.name, stop.check.verdict, stop.check.text)]
    results += [] if moves is None else [ObjectiveResult(moves.name, moves.verdict, moves.text)]
    interrupted = interruption_results(interrupting, case.by_address)
    timed, lost = _last_with(measures, "rto"), _last_with(measures, "rpo", "rpo-shows-stall")
    lost_of = [(n, c) for n, c in recovery_points.of_each(measures) if any(c.name == p.name for p in checked.promised)]
    of_each = [*results, *(ObjectiveResult(c.name, c.verdict, c.text, n, promise=True) for n, c in lost_of)]
    episodes = tuple(episode_result(episode, measures, of_each) for episode in measures.episodes)
    of_timed = None if timed is None else episodes[timed.index]
    return replace(
        _of_case(case, verdict, reasons),
        objectives=_judged(case, checked),
        results=(
            ObjectiveResult(validity.name, validity.verdict, validity.text),
            *results,
            *(ObjectiveResult(c.name, c.verdict, c.text, promise=True) for c in _beside(checked)),
        ),
        faults=_faults(measures),
        rto=None if of_timed is None else of_timed.rto,
        rto_by_cohort={} if of_timed is None else of_timed.rto_by_cohort,
        phases_ns={} if of_timed is None else of_timed.phases_ns,
        rpo=None if lost is None else episodes[lost.index].rpo,
        failback=_failback(measures),
        findings=findings_of(measures, [*checked.telling, *seen], overlooked(case, measures.events)),
        outages=_outages(measures, timed),
        why="" if of_timed is None else of_timed.why,
        noticed_by="" if of_timed is None else of_timed.noticed_by,
        prediction_s=None if of_timed is None else of_timed.prediction_s,
        prediction=None if of_timed is None else of_timed.prediction,
        production_prediction=None if of_timed is None else of_timed.production_prediction,
        availability=_availability(measures),
        witness=in_seconds(dict(measures.lateness_ns)),
        unseen_s=_unseen_s(timed),
        episodes=episodes,
        promise=promises.as_evidence(measures),
        planned_interruption=worst_interruption(interrupted),
        planned_interruptions=interrupted,
        restore=restore_result(measures),
        stopped=None if stop is None else stop.result,
        measured=measured(measures),
    )


def unjudged(case: Case, reason: str) -> DrillResult:
    """The evidence of a drill that has ended, and whose judging broke off: all is there from which it can be judged
    anew, and until then it proves nothing."""
    results = (ObjectiveResult(JUDGING, Verdict.INVALID, reason),)
    return replace(_of_case(case, Verdict.INVALID, (reason,)), results=results)


def _of_case(case: Case, verdict: Verdict, reasons: tuple[str, ...]) -> DrillResult:
    """What a result has from its case alone, before anything is measured."""
    return DrillResult(
        name=case.name,
        feature=case.feature,
        scenario=case.scenario,
        tags=case.tags,
        verdict=verdict,
        reasons=reasons,
        objectives=Objectives(),
        unsent=case.unsent,
        history=f"{case.folder}/{HISTORY}",
        history_sha256=EMPTY_SHA256,
        logs=case.logs,
        settings=dict(case.settings),
        duration_s=to_s(case.duration_ns),
        overhead_s=to_s(case.duration_ns - case.prescribed_ns),
        control=None if case.control is None else case.control.value,
        typed=case.typed,
        places=case.by_address,
        stop_conditions=case.stop.texts,
    )


def crashed(plan: DrillPlan, folder: str, error: str) -> DrillResult:
    """The evidence of a drill that the harness could not finish: it proves nothing, and must not be missing either.

    folder: its name. Its history is an empty file.
    """
    return DrillResult(
        name=plan.name,
        feature=plan.feature,
        scenario=plan.scenario,
        tags=plan.tags,
        verdict=Verdict.INVALID,
        reasons=(f"not measured, the drill broke off: {error}",),
        objectives=Objectives(),
        history=f"{folder}/{HISTORY}",
        history_sha256=EMPTY_SHA256,
        settings=dict(plan.settings.given),
        typed=plan.typed,
    )


def _beside(checked: Checked) -> list[CheckResult]:
    """The promises that stand beside what the scenario required; what it required itself is not said twice."""
    required = {check.name for _, check in checked.required}
    same = {promises.ONE_SIDE} if "split_brain" in required else set()
    return [check for check in checked.promised if check.name not in same]


def _judged(case: Case, checked: Checked) -> Objectives:
    """What was promised and is judged; a default that nothing of this drill is judged by is no promise of it.

    One that ended early may not have come to that: then what a later step asks for is said, too, and everything that
    was stated where nobody knows of later steps.
    """
    stated, required = case.objectives, {requirement.name for requirement in case.required}
    planned_s = None if checked.moved is None else promised_s(case)
    later = " ".join(case.not_reached) if case.promise is not None and case.ended_by is not None else ""
    if case.promise is not None and case.ended_by is not None and not later:
        return replace(stated, planned_interruption_s=planned_s)
    promised = any(check.name == recovery_points.NAME for check in checked.promised)
    lost = "rpo" in required or promised or "recovery point" in later
    return Objectives(
        rto_s=stated.rto_s if "rto" in required or "recovery time" in later else None,
        rpo_items=stated.rpo_items if lost else None,
        rpo_s=stated.rpo_s if lost else None,
        error_budget=stated.error_budget if "error-budget" in required or "error budget" in later else None,
        planned_interruption_s=planned_s,
    )


def _last_with(measures: Measures, *names: str) -> EpisodeMeasures | None:
    """The last episode of which one of these was required; else the last one that began with a fault, if any."""
    wanted = [r.episode for r in measures.case.required if r.name in names and r.episode is not None]
    if wanted:
        return measures.episodes[max(wanted)]
    return next((e for e in reversed(measures.episodes) if e.episode.begins == "fault"), None)


# --- the whole drill --------------------------------------------------------------------------------------------------


def _faults(measures: Measures) -> tuple[FaultResult, ...]:
    return tuple(
        FaultResult(
            kind=fault.kind,
            target=fault.target,
            mode=fault.mode,
            start_ns=fault.interval.start_low_ns,
            stop_ns=fault.interval.stop_high_ns,
            observed=judged.observed,
            evidence=judged.sentence,
            healed=judged.healed,
            kinds_used=fault.kinds_used,
            touched=fault.touched,
        )
        for fault, judged in zip(measures.case.faults, measures.canaries, strict=True)
    )


def _unseen_s(timed: EpisodeMeasures | None) -> float | None:
    """Where no client noticed the fault: how long an outage could still have been."""
    worst = None if timed is None else timed.worst
    return to_s(worst.unseen_ns) if worst is not None and worst.unaffected else None


def _failback(measures: Measures) -> Mapping[str, object] | None:
    """The last one that was required."""
    wanted: list[Requirement] = [r for r in measures.case.required if r.name == "failback"]
    found = judgement.failback_of(wanted[-1], measures) if wanted else None
    return None if found is None else found[1]


def _outages(measures: Measures, timed: EpisodeMeasures | None) -> tuple[Outage, ...]:
    blur = Padding() if timed is None else timed.padding
    found = interruptions(measures.operations, measures.case.window_ns, blur, timeout_ns=measures.case.unanswered_ns)
    return tuple(Outage(i.cohort, i.duration, i.first_bad_ns, i.last_bad_ns) for i in found)


def _availability(measures: Measures) -> dict[str, float]:
    shares = by_cohort(measures.operations, measures.steady_ns)
    return {name: share.value for name, share in shares.items() if share.value is not None}
