"""The end of a drill: everything is judged, and the evidence is put together. Pure, so that anybody can do it again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from harness.checkers.result import CheckResult
from harness.drill import judgement
from harness.drill.case import Case, Final, Requirement
from harness.drill.episodes import main_of
from harness.drill.evidence import (
    DrillResult,
    EpisodeResult,
    FaultResult,
    Finding,
    ObjectiveResult,
    Objectives,
    Outage,
    RpoResult,
)
from harness.drill.measures import EpisodeMeasures, Measures
from harness.drill.plan import DrillPlan
from harness.drill.validity import validity_of
from harness.history.events import Commit, Event
from harness.measurement.availability import by_cohort
from harness.measurement.lateness import in_seconds
from harness.measurement.models import Padding
from harness.measurement.outages import interruptions
from harness.measurement.why import why
from harness.outcome import Bracket, Verdict, merge
from harness.units import to_s

HISTORY = "history.jsonl"
EMPTY_SHA256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
_MISSING_IDS_SHOWN = 1000
_LOSSES = ("region-outage", "service-outage")


def conclude(case: Case, events: Sequence[Event], commits: Sequence[Commit] | None, final: Final | None) -> DrillResult:
    """Judge a drill that has ended from these four alone; whoever files them adds their hashes.

    events: the history, in any order. commits: None where none are kept. final: None when it could not be read.
    """
    measures = Measures(case, sorted(events, key=lambda event: event.mono_ns), commits, final)
    validity = validity_of(measures)
    judged = [(requirement, judgement.judge(requirement, measures)) for requirement in case.required]
    checks = [validity, *(check for _, check in judged)]
    seen = judgement.observations(measures)
    verdict, reasons = _verdict(case, checks)
    results = [ObjectiveResult(c.name, c.verdict, c.text, requirement.episode) for requirement, c in judged]
    timed, lost = _last_with(measures, "rto"), _last_with(measures, "rpo", "rpo-shows-stall")
    episodes = tuple(_episode(episode, measures, results) for episode in measures.episodes)
    of_timed = None if timed is None else episodes[timed.index]
    return DrillResult(
        name=case.name,
        feature=case.feature,
        scenario=case.scenario,
        tags=case.tags,
        verdict=verdict,
        reasons=reasons,
        objectives=_judged(case),
        results=(ObjectiveResult(validity.name, validity.verdict, validity.text), *results),
        faults=_faults(measures),
        rto=None if of_timed is None else of_timed.rto,
        rto_by_cohort={} if of_timed is None else of_timed.rto_by_cohort,
        phases_ns={} if of_timed is None else of_timed.phases_ns,
        rpo=None if lost is None else episodes[lost.index].rpo,
        failback=_failback(measures),
        findings=_findings(measures, [*checks, *seen]),
        outages=_outages(measures, timed),
        why="" if of_timed is None else of_timed.why,
        prediction_s=None if of_timed is None else of_timed.prediction_s,
        availability=_availability(measures),
        witness=in_seconds(dict(measures.lateness_ns)),
        unsent=case.unsent,
        unseen_s=_unseen_s(timed),
        history=f"{case.folder}/{HISTORY}",
        history_sha256=EMPTY_SHA256,
        logs=case.logs,
        settings=dict(case.settings),
        duration_s=to_s(case.duration_ns),
        overhead_s=to_s(case.duration_ns - case.prescribed_ns),
        control=None if case.control is None else case.control.value,
        typed=case.typed,
        episodes=episodes,
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


def _verdict(case: Case, checks: Sequence[CheckResult]) -> tuple[Verdict, tuple[str, ...]]:
    inner, reasons = _inner_verdict(case, checks)
    if case.control is None:
        return inner, reasons
    because = "; ".join(reasons)
    if inner is case.control and case.faults:
        return Verdict.MET, (f"the control holds: the drill inside it ended {inner}, as it must: {because}",)
    broken = f"the control does not hold: the drill inside it ended {inner} instead of {case.control}: {because}"
    return (Verdict.MISSED if inner is Verdict.MET else inner), (broken,)


def _inner_verdict(case: Case, checks: Sequence[CheckResult]) -> tuple[Verdict, tuple[str, ...]]:
    verdicts = [check.verdict for check in checks]
    reasons = [check.text for check in checks if check.verdict is not Verdict.MET]
    if case.ended_by is not None:
        verdicts.append(case.ended_by.verdict)
        if case.ended_by.text not in reasons:
            reasons.insert(0, case.ended_by.text)
    elif not case.required:
        verdicts.append(Verdict.INVALID)
        reasons.append("the scenario requires nothing, so nothing was shown")
    inner = merge(verdicts)
    decisive = [c.text for c in checks if c.verdict is inner] if inner is Verdict.MET else reasons
    return inner, tuple(dict.fromkeys(decisive))


def _judged(case: Case) -> Objectives:
    """What was promised and is judged; a default that the scenario never asks for is no promise of this drill."""
    stated, required = case.objectives, {requirement.name for requirement in case.required}
    return Objectives(
        rto_s=stated.rto_s if "rto" in required else None,
        rpo_items=stated.rpo_items if "rpo" in required else None,
        rpo_s=stated.rpo_s if "rpo" in required else None,
        error_budget=stated.error_budget if "error-budget" in required else None,
    )


def _last_with(measures: Measures, *names: str) -> EpisodeMeasures | None:
    """The last episode of which one of these was required; else the last one that began with a fault, if any."""
    wanted = [r.episode for r in measures.case.required if r.name in names and r.episode is not None]
    if wanted:
        return measures.episodes[max(wanted)]
    return next((e for e in reversed(measures.episodes) if e.episode.begins == "fault"), None)


# --- one episode ------------------------------------------------------------------------------------------------------


def _episode(episode: EpisodeMeasures, measures: Measures, results: Sequence[ObjectiveResult]) -> EpisodeResult:
    stretch = episode.stretch
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
        prediction_s=_prediction_s(episode, measures.case),
        why=why(episode.phases_ns),
        results=tuple(result for result in results if result.episode == episode.index),
    )


def _rto_by_cohort(episode: EpisodeMeasures) -> dict[str, Bracket | None]:
    found: dict[str, Bracket | None] = {}
    for name, cohort in sorted(episode.cohorts.items()):
        found[name] = cohort.worst.bracket
        for kind, time in cohort.by_kind.items():
            found[f"{name}/{kind}"] = time.bracket
    return found


def _prediction_s(episode: EpisodeMeasures, case: Case) -> float | None:
    """Of a failover: of a loss that hits whoever serves, after which somebody else must serve."""
    serving, expected = episode.episode.serving, episode.episode.expected
    main = main_of(case, episode.episode)
    if episode.onset is None or main is None or expected in (None, serving):
        return None
    if main.kind not in _LOSSES or main.target not in (serving, case.database_of(serving)):
        return None
    # A lost database leaves the application up: its health path answers at once, and says no.
    refused = main.mode in ("refuse", "reset") or main.kind == "service-outage"
    return to_s(case.law.typical_ns["refused" if refused else "black-hole"])


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
    )


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


def _findings(measures: Measures, checks: Sequence[CheckResult]) -> tuple[Finding, ...]:
    case = measures.case
    found = [finding for check in checks for finding in check.findings]
    found.extend(finding for episode in measures.episodes for finding in _activation(episode, case))
    found.extend(_not_healed(measures))
    if case.unsent:
        text = f"the witness was too late to send {case.unsent} operations, and left them out: the machine stalled"
        found.append(Finding("unsent", text, "warning"))
    found.extend(Finding("subject-died", sentence, "serious") for sentence in case.deaths)
    if case.mixed_timing:
        text = "the subject does not honour TIME_SCALE: its own intervals are not scaled as the edge's are"
        found.append(Finding("mixed-timing", text, "warning"))
    order = {"serious": 0, "warning": 1, "info": 2}
    return tuple(sorted(dict.fromkeys(found), key=lambda f: order.get(f.severity, 1)))


def _activation(episode: EpisodeMeasures, case: Case) -> list[Finding]:
    """When the other side took over: the part of the recovery that a lease takes is in there."""
    if episode.point is None or episode.onset is None:
        return []
    after_s = to_s(max(0, episode.point.takeover_ns - episode.onset.start_low_ns))
    what = "heal" if episode.episode.begins == "heal" else "fault"
    text = f"{episode.survivor} acknowledged its first write {after_s:.1f} s after the {what}"
    if case.lease_s is not None:
        text += f"; the lost side's lease may run for {case.lease_s:.1f} s of that"
    return [Finding("activation", text, "info")]


def _not_healed(measures: Measures) -> list[Finding]:
    """A fault that was taken back and still bites, which makes everything after it doubtful."""
    return [
        Finding("not-healed", f"{fault.kind} {fault.target} was healed, and its links still fail afterwards", "serious")
        for fault, judged in zip(measures.case.faults, measures.canaries, strict=True)
        if judged.healed is False
    ]


def _outages(measures: Measures, timed: EpisodeMeasures | None) -> tuple[Outage, ...]:
    blur = Padding() if timed is None else timed.padding
    found = interruptions(measures.operations, measures.case.window_ns, blur, timeout_ns=measures.case.unanswered_ns)
    return tuple(Outage(i.cohort, i.duration, i.first_bad_ns, i.last_bad_ns) for i in found)


def _availability(measures: Measures) -> dict[str, float]:
    shares = by_cohort(measures.operations, measures.steady_ns)
    return {name: share.value for name, share in shares.items() if share.value is not None}
