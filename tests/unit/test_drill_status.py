"""What a running drill shows: steps that only go forward, places by name."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from simulated_backend import EAST, EDGES, WEST, environment

from harness.drill.evidence import Objectives
from harness.drill.lifecycle import Phase, State
from harness.drill.observation import Observation
from harness.drill.plan import DrillPlan
from harness.drill.progress import LiveStatus
from harness.drill.record import opening
from harness.drill.settings import Settings
from harness.drill.status import live_status
from harness.history.events import DnsAnswer, Mark
from harness.topology.timing import Profile, Timing
from harness.units import NS_PER_S


def _status(*phases: Phase) -> LiveStatus:
    """Of a drill that entered these phases, one a second, and has been in the last one for a second."""
    plan = DrillPlan("name", "feature", "scenario", (), Settings())
    record = opening(plan, Path(), environment(), Timing(Profile.FAST), Objectives(), EDGES)
    case = record.case
    seen = Observation(case.addresses, case.primary, case.standby)
    seen.take([Mark(phase, (n + 1) * NS_PER_S) for n, phase in enumerate(phases)])
    seen.take([DnsAnswer("witness", "authoritative", "app.example.com", (EDGES[WEST],), 6, 2 * NS_PER_S)])
    state = replace(State(case.limits), phase=phases[-1])
    return live_status(record, seen, state, 0, (len(phases) + 1) * NS_PER_S)


def test_a_second_fault_goes_on_where_the_first_one_was_and_undoes_nothing() -> None:
    first = _status(Phase.STARTING, Phase.STEADY, Phase.FAULT, Phase.RECOVERY, Phase.FAILBACK)
    second = _status(
        Phase.STARTING, Phase.STEADY, Phase.FAULT, Phase.RECOVERY, Phase.FAILBACK, Phase.STEADY, Phase.FAULT
    )
    done = [step.name for step in first.phases if step.state != "to come"]
    assert [step.name for step in second.phases][: len(done)] == done
    assert [step.name for step in second.phases if step.state == "current"] == [Phase.FAULT]
    assert second.phases[-1].state == "to come"


def test_of_many_moves_the_last_steps_are_shown() -> None:
    steps = _status(*([Phase.STEADY, Phase.FAULT, Phase.RECOVERY, Phase.FAILBACK] * 5)).phases
    assert steps[0].name == "earlier"
    assert len([step for step in steps if step.state != "to come"]) == 8


def test_a_place_is_called_by_its_name_and_not_by_its_address() -> None:
    status = _status(Phase.STARTING, Phase.STEADY)
    assert status.dns_answer == WEST
    assert EDGES[EAST] not in "".join(status.events)
    assert any(WEST in event for event in status.events)
