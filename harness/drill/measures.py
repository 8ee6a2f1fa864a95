"""All measurements of one drill, computed once from its history; judgement and evidence both read them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness.drill.lifecycle import Phase
from harness.drill.plan import unanswered_ns
from harness.drill.record import Record
from harness.history.events import CanaryProbe, Commit, Event, Mark, Operation
from harness.history.log import pair
from harness.measurement.availability import Share, failure_rates
from harness.measurement.canary import CanaryJudgement, untouched
from harness.measurement.final_state import FinalState, lost_after_heal
from harness.measurement.lateness import padding
from harness.measurement.models import JUDGED_COHORT, FaultInterval, Padding
from harness.measurement.phases import phases
from harness.measurement.propagation import answer_at
from harness.measurement.recovery_point import RecoveryPoint, Scans, recovery_point
from harness.measurement.recovery_time import CohortRecovery, RecoveryTime, recovery_by_cohort
from harness.names import AUTHORITATIVE


@dataclass(frozen=True)
class Measures:
    """What was measured. fault None: nothing was injected. steady_ns: since when the steady state held.

    untouched: of the links that no fault touched, how many probes were answered. lost, survivor: regions; serving:
    the region that DNS answers with at the end.
    """

    operations: Sequence[Operation]
    events: Sequence[Event]
    fault: FaultInterval | None
    heal_ns: int | None
    steady_ns: int
    padding: Padding
    lost: str
    survivor: str
    serving: str
    cohorts: Mapping[str, CohortRecovery]
    phases_ns: Mapping[str, int | None]
    point: RecoveryPoint | None
    final: FinalState | None
    canaries: Sequence[CanaryJudgement]
    untouched: Mapping[str, Share]

    @property
    def worst(self) -> RecoveryTime | None:
        """The judged cohort's worst client."""
        judged = self.cohorts.get(JUDGED_COHORT)
        return None if judged is None else judged.worst


def measure(record: Record, events: Sequence[Event]) -> Measures:
    """Measure a drill from what its clients saw (and, for the recovery point alone, the survivor's commit log)."""
    operations = pair(events)
    main = record.main_fault
    fault = None if main is None or main.active is None else main.interval
    heal_ns = None if fault is None else fault.stop_low_ns
    end_ns = max((event.mono_ns for event in events), default=0)
    steady_ns = _steady_since(record, events, end_ns)
    before_ns = min((f.started_ns for f in record.faults), default=end_ns)
    blur = padding(operations, steady_ns, before_ns)
    survivor = record.expected_region or record.standby
    lost = record.standby if survivor == record.primary else record.primary
    cohorts: dict[str, CohortRecovery] = {}
    if fault is not None:
        cohorts = recovery_by_cohort(
            operations, fault, heal_ns, record.window_ns, blur, failure_rates(operations, steady_ns, before_ns),
            timeout_ns=unanswered_ns(record.environment),
        )  # fmt: skip
    point = _point(record, operations, fault, lost, survivor)
    serving = _serving(record, events, end_ns)
    probes = [event for event in events if isinstance(event, CanaryProbe)]
    return Measures(
        operations=operations,
        events=events,
        fault=fault,
        heal_ns=heal_ns,
        steady_ns=steady_ns,
        padding=blur,
        lost=lost,
        survivor=survivor,
        serving=serving,
        cohorts=cohorts,
        phases_ns=_phases(record, events, operations, fault, cohorts, lost, survivor),
        point=point,
        final=_final(record, operations, serving, point),
        canaries=tuple(fault.judged_by(probes) for fault in record.faults),
        untouched=untouched(probes, {link for fault in record.faults for link in fault.links}, steady_ns),
    )


def _steady_since(record: Record, events: Sequence[Event], end_ns: int) -> int:
    """When the first steady state began that held for as long as it must; the history's end when none did."""
    held = (e.mono_ns for e in events if isinstance(e, Mark) and e.f == Phase.STEADY_HELD)
    return next((moment - record.limits.steady_for_ns for moment in held), end_ns)


def _phases(
    record: Record,
    events: Sequence[Event],
    operations: Sequence[Operation],
    fault: FaultInterval | None,
    cohorts: Mapping[str, CohortRecovery],
    lost: str,
    survivor: str,
) -> Mapping[str, int | None]:
    judged = cohorts.get(JUDGED_COHORT)
    if fault is None or judged is None or judged.worst.unaffected:
        return {}
    return phases(
        events,
        operations,
        fault,
        lost_region=lost,
        lost_address=record.edges[lost],
        survivor_address=record.edges[survivor],
        worst_client=judged.worst.client,
        total_ns=judged.worst.from_fault_ns,
    )


def _point(
    record: Record, operations: Sequence[Operation], fault: FaultInterval | None, lost: str, survivor: str
) -> RecoveryPoint | None:
    source = _survivor_state(record, survivor)
    if fault is None or source is None:
        return None
    return recovery_point(
        operations, source, lost_address=record.edges[lost], survivor_address=record.edges[survivor], fault=fault
    )


def _survivor_state(record: Record, survivor: str) -> Sequence[Commit] | Scans | None:
    if record.commits is not None:
        database = record.environment.database_of(survivor)
        return [commit for commit in record.commits if commit.region == database]
    data = flattened(record, survivor)
    return None if data is None else Scans(None, data)


def flattened(record: Record, region: str) -> dict[str, str] | None:
    """The final items of a region, over all tables that are compared; None when they were not read."""
    database = record.environment.database_of(region)
    if not record.final_data or not record.final_data.get(database):
        return None
    tables = record.final_data[database].values()
    return {key: value for table in tables for key, value in table.items() if value is not None}


def _serving(record: Record, events: Sequence[Event], end_ns: int) -> str:
    addresses = answer_at(events, AUTHORITATIVE, end_ns) or ()
    by_address = {address: region for region, address in record.edges.items()}
    return next((by_address[address] for address in addresses if address in by_address), record.primary)


def _final(
    record: Record, operations: Sequence[Operation], serving: str, point: RecoveryPoint | None
) -> FinalState | None:
    data = flattened(record, serving)
    if data is None:
        return None
    other = record.standby if serving == record.primary else record.primary
    missing = () if point is None else point.missing_ids
    return lost_after_heal(operations, data, flattened(record, other), missing)
