"""A failback, or a failover that nobody needed, is an outage of its own, with a promise, and is told beside the RTO."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from simulated_backend import EAST, WEST, Story, run_drill

from harness.drill import case_files
from harness.drill.conclusion import conclude
from harness.drill.evidence import DrillResult
from harness.drill.facade import Drill
from harness.outcome import Verdict
from harness.reporting import run_json, run_json_reader
from harness.units import to_s

NAME = "planned_interruption_s"


def there_and_back(drill: Drill) -> None:
    drill.open()
    drill.reach_steady_state(EAST)
    drill.inject("region-outage", region=EAST, mode="black-hole")
    drill.require_recovery(WEST)
    drill.heal()
    drill.require_failback(EAST)


def blip(drill: Drill) -> None:
    drill.open()
    drill.reach_steady_state(EAST)
    drill.inject("region-outage", region=EAST, mode="refuse", for_s=10)
    drill.require_no_failover(EAST)


def row(result: DrillResult) -> tuple[Verdict, str]:
    [found] = [one for one in result.results if one.name == NAME]
    return found.verdict, found.text


def test_a_failback_is_bracketed_and_meets_the_recovery_time_objective_by_default(tmp_path: Path) -> None:
    result = run_drill(tmp_path, there_and_back)
    verdict, text = row(result)
    assert (verdict, result.verdict) == (Verdict.MET, Verdict.MET), result.reasons
    assert result.objectives.planned_interruption_s == 20
    # The standby refuses once the primary accepts; the answer follows after 1 s, the last cache up to 6 s later.
    assert result.planned_interruption is not None
    assert 4 < to_s(result.planned_interruption.low_ns) <= to_s(result.planned_interruption.high_ns or 0) < 7.5
    [one] = result.planned_interruptions
    assert (one.cause, one.source, one.target, one.clients) == ("failback", WEST, EAST, 4)
    assert one.text in text


@pytest.mark.parametrize("how", ["set", "step"])
def test_a_failback_beyond_its_promise_is_a_miss_that_names_it(tmp_path: Path, how: str) -> None:
    def promised(drill: Drill) -> None:
        if how == "step":
            drill.promise(planned_interruption_s=3.0)
        there_and_back(drill)

    settings = [f"objective.{NAME}=3"] if how == "set" else []
    result = run_drill(tmp_path, promised, Story(), *settings)
    assert (row(result)[0], result.verdict) == (Verdict.MISSED, Verdict.MISSED)
    told = " ".join(result.reasons)
    assert f"the failback from {WEST} to {EAST} interrupted 4 clients for " in told
    assert "HTTP 409 from us-west-2" in told
    assert "objective 3 s" in told
    assert {found.verdict for found in result.results if found.name == "rto_s"} == {Verdict.MET}


def test_a_failover_that_nobody_needed_is_bracketed(tmp_path: Path) -> None:
    result = run_drill(tmp_path, blip, Story(hasty=True, failback_s=None))
    [one] = result.planned_interruptions
    assert (one.cause, one.source, one.target) == ("needless failover", EAST, WEST)
    assert f"a needless failover from {EAST} to {WEST} interrupted" in row(result)[1]


def test_a_blip_that_was_sat_out_interrupted_nobody_but_by_itself(tmp_path: Path) -> None:
    result = run_drill(tmp_path, blip)
    assert row(result)[0] is Verdict.MET
    assert "no client was interrupted by anything but the fault" in row(result)[1]
    assert (result.planned_interruption, result.planned_interruptions) == (None, ())


def test_a_failover_after_which_clients_must_stay_was_needed(tmp_path: Path) -> None:
    def moved_and_stayed(drill: Drill) -> None:
        drill.open()
        drill.reach_steady_state(EAST)
        drill.inject("region-outage", region=EAST, mode="black-hole")
        drill.require_recovery(WEST)
        drill.require_no_failover(WEST)
        drill.heal()
        drill.require_failback(EAST)

    result = run_drill(tmp_path, moved_and_stayed)
    assert result.verdict is Verdict.MET, result.reasons
    assert [one.cause for one in result.planned_interruptions] == ["failback"]


def test_a_drill_without_a_move_has_no_such_promise(tmp_path: Path) -> None:
    def lost(drill: Drill) -> None:
        drill.open()
        drill.reach_steady_state(EAST)
        drill.inject("region-outage", region=EAST, mode="black-hole")
        drill.require_recovery(WEST)

    result = run_drill(tmp_path, lost)
    assert not [found for found in result.results if found.name == NAME]
    assert result.objectives.planned_interruption_s is None


def test_it_is_judged_again_from_the_folder_and_read_back_from_run_json(tmp_path: Path) -> None:
    result = run_drill(tmp_path, there_and_back)
    filed = case_files.read(tmp_path)
    again = conclude(filed.case, filed.events, filed.commits, filed.final)
    assert again.planned_interruptions == result.planned_interruptions
    assert (again.prediction, again.production_prediction) == (result.prediction, result.production_prediction)
    read = run_json_reader._drill(run_json.drill_dict(result))
    assert read.planned_interruptions == result.planned_interruptions
    assert read.planned_interruption == result.planned_interruption
    assert read.prediction == result.prediction


# --- who is still down, and what the constants predict ----------------------------------------------------------------


def test_clients_that_nobody_serves_in_the_end_are_a_serious_finding(tmp_path: Path) -> None:
    result = run_drill(tmp_path / "down", there_and_back, Story(takeover_s=None))
    [found] = [finding for finding in result.findings if finding.id == "still-down"]
    assert found.severity == "serious"
    assert found.text.startswith("4 of 4 clients were still not served when the drill ended, dns-")
    fine = run_drill(tmp_path / "fine", there_and_back)
    assert not [finding for finding in fine.findings if finding.id == "still-down"]


def test_nobody_can_be_served_where_every_place_is_lost(tmp_path: Path) -> None:
    def both(drill: Drill) -> None:
        drill.open()
        drill.reach_steady_state(EAST)
        drill.inject("region-outage", region=WEST, mode="black-hole")
        drill.inject("region-outage", region=EAST, mode="black-hole")
        drill.require_nowhere()

    result = run_drill(tmp_path, both)
    assert not [finding for finding in result.findings if finding.id == "still-down"]


def test_the_prediction_is_an_interval_for_this_profile_and_for_production(tmp_path: Path) -> None:
    result = run_drill(tmp_path, there_and_back)
    fast, production = result.prediction, result.production_prediction
    assert fast is not None
    assert production is not None
    assert (fast.profile, production.profile) == ("fast", "production")
    assert result.prediction_s == to_s(fast.total.point_ns or 0)
    # With production's constants a clean run took 97.5 to 98.0 s.
    assert to_s(production.total.low_ns) < 97.5 < 98.0 < to_s(production.total.high_ns or 0)
    assert list(fast.phases) == ["detect", "redirect", "activate", "dns_ttl", "settle"]
    assert result.episodes[0].prediction == fast


def test_a_phase_that_takes_longer_than_the_constants_explain_is_a_finding_with_its_cause(tmp_path: Path) -> None:
    result = run_drill(tmp_path, there_and_back, Story(takeover_s=5.5, answer_s=6.0))
    [found] = [finding for finding in result.findings if finding.id == "phase" and finding.severity == "warning"]
    assert found.text.startswith("publishing the new DNS answer took 6.00 s, longer than the documented constants")
    assert f"{WEST} was not healthy for the edge yet" in found.text


def test_phases_are_not_compared_where_something_else_was_broken_meanwhile(tmp_path: Path) -> None:
    """The constants know of one loss: a monitor that is killed in the middle of it makes all of them later."""
    run_drill(tmp_path, there_and_back, Story(takeover_s=5.5, answer_s=6.0))
    filed = case_files.read(tmp_path)
    [lost] = filed.case.faults
    for kind, told in (("process-kill", False), ("replication-stall", True)):
        second = replace(lost, kind=kind, target="monitor.outside", links=())
        [episode] = filed.case.episodes
        case = replace(filed.case, faults=(second, lost), episodes=(replace(episode, faults=(0, 1)),))
        again = conclude(case, filed.events, filed.commits, filed.final)
        assert bool([one for one in again.findings if one.id == "phase" and one.severity == "warning"]) is told
