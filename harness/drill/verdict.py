"""From the checks of a drill to its one verdict, and the reasons for it."""

from __future__ import annotations

from collections.abc import Sequence

from harness.checkers.result import CheckResult
from harness.drill.case import Case
from harness.outcome import Verdict, merge


def verdict_of(case: Case, checks: Sequence[CheckResult]) -> tuple[Verdict, tuple[str, ...]]:
    """The verdict, and the reasons: of a control, whether the drill inside it ended as it must."""
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
