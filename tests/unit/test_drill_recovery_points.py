"""A recovery point excuses no more than was promised of it, whether or not a step asks for it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from simulated_backend import EAST, WEST, SimulatedBackend, Story
from test_drill_promises import BothWrite, only_recovery, promises, run, there_and_back

from harness.drill.evidence import DrillResult
from harness.drill.facade import Drill
from harness.outcome import Verdict
from harness.reporting import objectives, wording
from harness.topology.consistency import Consistency

NAME = "recovery-point"
BOTH = Consistency(writes="both")
VOID = Story(void_s=8, takeover_s=9)
"""The lost side acknowledges for eight seconds what it stores nowhere."""


def drill_of(*steps: Callable[[Drill], Any], **stated: Any) -> Callable[[Drill], None]:
    """A drill from the steady state on. stated: objectives of its own."""

    def scenario(drill: Drill) -> None:
        drill.open()
        if stated:
            drill.promise(**stated)
        drill.reach_steady_state(EAST)
        for step in steps:
            step(drill)

    return scenario


def database_lost(drill: Drill) -> None:
    drill.inject("service-outage", region=EAST, mode="black-hole", service="dynamodb")


def region_lost(drill: Drill) -> None:
    drill.inject("region-outage", region=EAST, mode="black-hole")


def stalled(drill: Drill) -> None:
    drill.stall_replication(50)  # of production: five seconds here


def served(drill: Drill) -> None:
    drill.require_recovery(WEST)


def asked(name: str) -> Callable[[Drill], None]:
    return lambda drill: drill.require(name)


def back(drill: Drill) -> None:
    drill.heal()
    drill.require_failback(EAST)


def told(result: DrillResult) -> str:
    return next(one.text for one in result.results if one.name == NAME)


def test_writes_into_the_void_are_more_than_any_step_has_to_ask_about(tmp_path: Path) -> None:
    result = run(tmp_path, drill_of(database_lost, served), story=VOID)
    assert result.verdict is Verdict.MISSED
    assert promises(result)[NAME] is Verdict.MISSED
    assert "of acknowledged writes missing" in result.reasons[0]
    assert "objective 2 s" in result.reasons[0]
    assert result.objectives.rpo_s == 2
    lost = next(f for f in result.findings if "stay lost, which the recovery point accounts for" in f.text)
    assert lost.severity == "serious"


def test_a_lag_of_replication_beyond_the_objective_is_a_miss_that_nobody_asked_for(tmp_path: Path) -> None:
    result = run(tmp_path, only_recovery, story=Story(lag_s=4.0))
    assert result.verdict is Verdict.MISSED
    assert "the oldest missing write was acknowledged" in result.reasons[0]


@pytest.mark.parametrize("story", [Story(), Story(lag_s=1.0), Story(void_s=1.0, lag_s=0.4)])
def test_what_is_within_the_objective_is_met_and_told(tmp_path: Path, story: Story) -> None:
    result = run(tmp_path, drill_of(database_lost, served), story=story)
    assert result.verdict is Verdict.MET, result.reasons
    assert promises(result)[NAME] is Verdict.MET
    assert "objective 2 s" in told(result)


@pytest.mark.parametrize("items", [True, False])
def test_a_scenario_may_promise_less_and_more(tmp_path: Path, items: bool) -> None:
    less = run(tmp_path / "less", drill_of(database_lost, served, rpo_s=60), story=VOID)
    assert less.verdict is Verdict.MET, less.reasons
    more: dict[str, Any] = {"rpo_items": 3} if items else {"rpo_s": 0.5}
    strict = run(tmp_path / "more", drill_of(region_lost, served, **more), story=Story(lag_s=1.5))
    assert promises(strict)[NAME] is Verdict.MISSED


def test_what_a_step_asks_about_is_not_judged_twice(tmp_path: Path) -> None:
    result = run(tmp_path, drill_of(database_lost, served, asked("rpo")), story=VOID)
    assert result.verdict is Verdict.MISSED
    assert NAME not in promises(result)
    assert sum("of acknowledged writes missing" in reason for reason in result.reasons) == 1


def test_each_loss_is_judged_unless_its_own_step_asks(tmp_path: Path) -> None:
    steps = (region_lost, served, asked("rpo"), back, lambda d: d.reach_steady_state(EAST), region_lost, served)
    result = run(tmp_path, drill_of(*steps), story=Story(lag_s=1.0))
    assert promises(result)[NAME] is Verdict.MET
    assert told(result).startswith("episode 2 ")


def test_a_loss_that_the_drill_itself_has_made_large_is_shown_and_not_held_against_the_plan(tmp_path: Path) -> None:
    shown = run(tmp_path / "shown", drill_of(stalled, region_lost, served, asked("rpo-shows-stall"), back))
    assert (shown.verdict, shown.warnings) == (Verdict.MET, 0), shown.reasons
    assert NAME not in promises(shown)
    unasked = run(tmp_path / "unasked", drill_of(stalled, region_lost, served, back))
    assert (unasked.verdict, unasked.warnings) == (Verdict.MET, 0), unasked.reasons
    assert told(unasked).startswith("not measured: the oldest missing write was acknowledged 5")
    assert "the drill itself had cut replication" in told(unasked)
    required = run(tmp_path / "asked", drill_of(stalled, region_lost, served, asked("rpo"), back))
    assert required.verdict is Verdict.MISSED


def test_what_such_a_loss_leaves_behind_is_a_serious_finding(tmp_path: Path) -> None:
    result = run(tmp_path, drill_of(stalled, region_lost, served), story=Story(loses_backlog=True, failback_s=None))
    lost = [f for f in result.findings if "stay lost, which the recovery point accounts for" in f.text]
    assert [f.severity for f in lost] == ["serious"]


def test_what_a_stall_does_not_explain_is_held_against_the_plan_all_the_same(tmp_path: Path) -> None:
    result = run(tmp_path, drill_of(stalled, region_lost, served), story=Story(lag_s=4.0))
    assert promises(result)[NAME] is Verdict.MISSED


def test_a_blip_that_clients_sit_out_gives_nobody_up(tmp_path: Path) -> None:
    def blip(drill: Drill) -> None:
        drill.inject("region-outage", region=EAST, mode="refuse", for_s=10)
        drill.require_no_failover(EAST)

    result = run(tmp_path, drill_of(blip), BothWrite, Story(lag_s=1.0, takeover_s=None), promised=BOTH)
    assert result.verdict is Verdict.MET, result.reasons
    assert NAME not in promises(result)


def test_without_an_objective_nothing_is_promised(tmp_path: Path) -> None:

    class NoObjective(SimulatedBackend):
        def __init__(self, story: Story) -> None:
            super().__init__(story)
            objectives = {name: one.model_copy(update={"rpo_s": None}) for name, one in self.environment.objectives}
            self.environment = self.environment.model_copy(
                update={"objectives": self.environment.objectives.model_copy(update=objectives)}
            )

    result = run(tmp_path, drill_of(database_lost, served), NoObjective, VOID)
    assert NAME not in promises(result)
    assert result.warnings >= 1


def test_a_control_is_judged_by_what_it_demands_alone(tmp_path: Path) -> None:
    def control(drill: Drill) -> None:
        drill.open()
        drill.be_control(Verdict.MISSED)
        there_and_back(drill)
        drill.require_control()

    result = run(tmp_path, control, story=Story(lag_s=4.0))
    assert "ended MET instead of MISSED" in result.reasons[0]


def test_reports_say_what_was_promised_and_that_it_was_judged(tmp_path: Path) -> None:
    for folder, story, measured in (("kept", Story(lag_s=1.0), Verdict.MET), ("broken", VOID, Verdict.MISSED)):
        result = run(tmp_path / folder, drill_of(database_lost, served), story=story)
        rows = [row for row in objectives.rows(result) if row.name.startswith("recovery point")]
        assert [(row.promised, row.verdict) for row in rows] == [("≤ 2 s", measured)]
        assert objectives.promised_point(result) == "≤ 2 s"
        assert "not judged" not in wording.loss(result) + wording.loss(result.episodes[0])
