"""What is measured of every drill beside what its scenario asks for, and what a reader should know of it.

Writes that both sides took while replication was cut; the time in which clients were not served and every health check
said that all was well; a rebuild of tables that were deleted; a business that went on elsewhere; what systems of others
were told; journeys that were made beside the workload; how an audience came back; and whether it worked again once the
cause was gone.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from harness.checkers.aftermath import goodput, hung
from harness.checkers.both_sides import as_evidence
from harness.checkers.result import Finding, some
from harness.drill.audience_evidence import audience_evidence
from harness.drill.business_measures import as_evidence as business_evidence
from harness.drill.case import Case
from harness.drill.journey_evidence import journey_evidence
from harness.drill.judging.interruptions import scenario_end_ns
from harness.drill.judging.rebuilt import as_evidence as rebuild_evidence
from harness.drill.judging.rebuilt import rebuilt
from harness.drill.measures import Measures
from harness.drill.party_evidence import party_evidence
from harness.measurement.availability import share
from harness.measurement.business import Effects
from harness.measurement.models import JUDGED_COHORT
from harness.spelling import seconds
from harness.units import to_ns, to_s

_TAIL_NS = to_ns(5.0)
_TOLERATED_NS = to_ns(1.0)
"""So much longer than documented nothing is called gray: a failing request more or less."""


def measured(measures: Measures) -> Mapping[str, Any]:
    """The `measured` object of run.json; nothing where there is nothing to tell."""
    found: dict[str, Any] = {}
    if measures.both_sides:
        found["both_sides"] = [as_evidence(one) for one in measures.both_sides]
    if measures.gray:
        found["gray"] = {
            one.place: {"total_s": to_s(one.total_ns), "longest_s": to_s(one.longest_ns)} for one in measures.gray
        }
    if (again := rebuilt(measures)) is not None:
        found["rebuild"] = rebuild_evidence(again)
    if isinstance(measures.business, Effects):
        found["business"] = business_evidence(measures.business, measures.case)
    if parties := party_evidence(measures):
        found["parties"] = parties
    if (journeys := journey_evidence(measures)) is not None:
        found["journeys"] = journeys
    if audience := audience_evidence(measures):
        found["audience"] = audience
    return found


def findings_beside(measures: Measures, known: Collection[Finding]) -> Iterator[Finding]:
    """Findings about them. known: those that there are already."""
    if not any(fault.applied for fault in measures.case.faults):
        return
    yield from _gray(measures)
    yield from hung(measures.operations, budget_ns=2 * measures.case.unanswered_ns).findings
    down = any(finding.id == "still-down" for finding in known)
    if not down and not any(r.name == "failback" for r in measures.case.required):
        yield from _goodput(measures)


def _gray(measures: Measures) -> Iterator[Finding]:
    bound_ns = _documented_ns(measures.case)
    for one in measures.gray or ():
        if bound_ns is None or one.longest_ns <= bound_ns + _TOLERATED_NS:
            continue
        text = (
            f"clients of {one.place} were not served for {seconds(one.longest_ns)}, while every check of its health "
            f"said that all was well; to notice takes up to {seconds(bound_ns)} as documented "
            f"({some(one.ops, limit=3)})"
        )
        yield Finding("A13", text, "warning", one.longest[0])


def _documented_ns(case: Case) -> int | None:
    """How long whoever watches may take to notice a loss, at most; None where nothing bounds it."""
    bounds = [found.phases["detect"].high_ns for found in case.law.intervals.values() if "detect" in found.phases]
    known = [bound for bound in bounds if bound is not None]
    return max(known) if known and len(known) == len(bounds) else None


def _goodput(measures: Measures) -> Iterator[Finding]:
    """Of the last seconds, where everything that was broken had been healed for long enough."""
    case, ended_ns = measures.case, scenario_end_ns(measures)
    end_ns = measures.end_ns if ended_ns is None else ended_ns
    applied = [fault for fault in case.faults if fault.applied]
    stops = [fault.interval.stop_high_ns for fault in applied]
    healed_ns = max((stop for stop in stops if stop is not None), default=None)
    if healed_ns is None or None in stops or healed_ns > end_ns:
        return
    first_ns = min(fault.started_ns for fault in applied)
    usual = share(measures.operations, measures.steady_ns, first_ns, cohort=JUDGED_COHORT)
    within_ns = max(case.window_ns, end_ns - healed_ns - _TAIL_NS)
    yield from goodput(
        measures.operations, usual=usual, healed_ns=healed_ns, within_ns=within_ns, until_ns=end_ns
    ).findings
