"""Requirements about data: what the survivor lacked, what survived, and whether both sides agree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from harness.checkers import objectives as objective_checks
from harness.checkers.durability import SIDES_DIFFER, differing, durability
from harness.checkers.result import CheckResult, Finding, some
from harness.drill.case import Final, Requirement
from harness.drill.cuts import STANDSTILLS
from harness.drill.judging import recovery_points
from harness.drill.judging.databases import goes_on
from harness.drill.judging.recovery import episode_of
from harness.drill.measures import ONE_DATABASE, Measures
from harness.measurement.recovery_point import RecoveryPoint
from harness.outcome import Verdict, merge
from harness.spelling import seconds
from harness.units import to_ns

_SLACK_NS = to_ns(0.5)
"""How much smaller than the stall the recovery point may be: the stall's own onset, and the time between two writes."""


def rpo(requirement: Requirement, measures: Measures) -> CheckResult:
    """What the survivor lacked at takeover, in items and in seconds, as far as either was promised."""
    stated, episode = measures.case.objectives, episode_of(requirement, measures)
    if episode is not None and episode.one_database:
        return CheckResult("rpo", Verdict.UNKNOWN, ONE_DATABASE)
    point, lost = (None, "") if episode is None else (episode.point, episode.lost)
    if episode is not None and point is None and (told := goes_on(episode, measures)):
        return CheckResult("rpo", Verdict.MET, f"nothing was lost with the place: {told}")
    parts = []
    if stated.rpo_items is not None:
        parts.append(objective_checks.rpo_items(point, stated.rpo_items, lost))
    if stated.rpo_s is not None:
        parts.append(objective_checks.rpo_s(point, stated.rpo_s, lost))
    if not parts:
        return CheckResult("rpo", Verdict.UNKNOWN, "no recovery point objective was stated")
    return CheckResult("rpo", merge(part.verdict for part in parts), "; ".join(part.text for part in parts))


def rpo_shows_stall(requirement: Requirement, measures: Measures) -> CheckResult:
    """Whether the loss of a stall shows in the recovery point."""
    name, episode = "rpo-shows-stall", episode_of(requirement, measures)
    faults = [measures.case.faults[i] for i in (() if episode is None else episode.episode.faults)]
    stall = next((fault for fault in faults if fault.kind in STANDSTILLS and fault.applied), None)
    point: RecoveryPoint | None = None if episode is None else episode.point
    if episode is None or stall is None or episode.onset is None or point is None:
        return CheckResult(name, Verdict.UNKNOWN, "not measurable: no stall, no loss after it, or no takeover")
    stalled_ns = episode.onset.start_low_ns - stall.interval.start_high_ns
    oldest_ns = point.span_ns or 0
    known = f"{'up to ' if point.maybe_ids else ''}{seconds(oldest_ns)}"
    size = "without a bound, for nothing was replicated" if point.unbounded else known
    sizes = f"stall of {seconds(stalled_ns)}, recovery point {size}"
    count = f"{point.missing_low} acknowledged writes missing"
    if oldest_ns >= stalled_ns - _SLACK_NS:
        return CheckResult(name, Verdict.MET, f"{sizes}: the recovery point is as large as the stall; {count}")
    return CheckResult(name, Verdict.MISSED, f"{sizes}: the loss of the stall does not show; {count}")


def durability_of(measures: Measures) -> CheckResult:
    """Whether every acknowledged write survived."""
    result = durability(measures.final, region_came_back=True, missing_ids=measures.missing_ids)
    told = _divergence(measures)
    if not told or measures.final is None or not measures.final.diverged or result.verdict is not Verdict.MISSED:
        return result
    # Which side lacks what, and since when, is more than how many items differ.
    vague = differing(len(measures.final.diverged))
    findings = result.findings
    if measures.case.promise is not None:  # then `beyond_promises` has the same in detail
        findings = tuple(f for f in findings if not f.text.startswith(SIDES_DIFFER))
    return replace(result, text=result.text.replace(vague, f"{vague}: {told}"), findings=findings)


def same_data(measures: Measures) -> CheckResult:
    """Whether both sides hold the same items at the end."""
    name = "same-data"
    if measures.one_database:
        return CheckResult(name, Verdict.UNKNOWN, ONE_DATABASE)
    diverged = None if measures.final is None else measures.final.diverged
    if diverged is None:
        return CheckResult(name, Verdict.UNKNOWN, "not measurable: the tables of both regions could not be read")
    if diverged:
        told = _divergence(measures) or some(diverged)
        count = "1 item differs" if len(diverged) == 1 else f"{len(diverged)} items differ"
        return CheckResult(name, Verdict.MISSED, f"{count} between the regions: {told}")
    return CheckResult(name, Verdict.MET, "both regions hold the same items")


def _divergence(measures: Measures) -> str:
    """Which side lacks what, and since when; "" where that is not known."""
    found = [result for result in measures.anomalies if result.name == "divergence"]
    return "; ".join(result.text for result in found if result.verdict is Verdict.MISSED)


def converged(data: Final) -> bool:
    """Whether all databases hold the same items."""
    views = [
        {table: {k: v for k, v in items.items() if v is not None} for table, items in tables.items()}
        for tables in data.values()
    ]
    return all(view == views[0] for view in views)


def _as_designed(found: Sequence[Finding]) -> list[Finding]:
    """What two sides lack of each other where the subject's file says that nothing is copied: said once, as a note."""
    if not found:
        return []
    text = "; ".join(finding.text for finding in found)
    told = f"the two sides do not hold the same, as the subject's file says (`replication: none`): {text}"
    return [Finding(found[0].id, told, "info")]


def beyond_promises(measures: Measures) -> CheckResult:
    """What remains of a drill's data although no promise is broken by it: findings, and no verdict of their own."""
    final = measures.final
    found = [f for result in measures.anomalies if result.name == "divergence" for f in result.findings]
    meant = measures.case.replication == "none"
    findings = _as_designed(found) if meant else found
    lost = [] if final is None else [*final.lost, *final.resurrected]
    accounted = [op for op in lost if op in measures.explained]
    if accounted:
        many = "1 acknowledged write stays" if len(accounted) == 1 else f"{len(accounted)} acknowledged writes stay"
        text = f"{many} lost, which the recovery point accounts for: {some(accounted, limit=3)}"
        said = meant or any(point.unbounded for point in measures.points)  # then all of it is lost, and told
        large = any(point.explained.intersection(accounted) for point in recovery_points.larger_than_promised(measures))
        findings.append(Finding("A1", text, "info" if said else "serious" if large else "warning"))
    if not meant:
        findings.extend(recovery_points.of_nobody_given_up(measures))
    if final is not None and final.late:
        findings.append(Finding("late", f"missing at takeover, arrived later: {some(final.late)}", "info"))
    return CheckResult("data", Verdict.UNKNOWN, "", tuple(findings))
