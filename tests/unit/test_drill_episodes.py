"""Several outages in one drill: each is judged by itself, and a plan that fails at any of them goes red."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from simulated_backend import EAST, WEST, SimulatedBackend, Story, plan, run_drill

from harness.drill import case_files
from harness.drill.evidence import DrillResult, RunResult
from harness.drill.facade import Drill
from harness.drill.progress import LiveStatus
from harness.errors import InputError
from harness.outcome import Verdict
from harness.reporting import report, run_json, run_json_reader
from harness.reporting.lanes import arrange
from harness.units import to_ns

BOTH = (EAST, WEST)


def lose(drill: Drill, region: str, mode: str = "black-hole", for_s: float | None = None) -> None:
    drill.inject("region-outage", region=region, mode=mode, for_s=for_s)


def there_and_back(drill: Drill) -> None:
    lose(drill, EAST)
    drill.require_recovery(WEST)
    drill.require("rpo")
    drill.heal()
    drill.require_failback(EAST)


def second_outage(drill: Drill) -> None:
    """`second-outage-after-failback`."""
    drill.open()
    drill.reach_steady_state(EAST)
    there_and_back(drill)
    drill.reach_steady_state(EAST)
    there_and_back(drill)
    drill.require("durability", at_rest=True)


def second_outage_at_once(drill: Drill) -> None:
    """What a feature file may not say: nobody waits for calm after the failback."""
    drill.open()
    drill.reach_steady_state(EAST)
    there_and_back(drill)
    there_and_back(drill)


def test_a_fault_right_after_a_failback_proves_nothing(tmp_path: Path) -> None:
    result = run_drill(tmp_path, second_outage_at_once)
    assert result.verdict is Verdict.INVALID
    assert any("changed 1 times before the fault" in reason for reason in result.reasons), result.reasons


def standby_lost(drill: Drill) -> None:
    """`standby-lost-after-failover`."""
    drill.open()
    drill.reach_steady_state(EAST)
    lose(drill, EAST)
    drill.require_recovery(WEST)
    drill.require("rpo")
    lose(drill, WEST)
    drill.require_nowhere()
    drill.heal("the standby region")
    drill.require_recovery(WEST)
    drill.heal("the primary region")
    drill.require_failback(EAST)
    drill.reach_steady_state(EAST)
    drill.require("durability", at_rest=True)


def judged(result: DrillResult, episode: int) -> dict[str, Verdict]:
    return {found.name: found.verdict for found in result.episodes[episode].results}


# --- a second outage after the failback -----------------------------------------------------------------------------


def test_a_second_outage_is_judged_from_the_steady_state_before_it(tmp_path: Path) -> None:
    result = run_drill(tmp_path, second_outage)
    assert result.verdict is Verdict.MET, result.reasons
    first, second = result.episodes
    assert (first.faults, second.faults) == ((0,), (1,))
    assert (first.serving, first.expected, second.serving, second.expected) == (EAST, WEST, EAST, WEST)
    assert first.end_ns == second.start_ns
    assert first.steady_ns is not None
    assert second.steady_ns is not None
    assert first.heal_ns is not None
    assert first.heal_ns < second.steady_ns < (second.start_ns or 0)
    assert judged(result, 0) == judged(result, 1) == {"rto_s": Verdict.MET, "rpo": Verdict.MET, "failback": Verdict.MET}
    for episode in result.episodes:
        assert episode.rto is not None
        assert episode.rto.high_ns is not None
        assert to_ns(4) <= episode.rto.high_ns <= to_ns(11.5)
        assert episode.prediction_s is not None
        assert episode.why
    # What stands at the top is the last one's, as it always was.
    assert (result.rto, result.phases_ns, result.rpo) == (second.rto, second.phases_ns, second.rpo)
    assert [finding.id for finding in result.findings if finding.severity == "serious"] == []


def test_a_plan_that_takes_over_only_once_is_red_in_the_second_episode(tmp_path: Path) -> None:
    result = run_drill(tmp_path, second_outage, Story(takeovers=1))
    assert result.verdict is Verdict.MISSED
    assert judged(result, 0)["rto_s"] is Verdict.MET
    assert judged(result, 1)["rto_s"] is Verdict.MISSED
    told = " ".join(result.reasons)
    assert f"episode 2 (region-outage {EAST})" in told
    assert "dns-" in told  # the client that was not served, by name


def test_a_plan_that_is_slow_the_second_time_is_measured_slow_the_second_time(tmp_path: Path) -> None:
    result = run_drill(tmp_path, second_outage, Story(later_takeover_s=25))
    assert result.verdict is Verdict.MISSED
    first, second = (episode.rto for episode in result.episodes)
    assert first is not None
    assert first.high_ns is not None
    assert second is not None
    assert first.high_ns < to_ns(11.5) < to_ns(20) < second.low_ns


def test_writes_that_the_second_failover_lost_are_counted_to_the_second(tmp_path: Path) -> None:
    """Between the two outages replication has become slow."""

    def scenario(drill: Drill) -> None:
        drill.open()
        drill.promise(rpo_items=2)
        drill.reach_steady_state(EAST)
        there_and_back(drill)
        drill.reach_steady_state(EAST)
        drill.inject("replication-stall")
        drill.watch(2)
        there_and_back(drill)

    result = run_drill(tmp_path, scenario)
    assert result.verdict is Verdict.MISSED
    assert judged(result, 0)["rpo"] is Verdict.MET
    assert judged(result, 1)["rpo"] is Verdict.MISSED
    assert result.episodes[1].faults == (1, 2)  # nothing was concluded between the stall and the loss
    told = next(r.text for r in result.results if r.name == "rpo" and r.verdict is Verdict.MISSED)
    assert f"episode 2 (replication-stall all, then region-outage {EAST})" in told
    assert "acknowledged writes missing at takeover" in told
    assert "objective 2" in told


# --- the standby is lost, too -----------------------------------------------------------------------------------------


def test_nowhere_to_go_and_the_first_region_to_return_serves(tmp_path: Path) -> None:
    result = run_drill(tmp_path, standby_lost)
    assert result.verdict is Verdict.MET, result.reasons
    loss, nowhere, back = result.episodes
    assert [episode.begins for episode in result.episodes] == ["fault", "fault", "heal"]
    assert (nowhere.serving, nowhere.expected) == (WEST, None)
    assert (back.serving, back.expected, back.healed) == (WEST, WEST, (1,))
    assert judged(result, 1) == {"nowhere-to-go": Verdict.MET}
    assert judged(result, 2) == {"rto_s": Verdict.MET, "failback": Verdict.MET}
    # One second until it accepts, one until it is answered, up to six of TTL: counted from the heal, not from the loss.
    assert back.rto is not None
    assert back.rto.high_ns is not None
    assert to_ns(1) <= back.rto.high_ns <= to_ns(9)
    assert loss.end_ns == nowhere.start_ns
    assert nowhere.end_ns == back.start_ns
    assert sum(length or 0 for length in back.phases_ns.values()) <= back.rto.high_ns
    assert [finding.text for finding in result.findings if finding.severity == "serious"] == []


def test_whoever_serves_when_everything_is_lost_is_named(tmp_path: Path) -> None:
    result = run_drill(tmp_path, standby_lost, Story(ghost=True))
    assert result.verdict is Verdict.MISSED
    told = " ".join(result.reasons)
    assert "episode 2" in told
    assert "were served although every place was lost, by 127.0.9.9 (" in told
    [found] = [finding for finding in result.findings if finding.id == "served-by-nobody"]
    assert found.severity == "serious"
    assert ": h0-" in found.text  # the operations


def test_a_region_that_returns_and_does_not_serve_is_a_miss(tmp_path: Path) -> None:
    result = run_drill(tmp_path, standby_lost, Story(return_s=None))
    assert result.verdict is Verdict.MISSED
    assert judged(result, 1) == {"nowhere-to-go": Verdict.MET}
    assert judged(result, 2)["rto_s"] is Verdict.MISSED
    assert f"episode 3 (heal of {WEST})" in " ".join(result.reasons)


def test_a_region_that_serves_too_late_after_its_return_is_a_miss(tmp_path: Path) -> None:
    result = run_drill(tmp_path, standby_lost, Story(return_s=24))
    assert result.verdict is Verdict.MISSED
    assert judged(result, 2)["rto_s"] is Verdict.MISSED
    back = result.episodes[2].rto
    assert back is not None
    assert back.low_ns > to_ns(20)


def test_a_region_where_nothing_holds_cannot_heal(tmp_path: Path) -> None:
    def scenario(drill: Drill) -> None:
        drill.open()
        drill.reach_steady_state(EAST)
        lose(drill, EAST)
        drill.heal("the standby region")

    with pytest.raises(InputError, match=f"no fault of {WEST} holds"):
        run_drill(tmp_path, scenario)


@pytest.mark.parametrize("scenario", [second_outage, standby_lost])
def test_without_failover_they_go_red_and_without_a_fault_they_prove_nothing(
    tmp_path: Path, scenario: Callable[[Drill], None]
) -> None:
    assert run_drill(tmp_path / "off", scenario, Story(), "failover=off").verdict is Verdict.MISSED
    assert run_drill(tmp_path / "none", scenario, Story(), "fault=none").verdict is Verdict.INVALID


# --- which place, and since when --------------------------------------------------------------------------------------


def test_a_second_outage_without_a_steady_state_before_it_proves_nothing_when_the_answer_moved(tmp_path: Path) -> None:
    def scenario(drill: Drill) -> None:
        drill.open()
        drill.reach_steady_state(EAST)
        lose(drill, EAST)
        drill.watch(15)  # the answer moves, and nobody waits for what becomes of it
        drill.heal()
        lose(drill, EAST, "refuse")
        drill.require_recovery(WEST)

    result = run_drill(tmp_path, scenario)
    assert result.verdict is Verdict.INVALID
    assert "episode 2" in result.reasons[0]
    assert "the DNS answer seen by authoritative changed" in result.reasons[0]


def test_a_fault_before_any_steady_state_proves_nothing(tmp_path: Path) -> None:
    def scenario(drill: Drill) -> None:
        drill.open()
        drill.watch(5)
        lose(drill, EAST)
        drill.require_recovery(WEST)

    result = run_drill(tmp_path, scenario)
    assert result.verdict is Verdict.INVALID
    assert "no steady state held before the fault" in result.reasons[0]


def test_clients_that_must_stay_with_the_standby_are_judged_by_the_standby(tmp_path: Path) -> None:
    """After a failover, a blip of the region that serves: the blip counts from itself, and from who serves then."""

    def scenario(drill: Drill) -> None:
        drill.open()
        drill.reach_steady_state(EAST)
        lose(drill, EAST)
        drill.require_recovery(WEST)
        lose(drill, WEST, "refuse", for_s=10)
        drill.require_no_failover(WEST)

    result = run_drill(tmp_path, scenario)
    assert result.verdict is Verdict.MET, result.reasons
    assert judged(result, 1) == {"needless_failover": Verdict.MET}

    def wrong(drill: Drill) -> None:
        drill.open()
        drill.reach_steady_state(EAST)
        lose(drill, EAST, "refuse", for_s=10)
        drill.require_no_failover(WEST)

    result = run_drill(tmp_path / "wrong", wrong)
    assert result.verdict is Verdict.MISSED
    assert "others acknowledged" in " ".join(result.reasons)


def test_a_failback_means_the_region_that_the_step_names(tmp_path: Path) -> None:
    def scenario(drill: Drill) -> None:
        drill.open()
        drill.reach_steady_state(EAST)
        lose(drill, EAST)
        drill.require_recovery(WEST)
        drill.heal()
        drill.require_failback(WEST)

    result = run_drill(tmp_path, scenario, Story(failback_s=None))
    assert result.verdict is Verdict.MET, result.reasons
    back = run_drill(tmp_path / "back", scenario)
    assert back.verdict is Verdict.MISSED
    assert WEST in " ".join(back.reasons)


def test_faults_are_one_episode_until_something_is_concluded(tmp_path: Path) -> None:
    def scenario(drill: Drill) -> None:
        drill.open()
        drill.reach_steady_state(EAST)
        drill.stall_replication(50)
        lose(drill, EAST)
        drill.require_recovery(WEST)

    result = run_drill(tmp_path, scenario)
    [only] = result.episodes
    assert only.faults == (0, 1)
    assert only.start_ns == result.faults[1].start_ns
    assert not any("episode" in reason for reason in result.reasons)


def test_a_blip_and_the_outage_after_it_are_two_episodes(tmp_path: Path) -> None:
    def scenario(drill: Drill) -> None:
        drill.open()
        drill.reach_steady_state(EAST)
        lose(drill, EAST, "refuse", for_s=10)
        drill.require_no_failover(EAST)
        lose(drill, EAST)
        drill.require_recovery(WEST)

    blip, outage = run_drill(tmp_path, scenario).episodes
    assert [result.name for result in blip.results] == ["needless_failover"]
    assert [result.name for result in outage.results] == ["rto_s", "recovery-point"]  # a promise, asked for or not
    assert blip.steady_ns == outage.steady_ns  # the same calm, for the blip changed no answer


def test_the_view_begins_anew_with_every_fault(tmp_path: Path) -> None:
    shown: list[LiveStatus] = []
    drill = Drill(SimulatedBackend(), plan(), tmp_path, shown.append)
    drill.open()
    drill.reach_steady_state(EAST)
    there_and_back(drill)
    drill.reach_steady_state(EAST)
    before = len(shown)
    lose(drill, EAST)
    drill.require_recovery(WEST)
    states = {phase.name: phase.state for phase in shown[before].phases}
    assert (states["steady state"], states["fault"], states["recovery"], states["failback"]) == (
        "done", "current", "to come", "to come",
    )  # fmt: skip
    waited_s = max(phase.elapsed_s or 0 for status in shown[before:] for phase in status.phases if phase.name == "hold")
    assert waited_s < 15
    drill.abandon()


def test_a_place_without_an_address_cannot_serve(tmp_path: Path) -> None:
    def scenario(drill: Drill) -> None:
        drill.open()
        drill.reach_steady_state("eu-central-1")

    with pytest.raises(InputError, match="eu-central-1 has no address at the edge"):
        run_drill(tmp_path, scenario)


# --- what is shown of it ----------------------------------------------------------------------------------------------


def test_the_report_has_a_section_for_each_episode_and_shades_every_fault(tmp_path: Path) -> None:
    result = run_drill(tmp_path / "d", standby_lost)
    moment = datetime(2026, 11, 1, tzinfo=UTC)
    run = RunResult("r", moment, moment, {}, "embedded", "fast", "reference", {}, result.verdict, (result,))
    page = report.render(run, tmp_path)
    headings = re.findall(r"<h4 id=\"[^\"]+\">([^<]+)</h4>", page)
    assert headings == [
        f"1. region lost: {EAST} (packets vanish)", f"2. region lost: {WEST} (packets vanish)", f"3. heal of {WEST}",
    ]  # fmt: skip
    assert "Began with the heal of region lost: us-west-2 (packets vanish)." in page
    assert "nobody was served:" in page
    ids = re.findall(r' id="([^"]+)"', page)
    assert len(ids) == len(set(ids))
    lanes = arrange(case_files.read(tmp_path / "d").events, result)
    assert [fault.label for fault in lanes.faults] == [
        f"region lost: {EAST} (packets vanish)", f"region lost: {WEST} (packets vanish)",
    ]  # fmt: skip
    # The bar of phases stands where its episode began.
    began_s = (result.episodes[2].start_ns or 0) - (result.episodes[0].start_ns or 0)
    assert lanes.phases[0].start_s == pytest.approx(began_s / 1e9)
    run_json.write(run, tmp_path / "run.json")
    assert run_json_reader.load(tmp_path / "run.json").drills == (result,)


def test_a_drill_of_one_episode_looks_as_it_always_did(tmp_path: Path) -> None:
    def scenario(drill: Drill) -> None:
        drill.open()
        drill.reach_steady_state(EAST)
        lose(drill, EAST)
        drill.require_recovery(WEST)

    result = run_drill(tmp_path / "d", scenario)
    moment = datetime(2026, 11, 1, tzinfo=UTC)
    run = RunResult("r", moment, moment, {}, "embedded", "fast", "reference", {}, result.verdict, (result,))
    assert "Episodes" not in report.render(run, tmp_path)
    assert "episode" not in " ".join(result.reasons)
