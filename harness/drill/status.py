"""A running drill as a snapshot for whoever watches."""

from __future__ import annotations

from collections.abc import Collection

from harness.drill.lifecycle import Phase, State
from harness.drill.observation import Observation
from harness.drill.progress import LiveStatus, PhaseProgress, PhaseState, RegionService
from harness.drill.record import Record
from harness.history.events import DnsAnswer, Event, FaultEvent, HealthTransition, Mark
from harness.names import CohortName
from harness.units import to_s

_ORDER = (
    Phase.STARTING, Phase.STEADY, Phase.FAULT, Phase.RECOVERY, Phase.HOLD, Phase.FAILBACK, Phase.QUIESCE,
)  # fmt: skip
_BEFORE_FAULT = (Phase.STARTING, Phase.STEADY, Phase.STEADY_HELD)
_EVENTS_SHOWN = 6


def live_status(record: Record, observation: Observation, state: State, started_ns: int, now_ns: int) -> LiveStatus:
    """What can be said at now_ns of a drill that began at started_ns."""
    case = record.case
    recovered_ns = record.recovered_ns or observation.live.recovered_since_ns
    fault = case.faults[-1] if case.faults else None
    outage_s = None
    if fault is not None and fault.applied:
        # As the lifecycle counts it: from the fault, or from a heal that brings one place back while others are lost.
        begun_ns = max(fault.started_ns, state.fault_ns or 0)
        end_ns = recovered_ns if recovered_ns is not None and recovered_ns > begun_ns else now_ns
        outage_s = to_s(max(0, end_ns - begun_ns))
    return LiveStatus(
        drill=record.plan.scenario,
        elapsed_s=to_s(now_ns - started_ns),
        phases=_phases(observation, state, now_ns),
        number=record.plan.number,
        of=record.plan.of,
        broken=_broken(record),
        regions=_services(record, observation),
        dns_answer=_answer(record, observation),
        outage_s=outage_s,
        recovered=recovered_ns is not None and fault is not None,
        objective_s=case.objectives.rto_s,
        acked_writes=observation.live.acknowledged_writes,
        events=_notable(record, observation, started_ns),
    )


def _phases(observation: Observation, state: State, now_ns: int) -> tuple[PhaseProgress, ...]:
    entered: dict[str, int] = {}
    for event in observation.context:
        if isinstance(event, Mark):
            if event.f == Phase.FAULT:  # another one: what became of the one before it is no news any more
                entered = {name: at_ns for name, at_ns in entered.items() if name in _BEFORE_FAULT}
            entered.setdefault(event.f, event.mono_ns)
    moments = sorted(entered.values())
    shown = []
    for phase in _ORDER:
        start_ns = entered.get(phase.value)
        if start_ns is None:
            shown.append(PhaseProgress(phase.value, "to come"))
            continue
        end_ns = next((moment for moment in moments if moment > start_ns), now_ns)
        kind: PhaseState = "current" if phase is state.phase else "done"
        shown.append(PhaseProgress(phase.value, kind, to_s((now_ns if kind == "current" else end_ns) - start_ns)))
    return tuple(shown)


def _broken(record: Record) -> tuple[str, ...]:
    return tuple(
        " ".join(part for part in (fault.kind, fault.target, fault.mode) if part)
        for fault in record.case.faults
        if fault.holds
    )


def _services(record: Record, observation: Observation) -> tuple[RegionService, ...]:
    shares = [(region, observation.live.share(address=address)) for region, address in record.case.addresses.items()]
    shares.extend((cohort.value, observation.live.share(cohort)) for cohort in CohortName)
    return tuple(RegionService(label, share.good, share.total) for label, share in shares)


def _answer(record: Record, observation: Observation) -> str:
    by_address = {address: region for region, address in record.case.addresses.items()}
    answer = observation.live.authoritative or ()
    return ", ".join(f"{address} ({by_address.get(address, '?')})" for address in answer)


def _notable(record: Record, observation: Observation, started_ns: int) -> tuple[str, ...]:
    """The last notable events; looked for from the end, since this runs many times a second."""
    found: list[str] = []
    for event in reversed(observation.context):
        text = _sentence(event, record.case.law.flips)
        if text:
            found.append(f"{to_s(event.mono_ns - started_ns):6.1f} s  {text}")
        if len(found) == _EVENTS_SHOWN:
            break
    return tuple(reversed(found))


def _sentence(event: Event, flips: Collection[str]) -> str:
    if isinstance(event, FaultEvent):
        return f"fault {event.fault} {event.target} {event.mode}: {event.f}"
    if isinstance(event, HealthTransition) and event.kind in flips:
        return f"health check {event.target}: {event.status} ({event.healthy_checkers} of {event.checkers} checkers)"
    if isinstance(event, DnsAnswer) and event.source == "witness":
        return f"DNS answer ({event.client}): {', '.join(event.addresses) or 'none'}"
    return ""
