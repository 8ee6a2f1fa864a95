"""From measurements to verdicts: one function per requirement that a scenario can state."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from harness.checkers import objectives as objective_checks
from harness.checkers.durability import durability
from harness.checkers.failback import as_evidence, failback, refuses
from harness.checkers.flapping import flapping, needless_failover
from harness.checkers.result import CheckResult, some
from harness.checkers.split_brain import split_brain
from harness.checkers.staleness import staleness
from harness.checkers.vacuity import vacuity
from harness.drill.measures import Measures, measure
from harness.drill.plan import unanswered_ns
from harness.drill.record import Record
from harness.history.events import Event
from harness.measurement.availability import share
from harness.measurement.lateness import lateness_ns
from harness.measurement.models import JUDGED_COHORT, address_of
from harness.outcome import Verdict, merge
from harness.units import to_ns, to_s

_PLANNED_CHANGES = 2
"""Of the DNS answer in one drill: failover and failback."""
_TAIL_NS = to_ns(5.0)
_IN_FLIGHT_NS = to_ns(2.0)
_SERVED_SHARE = 0.99
_SLACK_NS = to_ns(0.5)
"""How much smaller than the stall the recovery point may be: the stall's own onset, and the time between two writes."""


def judge(requirement: str, record: Record, events: Sequence[Event]) -> CheckResult:
    """The verdict on one requirement from what is known so far. Raises KeyError for a requirement nobody knows."""
    return _CHECKS[requirement](record, measure(record, events))


def judge_all(record: Record, measures: Measures) -> list[CheckResult]:
    """The verdicts on everything that the scenario required, after the validity of the drill itself."""
    results = [_validity(record, measures)]
    results.extend(_CHECKS[name](record, measures) for name in record.required)
    return results


def observations(record: Record, measures: Measures) -> list[CheckResult]:
    """What is worth knowing although the scenario did not require it; never part of the verdict."""
    wanted: list[tuple[str, Callable[[], CheckResult]]] = [
        ("staleness", lambda: staleness(measures.operations, _explained(measures))),
        ("split-brain", lambda: _split_brain(record, measures)),
        ("durability", lambda: _durability(record, measures)),
        ("flapping", lambda: flapping(measures.events, _PLANNED_CHANGES, measures.steady_ns)),
    ]
    if measures.fault is None:
        return []
    return [check() for name, check in wanted if name not in record.required]


def converged(data: Mapping[str, Mapping[str, Mapping[str, str | None]]]) -> bool:
    """Whether all regions hold the same items."""
    views = [
        {table: {k: v for k, v in items.items() if v is not None} for table, items in tables.items()}
        for tables in data.values()
    ]
    return all(view == views[0] for view in views)


def _explained(measures: Measures) -> frozenset[str]:
    return frozenset() if measures.point is None else measures.point.explained


def _validity(record: Record, measures: Measures) -> CheckResult:
    period_ns = round(2 * record.environment.workload.dns_clients / record.environment.workload.rate_per_s * 1e9)
    return vacuity(
        measures.operations,
        measures.events,
        fault=measures.fault,
        steady_ns=measures.steady_ns,
        canaries={
            f"{n}. {f.kind}": j for n, (f, j) in enumerate(zip(record.faults, measures.canaries, strict=True), 1)
        },
        untouched=measures.untouched,
        lateness_p999_ns=lateness_ns(measures.operations).get("p999"),
        probe_period_ns=period_ns,
    )


def _rto(record: Record, measures: Measures) -> CheckResult:
    if record.objectives.rto_s is None:
        return CheckResult("rto_s", Verdict.UNKNOWN, "no recovery time objective was stated")
    result = objective_checks.rto(measures.worst, record.objectives.rto_s)
    if result.verdict is not Verdict.MISSED and record.expected_region is not None:
        until_ns = measures.heal_ns or max((o.sent_ns for o in measures.operations), default=0)
        elsewhere = _not_served_by(record, measures, record.expected_region, until_ns)
        if elsewhere:
            return CheckResult("rto_s", Verdict.MISSED, elsewhere)
    return result


def _not_served_by(record: Record, measures: Measures, region: str, until_ns: int) -> str:
    """Why the judged clients were not all served by a region in the time before until_ns; "" when they were."""
    tail = [
        o
        for o in measures.operations
        if o.invoke.cohort == JUDGED_COHORT and until_ns - _TAIL_NS <= o.sent_ns < until_ns - _IN_FLIGHT_NS
    ]
    there = [o for o in tail if o.good and address_of(o) == record.edges[region]]
    if tail and len(there) >= _SERVED_SHARE * len(tail):
        return ""
    return f"only {len(there)} of {len(tail)} requests of the clients were served by {region} in the end"


def _rpo(record: Record, measures: Measures) -> CheckResult:
    stated = record.objectives
    parts = []
    if stated.rpo_items is not None:
        parts.append(objective_checks.rpo_items(measures.point, stated.rpo_items))
    if stated.rpo_s is not None:
        parts.append(objective_checks.rpo_s(measures.point, stated.rpo_s))
    if not parts:
        return CheckResult("rpo", Verdict.UNKNOWN, "no recovery point objective was stated")
    return CheckResult("rpo", merge(part.verdict for part in parts), "; ".join(part.text for part in parts))


def _rpo_shows_stall(record: Record, measures: Measures) -> CheckResult:
    name = "rpo-shows-stall"
    stall = next((fault for fault in record.faults if fault.kind == "replication-stall"), None)
    if stall is None or measures.fault is None or measures.point is None:
        return CheckResult(name, Verdict.UNKNOWN, "not measurable: no stall, no loss after it, or no takeover")
    stalled_ns = measures.fault.start_low_ns - stall.interval.start_high_ns
    oldest_ns = measures.point.oldest_missing_ns or 0
    sizes = f"stall of {to_s(stalled_ns):.2f} s, recovery point {to_s(oldest_ns):.2f} s"
    count = f"{measures.point.missing_low} acknowledged writes missing"
    if oldest_ns >= stalled_ns - _SLACK_NS:
        return CheckResult(name, Verdict.MET, f"{sizes}: the recovery point is as large as the stall; {count}")
    return CheckResult(name, Verdict.MISSED, f"{sizes}: the loss of the stall does not show; {count}")


def _failback(record: Record, measures: Measures) -> CheckResult:
    if measures.heal_ns is None:
        return CheckResult("failback", Verdict.UNKNOWN, "nothing was healed")
    return failback_of(record, measures)[0]


def failback_of(record: Record, measures: Measures) -> tuple[CheckResult, Mapping[str, float | int | str | None]]:
    """The failback's verdict, and its numbers for the evidence."""
    assert measures.heal_ns is not None
    result, measured = failback(
        measures.operations,
        measures.events,
        primary_address=record.edges[record.primary],
        standby_address=record.edges[record.standby],
        heal_ns=measures.heal_ns,
        final=measures.final,
        standby_refuses=refuses(
            measures.operations, record.edges[record.standby], min(fault.started_ns for fault in record.faults)
        ),
    )
    return result, as_evidence(measured, measures.heal_ns, result)


def _durability(record: Record, measures: Measures) -> CheckResult:
    missing = () if measures.point is None else measures.point.missing_ids
    return durability(measures.final, region_came_back=True, missing_ids=missing)


def _same_data(record: Record, measures: Measures) -> CheckResult:
    name = "same-data"
    diverged = None if measures.final is None else measures.final.diverged
    if diverged is None:
        return CheckResult(name, Verdict.UNKNOWN, "not measurable: the tables of both regions could not be read")
    if diverged:
        return CheckResult(name, Verdict.MISSED, f"{len(diverged)} items differ between the regions: {some(diverged)}")
    return CheckResult(name, Verdict.MET, "both regions hold the same items")


def _split_brain(record: Record, measures: Measures) -> CheckResult:
    regions = {address: region for region, address in record.edges.items()}
    return split_brain(measures.operations, regions=regions, turn_ns=record.window_ns)


def _no_failover(record: Record, measures: Measures) -> CheckResult:
    if not record.faults or record.blip_ended_ns is None:
        return CheckResult("no-failover", Verdict.UNKNOWN, "no blip was injected")
    result = needless_failover(
        measures.events,
        measures.operations,
        standby_address=record.edges[record.standby],
        from_ns=record.faults[0].started_ns,
        to_ns=record.blip_ended_ns,
    )
    elsewhere = _not_served_by(record, measures, record.primary, record.blip_ended_ns)
    if elsewhere and result.verdict is not Verdict.MISSED:
        return CheckResult("no-failover", Verdict.MISSED, f"after the blip {elsewhere}")
    return result


def _error_budget(record: Record, measures: Measures) -> CheckResult:
    if record.objectives.error_budget is None or measures.fault is None:
        return CheckResult("error_budget", Verdict.UNKNOWN, "no error budget was stated, or no fault injected")
    # Judged at once, the last operations are still under way: they have not failed yet.
    now_ns = max((event.mono_ns for event in measures.events), default=0)
    given_up_ns = now_ns - unanswered_ns(record.environment)
    known = [o for o in measures.operations if o.completion is not None or o.sent_ns < given_up_ns]
    served = share(known, measures.fault.start_low_ns, record.budget_ended_ns, cohort=JUDGED_COHORT)
    return objective_checks.error_budget(served, record.objectives.error_budget)


_CHECKS: dict[str, Callable[[Record, Measures], CheckResult]] = {
    "rto": _rto,
    "rpo": _rpo,
    "rpo-shows-stall": _rpo_shows_stall,
    "failback": _failback,
    "durability": _durability,
    "same-data": _same_data,
    "split-brain": _split_brain,
    "no-failover": _no_failover,
    "error-budget": _error_budget,
}
