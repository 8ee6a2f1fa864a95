"""What an abort kept from being shown: what only time could have brought is not held against an aborted drill."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from harness.checkers.result import CheckResult
from harness.checkers.vacuity import PROVES_NOTHING
from harness.drill.case import Case, Requirement
from harness.outcome import Verdict

_NEEDS_TIME = ("failback", "no-failover", "nowhere-to-go", "error-budget", "rpo-shows-stall")


def cut_short(
    case: Case, judged: Sequence[tuple[Requirement, CheckResult]], aborted_ns: int
) -> list[tuple[Requirement, CheckResult]]:
    """The results as they stand after an abort: what had more than the time that it was promised stays missed."""
    return [
        (requirement, _untold(check) if _had_no_time(case, requirement, check, aborted_ns) else check)
        for requirement, check in judged
    ]


def cut_short_validity(case: Case, validity: CheckResult) -> CheckResult:
    """What an aborted drill did not come to show is no doubt about what it was aborted for."""
    if validity.verdict is not Verdict.INVALID:
        return validity
    if not any(fault.applied for fault in case.faults):
        return CheckResult(validity.name, Verdict.MET, "nothing was broken yet when the drill was aborted")
    doubts = validity.text.removeprefix(PROVES_NOTHING)
    text = f"not judged, since the drill was aborted: until then {doubts}"
    return CheckResult(validity.name, Verdict.UNKNOWN, text)


def _had_no_time(case: Case, requirement: Requirement, check: CheckResult, aborted_ns: int) -> bool:
    last = len(case.episodes) - 1
    if check.verdict is not Verdict.MISSED or requirement.episode != last:
        return False
    if requirement.name == "rto":
        begun_ns = [fault.started_ns for fault in case.faults if fault.applied and fault.started_ns <= aborted_ns]
        return bool(begun_ns) and aborted_ns - max(begun_ns) <= case.limits.objective_ns
    return requirement.name in _NEEDS_TIME


def _untold(check: CheckResult) -> CheckResult:
    return replace(
        check, verdict=Verdict.UNKNOWN, text=f"not judged, since the drill was aborted: until then {check.text}"
    )
