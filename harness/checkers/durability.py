"""Anomalies A1 (lost write), A4 (resurrected delete), A5 (phantom), A6 (duplicate), A10 (divergence) at the end."""

from __future__ import annotations

from collections.abc import Sequence

from harness.checkers.result import CheckResult, Finding, some
from harness.measurement.final_state import FinalState
from harness.outcome import Verdict


def durability(final: FinalState | None, *, region_came_back: bool, missing_ids: Sequence[str] = ()) -> CheckResult:
    """Did every acknowledged write survive? final: None when the final state could not be read, or was not quiet.

    region_came_back: the lost side's disk is there again, so nothing at all may stay lost. Otherwise what the
    recovery point already counts (missing_ids) is not held against the design a second time. Nothing at all: on either
    side. That the sides differ in what nobody was told is done is a finding only.
    """
    name = "durability"
    if final is None:
        return CheckResult(name, Verdict.UNKNOWN, "the final state was not read after everything had gone quiet")
    explained = frozenset() if region_came_back else frozenset(missing_ids)
    lost = [op for op in final.lost if op not in explained]
    resurrected = [op for op in final.resurrected if op not in explained]
    maybe = [op for op in final.maybe_lost if op not in explained]
    findings = (*_serious(lost, resurrected, final), *_warnings(maybe, final))
    if lost or resurrected or final.phantom:
        text = f"{len(lost)} acknowledged writes lost for good, {len(resurrected)} deletes undone, " + (
            f"{len(final.phantom)} values that were never accepted"
        )
        return CheckResult(name, Verdict.MISSED, text, findings)
    if final.diverged and final.lacking:
        return CheckResult(name, Verdict.MISSED, f"the two sides differ in {len(final.diverged)} items", findings)
    if maybe:
        # By A1's definition an unanswered delete supersedes: what it may have removed is not lost.
        text = f"every acknowledged write survived, or an unanswered delete explains its absence ({len(maybe)})"
        return CheckResult(name, Verdict.MET, text, findings)
    return CheckResult(name, Verdict.MET, "every acknowledged write survived", findings)


def _serious(lost: Sequence[str], resurrected: Sequence[str], final: FinalState) -> list[Finding]:
    found: list[Finding] = []
    if lost:
        there = [op for op in lost if op in final.elsewhere]
        rest = f"; still on the other side: {some(there)}" if there else ""
        found.append(Finding("A1", f"acknowledged writes lost: {some(lost)}{rest}", "serious"))
    if resurrected:
        found.append(Finding("A4", f"acknowledged deletes undone or never applied: {some(resurrected)}", "serious"))
    if final.phantom:
        found.append(Finding("A5", f"values that no accepted write wrote: {some(final.phantom)}", "serious"))
    if final.diverged:
        found.append(Finding("A10", f"the two sides differ in items {some(final.diverged)}", "serious"))
    return found


def _warnings(maybe: Sequence[str], final: FinalState) -> list[Finding]:
    found: list[Finding] = []
    if maybe:
        found.append(Finding("unanswered-delete", f"absent, as an unanswered delete explains: {some(maybe)}", "info"))
    if final.duplicated:
        # Keys of the application's own are among them; the anomaly checker `duplicates` judges which are none.
        found.append(Finding("A6", f"one write's value under several keys: {some(final.duplicated)}", "info"))
    if final.conflicts:
        found.append(Finding("A10", f"both sides took a write of the same item: {some(final.conflicts)}"))
    if final.late:
        found.append(Finding("late", f"missing at takeover, arrived later: {some(final.late)}", "info"))
    return found
