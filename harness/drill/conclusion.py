"""The end of a drill: its history is written and hashed, everything is judged, and the evidence is put together."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

from harness.checkers.result import CheckResult
from harness.checkers.staleness import stale_reads
from harness.drill import judgement
from harness.drill.evidence import DrillResult, FaultResult, Finding, ObjectiveResult, Objectives, Outage, RpoResult
from harness.drill.measures import Measures, measure
from harness.drill.plan import DrillPlan, constants_of, unanswered_ns
from harness.drill.record import Record
from harness.errors import DrillMissed, DrillUnknown, VerdictReached
from harness.history import codec
from harness.history.events import Event
from harness.measurement.availability import by_cohort
from harness.measurement.lateness import in_seconds, lateness_ns
from harness.measurement.outages import interruptions
from harness.measurement.prediction import Failure, Prediction, predict
from harness.measurement.why import why
from harness.outcome import Bracket, Verdict, merge
from harness.units import to_s

HISTORY = "history.jsonl"
COMMITS = "commits.jsonl"
_MISSING_IDS_SHOWN = 1000


def conclude(record: Record, events: Sequence[Event]) -> DrillResult:
    """Judge a drill that has ended, and write its history beside its other files."""
    ordered = sorted(events, key=lambda event: event.mono_ns)
    measures = measure(record, ordered)
    checks = judgement.judge_all(record, measures)
    seen = judgement.observations(record, measures)
    verdict, reasons = _verdict(record, checks)
    digest = _write_history(record, ordered)
    prediction = _prediction(record, measures)
    return DrillResult(
        name=record.plan.name,
        feature=record.plan.feature,
        scenario=record.plan.scenario,
        tags=record.plan.tags,
        verdict=verdict,
        reasons=reasons,
        objectives=_judged(record),
        results=tuple(ObjectiveResult(check.name, check.verdict, check.text) for check in checks),
        faults=_faults(record, measures),
        rto=None if measures.worst is None else measures.worst.bracket,
        rto_by_cohort=_by_cohort(measures),
        phases_ns=measures.phases_ns,
        rpo=_rpo(measures),
        failback=_failback(record, measures),
        findings=_findings(record, measures, [*checks, *seen]),
        outages=_outages(record, measures),
        why=why(measures.phases_ns),
        prediction_s=None if prediction is None else to_s(prediction.typical_ns),
        availability=_availability(measures),
        witness=in_seconds(lateness_ns(measures.operations)),
        unsent=record.unsent,
        unseen_s=_unseen_s(measures),
        history=f"{record.folder.name}/{HISTORY}",
        history_sha256=digest,
        logs=record.logs,
        settings=dict(record.plan.settings.given),
        duration_s=to_s(record.duration_ns),
        overhead_s=to_s(record.duration_ns - record.prescribed_ns),
        control=None if record.control is None else record.control.value,
    )


def crashed(plan: DrillPlan, folder: Path, error: str) -> DrillResult:
    """The evidence of a drill that the harness could not finish: it proves nothing, and must not be missing either."""
    path = folder / HISTORY
    path.touch()
    return DrillResult(
        name=plan.name,
        feature=plan.feature,
        scenario=plan.scenario,
        tags=plan.tags,
        verdict=Verdict.INVALID,
        reasons=(f"not measured, the drill broke off: {error}",),
        objectives=Objectives(),
        history=f"{folder.name}/{HISTORY}",
        history_sha256=sha256_of(path),
        settings=dict(plan.settings.given),
    )


def verdict_of(reached: VerdictReached) -> Verdict:
    """The verdict that an early end stands for."""
    if isinstance(reached, DrillMissed):
        return Verdict.MISSED
    return Verdict.UNKNOWN if isinstance(reached, DrillUnknown) else Verdict.INVALID


def _verdict(record: Record, checks: Sequence[CheckResult]) -> tuple[Verdict, tuple[str, ...]]:
    inner, reasons = _inner_verdict(record, checks)
    if record.control is None:
        return inner, reasons
    because = "; ".join(reasons)
    if inner is record.control and record.faults:
        return Verdict.MET, (f"the control holds: the drill inside it ended {inner}, as it must: {because}",)
    broken = f"the control does not hold: the drill inside it ended {inner} instead of {record.control}: {because}"
    return (Verdict.MISSED if inner is Verdict.MET else inner), (broken,)


def _inner_verdict(record: Record, checks: Sequence[CheckResult]) -> tuple[Verdict, tuple[str, ...]]:
    verdicts = [check.verdict for check in checks]
    reasons = [check.text for check in checks if check.verdict is not Verdict.MET]
    if record.ended_by is not None:
        verdicts.append(verdict_of(record.ended_by))
        if str(record.ended_by) not in reasons:
            reasons.insert(0, str(record.ended_by))
    elif not record.required:
        verdicts.append(Verdict.INVALID)
        reasons.append("the scenario requires nothing, so nothing was shown")
    inner = merge(verdicts)
    decisive = [c.text for c in checks if c.verdict is inner] if inner is Verdict.MET else reasons
    return inner, tuple(dict.fromkeys(decisive))


def _judged(record: Record) -> Objectives:
    """What was promised and is judged; a default that the scenario never asks for is no promise of this drill."""
    stated, required = record.objectives, record.required
    return Objectives(
        rto_s=stated.rto_s if "rto" in required else None,
        rpo_items=stated.rpo_items if "rpo" in required else None,
        rpo_s=stated.rpo_s if "rpo" in required else None,
        error_budget=stated.error_budget if "error-budget" in required else None,
    )


def _write_history(record: Record, events: Sequence[Event]) -> str:
    path = record.folder / HISTORY
    codec.write(path, events)
    if record.commits is not None:
        codec.write(record.folder / COMMITS, record.commits)
    return sha256_of(path)


def sha256_of(path: Path) -> str:
    """The hash of a file, as hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _prediction(record: Record, measures: Measures) -> Prediction | None:
    main = record.main_fault
    if measures.fault is None or main is None or main.kind not in ("region-outage", "service-outage"):
        return None
    # A lost database leaves the application up: its health path answers at once, and says no.
    refused = main.mode in ("refuse", "reset") or main.kind == "service-outage"
    failure: Failure = "refused" if refused else "black-hole"
    return predict(constants_of(record.environment, record.timing, failure, record.subject_timing))


def _faults(record: Record, measures: Measures) -> tuple[FaultResult, ...]:
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
        for fault, judged in zip(record.faults, measures.canaries, strict=True)
    )


def _unseen_s(measures: Measures) -> float | None:
    """Where no client noticed the fault: how long an outage could still have been."""
    worst = measures.worst
    return to_s(worst.unseen_ns) if worst is not None and worst.unaffected else None


def _by_cohort(measures: Measures) -> dict[str, Bracket | None]:
    found: dict[str, Bracket | None] = {}
    for name, cohort in sorted(measures.cohorts.items()):
        found[name] = cohort.worst.bracket
        for kind, time in cohort.by_kind.items():
            found[f"{name}/{kind}"] = time.bracket
    return found


def _rpo(measures: Measures) -> RpoResult | None:
    point, final = measures.point, measures.final
    if point is None:
        return None
    return RpoResult(
        acknowledged=point.acknowledged,
        missing_low=point.missing_low,
        missing_high=point.missing_high,
        oldest_missing_s=None if point.oldest_missing_ns is None else to_s(point.oldest_missing_ns),
        newest_missing_s=None if point.newest_missing_ns is None else to_s(point.newest_missing_ns),
        stale=stale_reads(measures.operations, point.explained),
        duplicated=0 if final is None else len(final.duplicated),
        resurrected=0 if final is None else len(final.resurrected),
        unknown=point.unknown,
        lost_after_heal=None if final is None else final.lost_after_heal,
        missing_ids=point.missing_ids[:_MISSING_IDS_SHOWN],
    )


def _failback(record: Record, measures: Measures) -> Mapping[str, object] | None:
    if "failback" not in record.required or measures.heal_ns is None:
        return None
    return judgement.failback_of(record, measures)[1]


def _findings(record: Record, measures: Measures, checks: Sequence[CheckResult]) -> tuple[Finding, ...]:
    found = [finding for check in checks for finding in check.findings]
    found.extend(_activation(record, measures))
    found.extend(_not_healed(record, measures))
    if record.unsent:
        text = f"the witness was too late to send {record.unsent} operations, and left them out: the machine stalled"
        found.append(Finding("unsent", text, "warning"))
    found.extend(Finding("subject-died", sentence, "serious") for sentence in record.deaths)
    if record.timing.scale != 1 and not record.honours_time_scale:
        text = "the subject does not honour TIME_SCALE: its own intervals are not scaled as the edge's are"
        found.append(Finding("mixed-timing", text, "warning"))
    order = {"serious": 0, "warning": 1, "info": 2}
    return tuple(sorted(dict.fromkeys(found), key=lambda f: order.get(f.severity, 1)))


def _activation(record: Record, measures: Measures) -> list[Finding]:
    """When the other side took over: the part of the recovery that a lease takes is in there."""
    if measures.point is None or measures.fault is None:
        return []
    after_s = to_s(max(0, measures.point.takeover_ns - measures.fault.start_low_ns))
    text = f"{measures.survivor} acknowledged its first write {after_s:.1f} s after the fault"
    timing = record.subject_timing
    if timing is not None and timing.lease_s:
        text += f"; the lost side's lease may run for {record.timing.interval_s(timing.lease_s):.1f} s of that"
    return [Finding("activation", text, "info")]


def _not_healed(record: Record, measures: Measures) -> list[Finding]:
    """A fault that was taken back and still bites, which makes everything after it doubtful."""
    return [
        Finding("not-healed", f"{fault.kind} {fault.target} was healed, and its links still fail afterwards", "serious")
        for fault, judged in zip(record.faults, measures.canaries, strict=True)
        if judged.healed is False
    ]


def _outages(record: Record, measures: Measures) -> tuple[Outage, ...]:
    given_up_ns = unanswered_ns(record.environment)
    found = interruptions(measures.operations, record.window_ns, measures.padding, timeout_ns=given_up_ns)
    return tuple(Outage(i.cohort, i.duration, i.first_bad_ns, i.last_bad_ns) for i in found)


def _availability(measures: Measures) -> dict[str, float]:
    shares = by_cohort(measures.operations, measures.steady_ns)
    return {name: share.value for name, share in shares.items() if share.value is not None}
