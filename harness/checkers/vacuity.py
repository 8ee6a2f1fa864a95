"""Anomaly A19: a drill that proves nothing must never pass."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from harness.checkers.result import CheckResult, Finding
from harness.history.events import Commit, Event, Operation
from harness.measurement.availability import Share
from harness.measurement.canary import CanaryJudgement
from harness.measurement.models import JUDGED_COHORT, FaultInterval
from harness.measurement.propagation import answer_changes
from harness.outcome import Verdict
from harness.units import NS_PER_MS

OPERATIONS_DURING_FAULT = 20
STRAY_PROBES = 2
STRAY_SHARE = 0.01


def vacuity(
    operations: Iterable[Operation],
    events: Iterable[Event | Commit],
    *,
    fault: FaultInterval | None,
    steady_ns: int,
    canaries: Mapping[str, CanaryJudgement],
    untouched: Mapping[str, Share],
    lateness_p999_ns: int | None,
    probe_period_ns: int,
    operations_needed: int = OPERATIONS_DURING_FAULT,
) -> CheckResult:
    """MET when the drill can prove something, INVALID with every reason when not.

    fault: None when nothing was injected. steady_ns: since when the DNS answer must not have changed before the
    fault. canaries: by fault. untouched: answered probes of each link that no fault touched. lateness_p999_ns: how
    late the witness sent, None when it sent nothing. probe_period_ns: time between two planned operations of one
    client and kind.
    """
    reasons: list[str] = []
    if fault is None:
        reasons.append("no fault was injected")
    else:
        reasons.extend(_during(operations, fault, operations_needed))
        reasons.extend(_answer_before(events, steady_ns, fault.start_low_ns))
        reasons.extend(f"fault {name} not observed: {c.sentence}" for name, c in canaries.items() if not c.observed)
        if not canaries:
            reasons.append("no canary watched the fault")
    if lateness_p999_ns is None:
        reasons.append("the witness sent nothing")
    elif lateness_p999_ns > probe_period_ns / 2:
        late_ms, half_ms = lateness_p999_ns / NS_PER_MS, probe_period_ns / 2 / NS_PER_MS
        reasons.append(f"the witness was too late to measure: p99.9 {late_ms:.0f} ms, {half_ms:.0f} ms allowed")
    reasons.extend(_disturbed(untouched))
    if reasons:
        findings = tuple(Finding("A19", reason, "serious") for reason in reasons)
        return CheckResult("vacuity", Verdict.INVALID, "the drill proves nothing: " + "; ".join(reasons), findings)
    seen = "; ".join(c.sentence for c in canaries.values())
    return CheckResult("vacuity", Verdict.MET, f"the fault was there: {seen}")


def _during(operations: Iterable[Operation], fault: FaultInterval, needed: int) -> Iterable[str]:
    count = sum(
        1
        for o in operations
        if o.invoke.cohort == JUDGED_COHORT
        and o.sent_ns >= fault.start_high_ns
        and (fault.stop_low_ns is None or o.sent_ns < fault.stop_low_ns)
    )
    if count < needed:
        yield f"dns clients sent only {count} operations while the fault held, {needed} needed"


def _disturbed(untouched: Mapping[str, Share]) -> Iterable[str]:
    """Where even what no fault touched fails, its effects cannot be told from those of an overloaded machine."""
    for link, answered in untouched.items():
        failed = answered.total - answered.good
        if failed > max(STRAY_PROBES, STRAY_SHARE * answered.total):
            yield (
                f"{failed} of {answered.total} probes of {link} failed, which no fault touched: "
                "this machine is overloaded, or the load too high"
            )


def _answer_before(events: Iterable[Event | Commit], from_ns: int, fault_ns: int) -> Iterable[str]:
    for client, changes in answer_changes(events).items():
        early = [a for a in changes if from_ns <= a.mono_ns < fault_ns]
        if early:
            yield f"the DNS answer seen by {client} changed {len(early)} times before the fault"
