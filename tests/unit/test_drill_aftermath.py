"""What comes after the first good moment counts as well: a plan that is well for a while only has not worked."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from simulated_backend import EAST, WEST, Story, run_drill

from harness.checkers.vacuity import of_return
from harness.drill import case_files
from harness.drill.conclusion import conclude
from harness.drill.evidence import DrillResult, RunResult
from harness.drill.facade import Drill
from harness.measurement.canary import CanaryJudgement
from harness.measurement.models import FaultInterval
from harness.outcome import Verdict
from harness.reporting import junit, report, wording
from harness.reporting.summary import plain_text


def lose(drill: Drill, region: str, mode: str = "black-hole", for_s: float | None = None) -> None:
    drill.inject("region-outage", region=region, mode=mode, for_s=for_s)


def begin(drill: Drill) -> None:
    drill.open()
    drill.reach_steady_state(EAST)


def verdicts(result: DrillResult, name: str) -> list[Verdict]:
    return [found.verdict for found in result.results if found.name == name]


def told(result: DrillResult) -> str:
    return " ".join(result.reasons)


def serious(result: DrillResult) -> list[str]:
    return [finding.text for finding in result.findings if finding.severity == "serious"]


# --- after the failback -----------------------------------------------------------------------------------------------


def there_and_back(drill: Drill) -> None:
    begin(drill)
    lose(drill, EAST)
    drill.require_recovery(WEST)
    drill.heal()
    drill.require_failback(EAST)
    drill.watch(40)
    drill.require("durability", at_rest=True)


@pytest.mark.parametrize("again", [(20.0, None), (12.0, None), (12.0, 20.0)], ids=["late", "soon", "for a while"])
def test_a_primary_that_dies_after_the_failback_is_no_failback(
    tmp_path: Path, again: tuple[float, float | None]
) -> None:
    result = run_drill(tmp_path, there_and_back, Story(relapse_back=again))
    assert verdicts(result, "failback") == [Verdict.MISSED]
    assert "after it had come back to the primary" in told(result)
    if again[1] is None:
        assert "requests of the clients were served by the primary in the end" in told(result)


def test_a_primary_that_stays_is_a_failback_and_so_is_one_before_the_next_outage(tmp_path: Path) -> None:
    def twice(drill: Drill) -> None:
        begin(drill)
        for _ in range(2):
            lose(drill, EAST)
            drill.require_recovery(WEST)
            drill.heal()
            drill.require_failback(EAST)
            drill.reach_steady_state(EAST)

    for name, scenario in (("once", there_and_back), ("twice", twice)):
        result = run_drill(tmp_path / name, scenario)
        assert result.verdict is Verdict.MET, result.reasons
        assert serious(result) == []


def test_failures_by_chance_after_the_failback_are_no_outage(tmp_path: Path) -> None:
    result = run_drill(tmp_path, there_and_back, Story(stray=250))
    assert verdicts(result, "failback") == [Verdict.MET], result.reasons


# --- after the recovery, while the fault still holds ------------------------------------------------------------------


def over_and_watched(drill: Drill) -> None:
    begin(drill)
    lose(drill, EAST)
    drill.require_recovery(WEST)
    drill.watch(60)
    drill.heal()
    drill.require_failback(EAST)
    drill.require("durability", at_rest=True)


def test_a_second_outage_before_the_heal_that_is_longer_than_the_objective_is_a_miss(tmp_path: Path) -> None:
    result = run_drill(tmp_path, over_and_watched, Story(relapse=(30, 55)))
    assert verdicts(result, "rto_s") == [Verdict.MISSED]
    assert "was lost again after it had been served, for 24." in told(result)


def test_a_shorter_second_outage_is_a_serious_finding(tmp_path: Path) -> None:
    result = run_drill(tmp_path, over_and_watched, Story(relapse=(30, 38)))
    assert result.verdict is Verdict.MET, result.reasons
    [text] = serious(result)
    assert "was lost again after it had been served, for 7." in text


def test_a_second_outage_before_the_next_episode_counts_for_the_one_that_it_is_in(tmp_path: Path) -> None:
    def scenario(drill: Drill) -> None:
        begin(drill)
        lose(drill, EAST)
        drill.require_recovery(WEST)
        drill.watch(60)
        drill.reach_steady_state(WEST)
        drill.inject("replication-stall")
        drill.require_recovery(WEST)

    result = run_drill(tmp_path, scenario, Story(relapse=(30, 55)))
    assert verdicts(result, "rto_s") == [Verdict.MISSED, Verdict.MET]
    assert told(result).startswith(f"episode 1 (region-outage {EAST}): client dns-")


def test_failures_by_chance_after_the_recovery_are_no_second_outage(tmp_path: Path) -> None:
    result = run_drill(tmp_path, over_and_watched, Story(stray=150))
    assert verdicts(result, "rto_s") == [Verdict.MET], result.reasons
    assert serious(result) == []


@pytest.mark.parametrize("at_rest", [True, False])
def test_a_recovery_before_the_end_of_a_scenario_that_heals_nothing_stands(tmp_path: Path, at_rest: bool) -> None:
    def scenario(drill: Drill) -> None:
        begin(drill)
        drill.inject("replication-stall")
        drill.require_recovery(EAST)
        if at_rest:
            drill.require("split-brain", at_rest=True)

    result = run_drill(tmp_path, scenario, Story(stalls=False, lag_s=6.0))
    assert verdicts(result, "rto_s") == [Verdict.MET], result.reasons


# --- who has nowhere to go --------------------------------------------------------------------------------------------


def test_clients_that_are_not_served_had_somewhere_to_go_unless_every_place_was_lost(tmp_path: Path) -> None:
    def scenario(drill: Drill) -> None:
        begin(drill)
        lose(drill, EAST)
        drill.require_nowhere()
        drill.heal()
        drill.require_failback(EAST)

    result = run_drill(tmp_path, scenario, Story(takeover_s=None))
    assert verdicts(result, "nowhere-to-go") == [Verdict.UNKNOWN]
    assert f"{WEST} was not lost, so clients had somewhere to go" in told(result)


def test_a_loss_that_healed_by_itself_does_not_hold(tmp_path: Path) -> None:
    def scenario(drill: Drill) -> None:
        begin(drill)
        lose(drill, WEST, "refuse", for_s=10)
        lose(drill, EAST)
        drill.require_nowhere()

    result = run_drill(tmp_path, scenario, Story(takeover_s=None))
    assert verdicts(result, "nowhere-to-go") == [Verdict.UNKNOWN]


def test_a_place_whose_database_is_lost_cannot_serve_either(tmp_path: Path) -> None:
    def scenario(drill: Drill) -> None:
        begin(drill)
        lose(drill, WEST)
        drill.inject("service-outage", region=EAST, mode="black-hole", service="dynamodb")
        drill.require_nowhere()

    assert verdicts(run_drill(tmp_path, scenario), "nowhere-to-go") == [Verdict.MET]


# --- staying ----------------------------------------------------------------------------------------------------------


def test_clients_may_stay_where_a_planned_failover_brought_them(tmp_path: Path) -> None:
    def scenario(drill: Drill) -> None:
        begin(drill)
        lose(drill, EAST)
        drill.require_recovery(WEST)
        drill.heal()
        drill.require_no_failover(WEST)

    result = run_drill(tmp_path / "stay", scenario, Story(failback_s=None))
    assert result.verdict is Verdict.MET, result.reasons
    assert not [finding for finding in result.findings if finding.id == "A11"]
    went = run_drill(tmp_path / "went", scenario)
    assert verdicts(went, "needless_failover") == [Verdict.MISSED]


def test_clients_may_stay_where_the_failback_brought_them(tmp_path: Path) -> None:
    def scenario(drill: Drill) -> None:
        begin(drill)
        lose(drill, EAST)
        drill.require_recovery(WEST)
        drill.heal()
        drill.require_failback(EAST)
        drill.require_no_failover(EAST)

    result = run_drill(tmp_path, scenario)
    assert result.verdict is Verdict.MET, result.reasons


def test_a_blip_counts_from_its_beginning_although_it_has_healed(tmp_path: Path) -> None:
    def scenario(drill: Drill) -> None:
        begin(drill)
        lose(drill, EAST)
        drill.watch(15)
        drill.heal()
        drill.watch(20)
        drill.require_no_failover(EAST)

    result = run_drill(tmp_path, scenario)
    assert verdicts(result, "needless_failover") == [Verdict.MISSED]


# --- who serves -------------------------------------------------------------------------------------------------------


def test_a_recovery_is_waited_for_until_the_place_that_is_named_serves(tmp_path: Path) -> None:
    """The standby never noticed: clients are served all along, and come to the primary once it can serve again."""

    def scenario(drill: Drill) -> None:
        begin(drill)
        lose(drill, EAST)
        drill.require_recovery(WEST)
        drill.inject("replication-stall")
        drill.watch(20)
        drill.heal("the primary region")
        drill.require_recovery(EAST)

    result = run_drill(tmp_path, scenario, Story(failback_s=10))
    assert verdicts(result, "rto_s") == [Verdict.MET, Verdict.MET], result.reasons
    never = run_drill(tmp_path / "never", scenario, Story(failback_s=None))
    assert verdicts(never, "rto_s")[-1] is Verdict.MISSED
    assert f"clients were served, but not all of them by {EAST} within 20 s" in told(never)


def test_after_a_partial_heal_the_window_counts_from_the_heal(tmp_path: Path) -> None:
    """The clients have been served for long by the place that is named; what the heal does to them shows later."""

    def scenario(drill: Drill) -> None:
        begin(drill)
        lose(drill, EAST)
        drill.require_recovery(WEST)
        drill.inject("replication-stall")
        drill.watch(20)
        drill.heal("the primary region")
        drill.require_recovery(WEST)

    stays = run_drill(tmp_path, scenario, Story(failback_s=None))
    assert stays.verdict is Verdict.MET, stays.reasons
    leaves = run_drill(tmp_path / "leaves", scenario, Story(failback_s=6))
    assert verdicts(leaves, "rto_s")[-1] is Verdict.MISSED


# --- what is told -----------------------------------------------------------------------------------------------------


def test_nothing_is_predicted_for_a_loss_after_which_nobody_must_take_over(tmp_path: Path) -> None:
    def standby_lost(drill: Drill) -> None:
        begin(drill)
        lose(drill, WEST)
        drill.require_recovery(EAST)

    def blip(drill: Drill) -> None:
        begin(drill)
        lose(drill, EAST, "refuse", for_s=10)
        drill.require_no_failover(EAST)

    for name, scenario in (("standby", standby_lost), ("blip", blip)):
        result = run_drill(tmp_path / name, scenario)
        assert result.verdict is Verdict.MET, result.reasons
        assert [episode.prediction_s for episode in result.episodes] == [None]
    assert run_drill(tmp_path / "failover", there_and_back).prediction_s is not None


def test_numbers_at_the_top_name_the_episode_that_they_are_of(tmp_path: Path) -> None:
    def scenario(drill: Drill) -> None:
        begin(drill)
        lose(drill, EAST)
        drill.require_recovery(WEST)
        drill.require("rpo")
        lose(drill, WEST)
        drill.require_nowhere()
        drill.heal("the standby region")
        drill.require_recovery(WEST)

    result = run_drill(tmp_path / "d", scenario)
    assert result.verdict is Verdict.MET, result.reasons
    moment = datetime(2026, 11, 1, tzinfo=UTC)
    run = RunResult("r", moment, moment, {}, "embedded", "fast", "reference", {}, result.verdict, (result,))
    text = " ".join(plain_text(run, tmp_path, width=200).split())
    assert f"{wording.bracket(result.rto)} (episode 3)" in text
    assert f"{wording.lost(result)} (episode 1)" in text
    page = report.render(run, tmp_path)
    assert "<h3>Recovery time (RTO) (episode 3)</h3>" in page
    assert "<h3>Lost writes (RPO) (episode 1)</h3>" in page
    assert f"at the moment {WEST} took over" in page
    assert "The shaded times are the faults." in page
    xml = junit.render(run).decode()
    assert 'name="rto_episode" value="episode 3"' in xml
    assert 'name="rpo_episode" value="episode 1"' in xml


def test_numbers_of_a_drill_of_one_episode_need_no_name(tmp_path: Path) -> None:
    result = run_drill(tmp_path / "d", there_and_back)
    moment = datetime(2026, 11, 1, tzinfo=UTC)
    run = RunResult("r", moment, moment, {}, "embedded", "fast", "reference", {}, result.verdict, (result,))
    assert "(episode" not in plain_text(run, tmp_path)
    page = report.render(run, tmp_path)
    assert "<h3>Recovery time (RTO)</h3>" in page
    assert "The shaded time is the fault." in page
    assert "rto_episode" not in junit.render(run).decode()


def test_a_heal_that_nobody_tried_is_told_apart_from_one_that_did_not_work() -> None:
    heal = FaultInterval(0, 0)
    for healed, words in ((None, "nobody tried its links afterwards"), (False, "its links fail still")):
        seen = CanaryJudgement(True, "seen", healed)
        [reason] = of_return([], heal=heal, canaries={"1. region-outage": seen}, operations_needed=0)
        assert reason == f"the heal of 1. region-outage was not seen: {words}"


@pytest.mark.parametrize("story", [Story(), Story(relapse_back=(12.0, 20.0)), Story(relapse=(20.0, 45.0))])
def test_all_of_it_can_be_judged_again_from_the_folder(tmp_path: Path, story: Story) -> None:
    def stays(drill: Drill) -> None:
        begin(drill)
        lose(drill, EAST)
        drill.require_recovery(WEST)
        drill.heal()
        drill.require_failback(EAST)
        drill.require_no_failover(EAST)

    for name, one in (("watched", over_and_watched), ("stays", stays)):
        result = run_drill(tmp_path / name, one, story)
        filed = case_files.read(tmp_path / name)
        again = conclude(filed.case, filed.events, filed.commits, filed.final)
        assert (again.verdict, again.reasons, again.results, again.episodes, again.findings) == (
            result.verdict, result.reasons, result.results, result.episodes, result.findings,
        )  # fmt: skip
