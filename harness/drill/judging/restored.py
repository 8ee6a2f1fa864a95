"""Whether a corrupted table was restored: what is still corrupt, for how long, and what the restore could not bring."""

from __future__ import annotations

from dataclasses import dataclass, replace

from harness.checkers.result import CheckResult, Finding, some
from harness.drill.case import Requirement
from harness.drill.case_recovery import CaseRestore
from harness.drill.evidence import RestoreResult
from harness.drill.measures import Measures
from harness.drill.restore_points import onset_before
from harness.faults.table_corrupted import TableCorrupted
from harness.measurement.corruption import corrupt_in, gone_for
from harness.outcome import Bracket, Verdict, merge
from harness.spelling import seconds
from harness.units import to_ns, to_s

NAME = "table-restored"


@dataclass(frozen=True)
class _Found:
    still: dict[str, tuple[str, ...]]
    sights: int
    result: RestoreResult


def restore_result(measures: Measures) -> RestoreResult | None:
    """What is known of the restore of a drill, for the evidence; None where nothing was corrupted."""
    found = _found(measures)
    return None if found is None else found.result


def table_restored(requirement: Requirement, measures: Measures) -> CheckResult:
    """MISSED with the items that are still corrupt, or with what was lost beyond what was promised."""
    found = _found(measures)
    if found is None:
        return CheckResult(NAME, Verdict.UNKNOWN, "nothing was corrupted, so nothing was to be restored")
    if measures.stored is None:
        return CheckResult(NAME, Verdict.UNKNOWN, "the data was not read after everything had gone quiet")
    if found.still:
        return _still_corrupt(measures, found)
    if not measures.case.restores:
        text = "nobody restored anything; what was corrupt was overwritten or deleted by clients"
        return CheckResult(NAME, Verdict.MISSED, text)
    return _in_time(requirement, found.result, _judged(measures, found.result))


def _judged(measures: Measures, result: RestoreResult) -> CheckResult:
    allowed_s, point = measures.case.objectives.rpo_s, measures.restored
    text = (
        f"{_items(result.put_back)} put back and {result.removed} removed; corrupt values were to be had for "
        f"{_span(result.rto)}; {_range(result.lost_low, result.lost_high)} lost to the restore"
    )
    findings = []
    if point.lost:
        findings.append(Finding("A1", f"{text}: {some(point.lost, limit=3)}", "info", point.oldest_ns))
    lost_s = result.lost_span_s
    if lost_s is None:
        return CheckResult(NAME, Verdict.MET, text, tuple(findings))
    text = f"{text}, of {lost_s:.2f} s up to the corruption"
    if allowed_s is None:
        return CheckResult(NAME, Verdict.MET, text, tuple(findings))
    verdict = Verdict.MET if to_ns(lost_s) <= to_ns(allowed_s) else Verdict.MISSED
    return CheckResult(NAME, verdict, f"{text} ({allowed_s:g} s are allowed)", tuple(findings))


def _in_time(requirement: Requirement, result: RestoreResult, judged: CheckResult) -> CheckResult:
    """The same, held against the time that the scenario allows for it."""
    if requirement.from_ns is None or requirement.until_ns is None:
        return judged
    allowed_ns = requirement.until_ns - requirement.from_ns
    verdict = merge([judged.verdict, result.rto.judge(allowed_ns)])
    return replace(judged, verdict=verdict, text=f"{judged.text}; {seconds(allowed_ns)} were allowed for the restore")


def _still_corrupt(measures: Measures, found: _Found) -> CheckResult:
    told = "; ".join(
        f"{_items(len(keys))} corrupt in {at} in the end: {some(keys)}" for at, keys in found.still.items()
    )
    archive = measures.case.archive
    why = "nobody restored the table"
    if archive is not None and archive.said:
        why = f"the table was not restored ({archive.said})"
    restore = _last(measures)
    if restore is not None:
        onset = onset_before(measures.case, restore)
        why = "the table was restored"
        if onset is not None and restore.point_ns >= onset.start_low_ns:
            late_s = to_s(restore.point_ns - onset.start_low_ns)
            why = f"the table was restored to {late_s:.2f} s after the corruption had begun"
    text = f"{why}, and still {told}"
    return CheckResult(NAME, Verdict.MISSED, text, (Finding("corrupt", text, "serious"),))


def _found(measures: Measures) -> _Found | None:
    case, corruption = measures.case, measures.corruption
    faults = [fault for fault in case.faults if fault.applied and fault.kind == TableCorrupted.kind]
    if corruption is None or not faults:
        return None
    fault, restore, point = faults[-1], _last(measures), measures.restored
    still = corrupt_in(measures.stored, measures.data.table)
    sights = [sight for sight in corruption.sights(fault.canary.links) if sight.returned_ns >= fault.started_ns]
    clean_ns = None if restore is None or still else restore.done_ns
    by_clients = sum(1 for sight in sights if sight.key)
    span_ns = None
    if point.oldest_ns is not None and point.newest_ns is not None:
        span_ns = max(fault.started_ns, point.newest_ns) - point.oldest_ns
    result = RestoreResult(
        database=fault.target,
        rto=gone_for(fault.interval, sights, clean_ns),
        takes=None if restore is None else Bracket(
            restore.there_ns - restore.asked_ns, restore.done_ns - restore.asked_ns
        ),
        lost_low=len(point.lost),
        lost_high=len(point.lost) + len(point.maybe),
        lost_span_s=None if span_ns is None else to_s(span_ns),
        lost_ids=point.lost[:1000],
        point_s=None if restore is None else to_s(fault.started_ns - restore.point_ns),
        put_back=0 if restore is None else len(restore.put_back),
        removed=0 if restore is None else len(restore.removed),
        corrupt_reads=by_clients,
        still_corrupt=sum(len(keys) for keys in still.values()),
    )  # fmt: skip
    return _Found(still, len(sights), result)


def _last(measures: Measures) -> CaseRestore | None:
    return measures.case.restores[-1] if measures.case.restores else None


def _items(count: int) -> str:
    return "1 item" if count == 1 else f"{count} items"


def _range(low: int, high: int) -> str:
    count = str(low) if low == high else f"{low} to {high}"
    return f"{count} acknowledged {'write' if low == high == 1 else 'writes'}"


def _span(span: Bracket) -> str:
    if span.high_ns is None:
        return f"{to_s(span.low_ns):.1f} s or more"
    return f"{to_s(span.low_ns):.1f} to {to_s(span.high_ns):.1f} s"
