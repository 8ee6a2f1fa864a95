"""A running drill as a snapshot for whoever watches."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from harness.drill.lifecycle import Phase, State
from harness.drill.observation import Observation
from harness.drill.progress import LiveStatus, PhaseProgress, RegionService
from harness.drill.record import Record
from harness.history.events import DnsAnswer, Event, FaultEvent, HealthTransition, Mark
from harness.history.happenings import happening_of, repeats, sentence
from harness.names import CohortName
from harness.units import NS_PER_S, to_s

_ORDER = (
    Phase.STARTING, Phase.STEADY, Phase.FAULT, Phase.RECOVERY, Phase.HOLD, Phase.FAILBACK, Phase.QUIESCE,
)  # fmt: skip
_NAMES = [phase.value for phase in _ORDER]
_EVENTS_SHOWN = 6
_LATELY_NS = 30 * NS_PER_S
_LOOKED_AT, _LOOKED_BACK = 120, 60
"""So many events are looked at for what is notable, each beside so many before it: this runs many times a second."""
_PASSED_SHOWN = 7
"""Steps behind the current one that are shown: of a drill of many moves, the last ones."""


def live_status(record: Record, observation: Observation, state: State, started_ns: int, now_ns: int) -> LiveStatus:
    """What can be said at now_ns of a drill that began at started_ns."""
    case, started_ns = record.case, _began_ns(observation, started_ns)
    recovered_ns = record.recovered_ns or observation.live.recovered_since_ns
    fault = case.faults[-1] if case.faults else None
    outage_s = None
    if fault is not None and fault.applied:
        # As the lifecycle counts it: from the fault, or from a heal that brings one place back while others are lost.
        begun_ns = max(fault.started_ns, state.fault_ns or 0)
        end_ns = recovered_ns if recovered_ns is not None and recovered_ns > begun_ns else now_ns
        outage_s = to_s(max(0, end_ns - begun_ns))
    return LiveStatus(
        drill=_title(record),
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


def _title(record: Record) -> str:
    plan = record.plan
    return plan.scenario if plan.attempt == 1 else f"{plan.scenario}, attempt {plan.attempt}"


def _began_ns(observation: Observation, started_ns: int) -> int:
    """When the recording began, from which findings count, too; before it, when the drill was made."""
    return next((event.mono_ns for event in observation.context if isinstance(event, Mark)), started_ns)


def _phases(observation: Observation, state: State, now_ns: int) -> tuple[PhaseProgress, ...]:
    """The steps as they came, one after the other, and those that usually follow: what is done never becomes undone."""
    marks = [event for event in observation.context if isinstance(event, Mark)]
    passed: list[PhaseProgress] = []
    for mark, ends_ns in zip(marks, [*(mark.mono_ns for mark in marks), now_ns][1:], strict=True):
        if mark.f not in _NAMES:
            continue
        took_s = to_s(ends_ns - mark.mono_ns)
        if passed and passed[-1].name == mark.f:  # entered again, as after another fault of the same episode
            took_s += passed.pop().elapsed_s or 0.0
        passed.append(PhaseProgress(mark.f, "done", took_s))
    if passed and passed[-1].name == state.phase:
        passed[-1] = replace(passed[-1], state="current")
    last = _NAMES.index(passed[-1].name) if passed else -1
    earlier = (PhaseProgress("earlier", "done"),) if len(passed) > _PASSED_SHOWN else ()
    to_come = (PhaseProgress(name, "to come") for name in _NAMES[last + 1 :])
    return (*earlier, *passed[-_PASSED_SHOWN:], *to_come)


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
    return _named(observation.live.authoritative or (), record.case.by_address)


def _named(answer: Collection[str], by_address: Mapping[str, str]) -> str:
    """An answer by the names of the places; an address only where no place has it."""
    return ", ".join(by_address.get(address, address) for address in answer)


def _notable(record: Record, observation: Observation, started_ns: int) -> tuple[str, ...]:
    """The last notable events; looked for from the end, since this runs many times a second."""
    found: list[str] = []
    names = record.case.by_address
    for place in range(len(observation.context) - 1, max(-1, len(observation.context) - 1 - _LOOKED_AT), -1):
        event = observation.context[place]
        if _said_before(observation.context, place):
            continue
        text = _sentence(event, record.case.law.flips, names)
        if text:
            found.append(f"{to_s(event.mono_ns - started_ns):6.1f} s  {text}")
        if len(found) == _EVENTS_SHOWN:
            break
    return tuple(reversed(found))


def _said_before(context: Sequence[Event], place: int) -> bool:
    """Whether it is no news: what was told of the thing just before, or what was wrong with it lately as well."""
    told = happening_of(context[place])
    if told is None:
        return False
    found = (happening_of(context[n]) for n in range(place - 1, max(-1, place - 1 - _LOOKED_BACK), -1))
    earlier = (one for one in found if one is not None and (one.kind, one.thing) == (told.kind, told.thing))
    if told.good is False:
        return any(repeats(one, told) for one in earlier if told.mono_ns - one.mono_ns <= _LATELY_NS)
    before = next(earlier, None)
    return before is not None and repeats(before, told)


def _sentence(event: Event, flips: Collection[str], names: Mapping[str, str]) -> str:
    if isinstance(event, FaultEvent):
        return f"fault {event.fault} {event.target} {event.mode}: {event.f}"
    if isinstance(event, HealthTransition) and event.kind in flips:
        by = f" ({event.healthy_checkers} of {event.checkers} checkers)" if event.checkers else ""
        return f"health check {event.target}: {event.status}{by}"
    if isinstance(event, DnsAnswer) and event.source == "witness":
        return f"DNS answer ({event.client}): {_named(event.addresses, names) or 'none'}"
    told = happening_of(event)
    return "" if told is None else sentence(told)
