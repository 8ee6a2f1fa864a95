"""Was what had been promised kept? MET and MISSED only where the whole range of the measurement agrees."""

from __future__ import annotations

from harness.checkers.result import CheckResult, some
from harness.measurement.recovery_point import RecoveryPoint
from harness.measurement.recovery_time import RecoveryTime
from harness.measurement.shares import Share
from harness.outcome import Verdict
from harness.spelling import bracket, seconds
from harness.units import NS_PER_S, to_ns


def rto(worst: RecoveryTime | None, objective_s: float) -> CheckResult:
    """Recovery time by the worst dns client. worst: None when that cohort sent nothing."""
    name = "rto_s"
    if worst is None:
        return CheckResult(name, Verdict.UNKNOWN, "not measurable: no dns client sent anything")
    limit = f"objective {objective_s:g} s"
    if worst.unaffected:
        return CheckResult(name, Verdict.MET, f"no client noticed the fault while it held: 0 s, {limit}")
    if worst.never_recovered:
        return CheckResult(name, Verdict.MISSED, f"{_never(worst)}, {limit}")
    range_ = bracket(worst.bracket)
    if worst.recovered_only_after_heal:
        text = f"client {worst.client} recovered only because the fault was healed, after {range_}, {limit}"
        return CheckResult(name, Verdict.MISSED, text)
    verdict = worst.bracket.judge(to_ns(objective_s))
    if not worst.confirmed and verdict is Verdict.MET:
        text = f"recovered after {range_}, but was not watched for long enough to call it lasting, {limit}"
        return CheckResult(name, Verdict.UNKNOWN, text)
    return CheckResult(name, verdict, f"worst client {worst.client} ({worst.kind}): {range_}, {limit}")


def rpo_items(point: RecoveryPoint | None, objective: int, lost: str = "the lost side") -> CheckResult:
    """Acknowledged writes missing at takeover, as a count. lost: the place that had acknowledged them."""
    name = "rpo_items"
    if point is None:
        return CheckResult(name, Verdict.UNKNOWN, "not measurable: the other side never acknowledged a write")
    low, high = point.missing_low, point.missing_high
    verdict = Verdict.MET if high <= objective else Verdict.MISSED if low > objective else Verdict.UNKNOWN
    count = str(low) if low == high else f"{low} to {high}"
    when = "" if point.void_ids else " at takeover"
    text = f"{count} of {point.acknowledged} acknowledged writes missing{when}{_after(point, lost)}"
    text += f", objective {objective}"
    if verdict is not Verdict.MET:
        text += f" ({some([*point.missing_ids, *point.maybe_ids], limit=3)})"
    return CheckResult(name, verdict, text)


def rpo_s(point: RecoveryPoint | None, objective_s: float, lost: str = "the lost side") -> CheckResult:
    """How many seconds of acknowledged writes were missing at takeover: up to the fault, or up to the last of them."""
    name = "rpo_s"
    if point is None:
        return CheckResult(name, Verdict.UNKNOWN, "not measurable: the other side never acknowledged a write")
    limit = f"objective {objective_s:g} s"
    high_ns = (point.oldest_missing_ns if point.span_ns is None else point.span_ns) or 0
    low_ns = (point.oldest_certain_ns if point.span_certain_ns is None else point.span_certain_ns) or 0
    limit_ns = to_ns(objective_s)
    verdict = Verdict.MET if high_ns <= limit_ns else Verdict.MISSED if low_ns > limit_ns else Verdict.UNKNOWN
    if point.missing_high == 0:
        return CheckResult(name, verdict, f"nothing missing at takeover, {limit}")
    if point.after_ns is not None:
        text = f"{seconds(high_ns)} of acknowledged writes missing{_after(point, lost)}, {limit}"
        return CheckResult(name, verdict, text)
    text = f"the oldest missing write was acknowledged {seconds(high_ns)} before the fault, {limit}"
    return CheckResult(name, verdict, text)


def _after(point: RecoveryPoint, lost: str) -> str:
    """What was acknowledged although it could not be replicated any more."""
    if point.after_ns is None:
        return ""
    text = f", {len(point.after_ids)} of them acknowledged by {lost} up to {seconds(point.after_ns)} after the fault"
    return f"{text}, {len(point.void_ids)} of these when the other side had taken over" if point.void_ids else text


def error_budget(served: Share, objective: float) -> CheckResult:
    """Share of failed operations over the drill. objective: allowed share, 0..1."""
    name = "error_budget"
    if served.total == 0:
        return CheckResult(name, Verdict.UNKNOWN, "not measurable: no operations")
    verdict = Verdict.MET if served.failure_rate <= objective else Verdict.MISSED
    failed = served.total - served.good
    text = f"{failed} of {served.total} operations failed ({served.failure_rate:.2%}), allowed {objective:.2%}"
    return CheckResult(name, verdict, text)


def _never(worst: RecoveryTime) -> str:
    """That a client never recovered, without denying that it was served for a while in between."""
    who, meanwhile_ns = f"client {worst.client}", worst.served_between_ns
    if meanwhile_ns < NS_PER_S:
        return f"{who} never recovered ({worst.kind}): {bracket(worst.bracket)}"
    return f"{who} never recovered for good ({worst.kind}): served for {seconds(meanwhile_ns)}, and then lost again"
