"""Was what had been promised kept? MET and MISSED only where the whole range of the measurement agrees."""

from __future__ import annotations

from harness.checkers.result import CheckResult
from harness.measurement.availability import Share
from harness.measurement.recovery_point import RecoveryPoint
from harness.measurement.recovery_time import RecoveryTime
from harness.outcome import Verdict
from harness.units import NS_PER_S, to_ns, to_s


def rto(worst: RecoveryTime | None, objective_s: float) -> CheckResult:
    """Recovery time by the worst dns client. worst: None when that cohort sent nothing."""
    name = "rto_s"
    if worst is None:
        return CheckResult(name, Verdict.UNKNOWN, "not measurable: no dns client sent anything")
    limit = f"objective {objective_s:g} s"
    if worst.unaffected:
        return CheckResult(name, Verdict.MET, f"no client noticed the fault: 0 s, {limit}")
    if worst.never_recovered:
        return CheckResult(name, Verdict.MISSED, f"client {worst.client} never recovered ({worst.kind}), {limit}")
    range_ = _range(worst)
    if worst.recovered_only_after_heal:
        text = f"client {worst.client} recovered only because the fault was healed, after {range_}, {limit}"
        return CheckResult(name, Verdict.MISSED, text)
    verdict = worst.bracket.judge(to_ns(objective_s))
    if not worst.confirmed and verdict is Verdict.MET:
        text = f"recovered after {range_}, but was not watched for long enough to call it lasting, {limit}"
        return CheckResult(name, Verdict.UNKNOWN, text)
    return CheckResult(name, verdict, f"worst client {worst.client} ({worst.kind}): {range_}, {limit}")


def rpo_items(point: RecoveryPoint | None, objective: int) -> CheckResult:
    """Acknowledged writes missing at takeover, as a count."""
    name = "rpo_items"
    if point is None:
        return CheckResult(name, Verdict.UNKNOWN, "not measurable: the other side never acknowledged a write")
    low, high = point.missing_low, point.missing_high
    verdict = Verdict.MET if high <= objective else Verdict.MISSED if low > objective else Verdict.UNKNOWN
    count = str(low) if low == high else f"{low} to {high}"
    text = f"{count} of {point.acknowledged} acknowledged writes missing at takeover, objective {objective}"
    return CheckResult(name, verdict, text)


def rpo_s(point: RecoveryPoint | None, objective_s: float) -> CheckResult:
    """Age of the oldest acknowledged write missing at takeover, counted from the fault's onset."""
    name = "rpo_s"
    if point is None:
        return CheckResult(name, Verdict.UNKNOWN, "not measurable: the other side never acknowledged a write")
    high_ns, low_ns = point.oldest_missing_ns or 0, point.oldest_certain_ns or 0
    limit_ns = to_ns(objective_s)
    verdict = Verdict.MET if high_ns <= limit_ns else Verdict.MISSED if low_ns > limit_ns else Verdict.UNKNOWN
    if point.missing_high == 0:
        return CheckResult(name, verdict, f"nothing missing at takeover, objective {objective_s:g} s")
    text = (
        f"the oldest missing write was acknowledged {to_s(high_ns):.2f} s before the fault, objective {objective_s:g} s"
    )
    return CheckResult(name, verdict, text)


def error_budget(served: Share, objective: float) -> CheckResult:
    """Share of failed operations over the drill. objective: allowed share, 0..1."""
    name = "error_budget"
    if served.total == 0:
        return CheckResult(name, Verdict.UNKNOWN, "not measurable: no operations")
    verdict = Verdict.MET if served.failure_rate <= objective else Verdict.MISSED
    failed = served.total - served.good
    text = f"{failed} of {served.total} operations failed ({served.failure_rate:.2%}), allowed {objective:.2%}"
    return CheckResult(name, verdict, text)


def _range(time: RecoveryTime) -> str:
    high_ns = time.bracket.high_ns
    if high_ns is None:
        return f"at least {time.bracket.low_ns / NS_PER_S:.2f} s"
    return f"{to_s(time.bracket.low_ns):.2f} to {to_s(high_ns):.2f} s"
