"""Whether a region whose tables were gone holds again what it must, by the other region and by what clients saw."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from harness.checkers.result import CheckResult, Finding, some
from harness.drill.case import CaseFault, Requirement
from harness.drill.case_recovery import CaseRebuild
from harness.drill.measures import Measures
from harness.faults.tables_deleted import TablesDeleted
from harness.history.codes import DELETE, FAIL, PUT
from harness.measurement.corruption import Sight, gone_for
from harness.measurement.final_state import lost_after_heal
from harness.outcome import Bracket, Verdict
from harness.spelling import bracket, seconds
from harness.units import to_s

NAME = "region-rebuilt"


@dataclass(frozen=True)
class Rebuilt:
    """rto: from the deletion until all was there again; without an end where it never was. takes: from asking for an
    export until the tables were imported, and until they were set up as before. behind: how many acknowledged writes
    the imported tables lacked by then, which something else must bring; behind_ns: for how long they had been written.
    """

    database: str
    rto: Bracket
    takes: Bracket | None = None
    behind: tuple[int, int] | None = None
    behind_ns: int | None = None
    items: int = 0


def rebuilt(measures: Measures) -> Rebuilt | None:
    """What is known of the rebuild of a drill; None where no tables were deleted."""
    fault = _deletion(measures)
    if fault is None:
        return None
    done = _last(measures, fault)
    until_ns = None if done is None else done.done_ns
    sights = [
        Sight("", probe.mono_ns, probe.returned_ns)
        for probe in measures.probes
        if probe.link in fault.canary.links and not probe.ok and probe.mono_ns >= fault.started_ns
        and (until_ns is None or probe.mono_ns <= until_ns)
    ]  # fmt: skip
    rto = gone_for(fault.interval, sights, until_ns)
    if done is None:
        return Rebuilt(fault.target, rto)
    return Rebuilt(
        fault.target, rto, Bracket(done.there_ns - done.asked_ns, done.done_ns - done.asked_ns),
        _written_since(measures, done), done.done_ns - done.point_ns, done.items,
    )  # fmt: skip


def as_evidence(found: Rebuilt) -> Mapping[str, Any]:
    """The `measured.rebuild` object of run.json."""
    told: dict[str, Any] = {"database": found.database, "rto": found.rto.as_evidence(), "items": found.items}
    if found.takes is not None:
        told["takes"] = found.takes.as_evidence()
    if found.behind is not None and found.behind_ns is not None:
        told["rpo"] = {"low": found.behind[0], "high": found.behind[1], "span_s": to_s(found.behind_ns)}
    return told


def region_rebuilt(requirement: Requirement, measures: Measures) -> CheckResult:
    """MISSED with the side that lacks something and the keys, or where it took longer than was promised."""
    fault, found = _deletion(measures), rebuilt(measures)
    if fault is None or found is None:
        return CheckResult(NAME, Verdict.UNKNOWN, "no tables were deleted, so nothing was to be rebuilt")
    if measures.stored is None:
        return CheckResult(NAME, Verdict.UNKNOWN, "the data was not read after everything had gone quiet")
    done = _last(measures, fault)
    wrong = _wrong(measures, fault, done)
    if wrong:
        why = f"nobody rebuilt the tables of {fault.target}" if done is None else f"{fault.target} was rebuilt"
        text = f"{why}, and in the end {'; '.join(wrong)}"
        return CheckResult(NAME, Verdict.MISSED, text, (Finding("A10", text, "serious"),))
    if done is None:
        text = f"nobody rebuilt the tables of {fault.target} from a backup; something else did"
        return CheckResult(NAME, Verdict.MISSED, text)
    return _in_time(requirement, found, done)


def _in_time(requirement: Requirement, found: Rebuilt, done: CaseRebuild) -> CheckResult:
    low, high = found.behind or (0, 0)
    count = str(low) if low == high else f"{low} to {high}"
    text = (
        f"{found.database} holds again what {done.survivor} holds, after {bracket(found.rto)}; {found.items} items "
        f"came with the export, and {count} acknowledged writes, of {seconds(found.behind_ns or 0)}, since then"
    )
    if requirement.from_ns is None or requirement.until_ns is None:
        return CheckResult(NAME, Verdict.MET, text)
    allowed_ns = requirement.until_ns - requirement.from_ns
    return CheckResult(NAME, found.rto.judge(allowed_ns), f"{text} ({seconds(allowed_ns)} were allowed)")


def _wrong(measures: Measures, fault: CaseFault, done: CaseRebuild | None) -> Sequence[str]:
    """What is not as it must be, each with the side and the keys."""
    stored, here = measures.stored or {}, fault.target
    others = [name for name in stored if name != here]
    there = done.survivor if done is not None else next(iter(others), None)
    if there is None:
        return ()
    told = []
    for table in sorted(set(stored.get(here, {})) | set(stored.get(there, {}))):
        one, other = stored.get(here, {}).get(table, {}), stored.get(there, {}).get(table, {})
        one, other = ({k: v for k, v in items.items() if v is not None} for items in (one, other))
        for words, keys in (
            (f"{here} lacks", sorted(other.keys() - one.keys())),
            (f"{there} lacks", sorted(one.keys() - other.keys())),
            (f"{here} and {there} differ in", sorted(k for k in one.keys() & other.keys() if one[k] != other[k])),
        ):
            if keys:
                told.append(f"{words} {_many(len(keys))} of {table}: {some(keys, limit=5)}")
        if table == measures.data.table:
            told += _ledger(measures, here, there, one, other)
    return told


def _ledger(
    measures: Measures, here: str, there: str, one: Mapping[str, str], other: Mapping[str, str]
) -> Sequence[str]:
    """Acknowledged writes that the rebuilt side lacks, and that no recovery point accounts for."""
    final = lost_after_heal(measures.operations, one, other, measures.missing_ids, measures.explained)
    lost = [op for op in (*final.lost, *final.resurrected) if op not in measures.explained]
    if not lost:
        return ()
    kept = [op for op in lost if op in final.elsewhere]
    where = f", {len(kept)} of which {there} has" if kept else ""
    return (f"{here} does not show {len(lost)} acknowledged writes{where}: {some(lost, limit=5)}",)


def _written_since(measures: Measures, done: CaseRebuild) -> tuple[int, int]:
    """Writes that took effect after the exported moment and before the rebuild was over: surely, and perhaps."""
    columns = measures.operations
    writes = ((columns.f == PUT) | (columns.f == DELETE)) & (columns.outcome != FAIL)
    perhaps = writes & (columns.settled_ns > done.point_ns) & (columns.sent_ns < done.done_ns)
    surely = perhaps & columns.acknowledged & (columns.sent_ns > done.point_ns) & (columns.settled_ns <= done.done_ns)
    return int(np.count_nonzero(surely)), int(np.count_nonzero(perhaps))


def _deletion(measures: Measures) -> CaseFault | None:
    found = [fault for fault in measures.case.faults if fault.applied and fault.kind == TablesDeleted.kind]
    return found[-1] if found else None


def _last(measures: Measures, fault: CaseFault) -> CaseRebuild | None:
    found = [one for one in measures.case.rebuilds if one.database == fault.target]
    return found[-1] if found else None


def _many(count: int) -> str:
    return "1 item" if count == 1 else f"{count} items"
