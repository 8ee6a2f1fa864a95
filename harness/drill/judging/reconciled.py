"""Whether two databases were made the same again, and what that has cost."""

from __future__ import annotations

from harness.checkers.result import CheckResult, Finding, some
from harness.drill.case import Requirement
from harness.drill.measures import Measures
from harness.drill.reconciled import CaseReconciled
from harness.outcome import Verdict
from harness.units import to_s

NAME = "reconciled"


def reconciled(_: Requirement, measures: Measures) -> CheckResult:
    """MISSED where nobody reconciled them, or where they differ afterwards; with conflicts, losers, and who won."""
    done = measures.case.reconciled
    if done is None:
        return CheckResult(NAME, Verdict.MISSED, "nobody reconciled the tables")
    text = _told(done)
    findings = []
    if done.losers:
        told = f"values that no database holds any more: {some(done.losers, limit=3)}"
        findings.append(Finding("A10", f"{text}; {told}", "info", done.asked_ns))
    if done.left or done.undecided:
        text = f"{text}; {done.left} keys differ still, of which the policy left {done.undecided} undecided"
        return CheckResult(NAME, Verdict.MISSED, text, tuple(findings))
    return CheckResult(NAME, Verdict.MET, f"{text}; then they were the same, item by item", tuple(findings))


def _told(done: CaseReconciled) -> str:
    parts = [f"{count} copied to {to}" for to, count in done.copied.items() if count]
    parts += [f"{count} deleted in {at}" for at, count in done.deleted.items() if count]
    if done.conflicts:
        won = ", ".join(f"{side} won {count}" for side, count in done.won.items())
        parts.append(f"{done.conflicts} in conflict ({won})")
    listed = f": {', '.join(parts)}" if parts else ""
    took_s = to_s(done.done_ns - done.asked_ns)
    return f"{done.keys} keys of table {done.table} differed{listed}; {done.policy} decided, in {took_s:.2f} s"
