"""Whole drills in fast forward: a design that works is MET, and every way to be broken goes red."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from simulated_backend import EAST, WEST, Story, run_drill

from harness.drill.facade import Drill
from harness.outcome import Verdict


def lost(drill: Drill) -> None:
    """A region is lost, and clients must be served by the other."""
    drill.open()
    drill.reach_steady_state(EAST)
    drill.inject("region-outage", region="the primary region", mode="black-hole")
    drill.require_recovery(WEST)


def lost_and_healed(drill: Drill) -> None:
    """The whole way, there and back."""
    lost(drill)
    drill.require("rpo")
    drill.heal()
    drill.require_failback(EAST)
    drill.reach_steady_state(EAST)
    drill.require("durability", at_rest=True)
    drill.require("same-data", at_rest=True)
    drill.require("split-brain")


def test_a_region_is_lost_and_everything_goes_as_planned(tmp_path: Path) -> None:
    result = run_drill(tmp_path, lost_and_healed)
    assert result.verdict is Verdict.MET, result.reasons
    assert result.rto is not None
    assert result.rto.high_ns is not None
    # Taken over after 3 s, answered 1 s later, cached for up to 6 s: what happened lies inside of what was measured.
    assert result.rto.low_ns <= 10_000_000_000
    assert 4_000_000_000 <= result.rto.high_ns <= 11_500_000_000
    assert sum(length or 0 for length in result.phases_ns.values()) <= result.rto.high_ns
    assert result.phases_ns["detect"] == 3_000_000_000
    assert result.phases_ns["redirect"] == 1_000_000_000


def test_writes_that_were_on_their_way_are_counted_and_come_back(tmp_path: Path) -> None:
    result = run_drill(tmp_path, lost_and_healed, Story(lag_s=0.4))
    assert result.verdict is Verdict.MET, result.reasons
    assert result.rpo is not None
    # 20 writes a second of the judged clients and 2 of direct-a, 0.4 s behind.
    assert 6 <= result.rpo.missing_low <= result.rpo.missing_high <= 10
    assert result.rpo.lost_after_heal == 0


def test_nobody_takes_over(tmp_path: Path) -> None:
    result = run_drill(tmp_path, lost_and_healed, Story(takeover_s=None))
    assert result.verdict is Verdict.MISSED
    assert "never recovered" in result.reasons[0]
    assert "objective 20 s" in result.reasons[0]
    assert result.rto is not None
    assert result.rto.high_ns is None or result.rto.low_ns > 20_000_000_000
    assert result.rpo is None  # no takeover: not measurable, and certainly not 0


def test_requests_that_fail_now_and_then_on_any_day_do_not_hide_the_recovery(tmp_path: Path) -> None:
    result = run_drill(tmp_path, lost, Story(stray=150))
    assert result.verdict is Verdict.MET, result.reasons
    assert result.rto is not None
    assert result.rto.high_ns is not None
    assert run_drill(tmp_path / "none", lost, Story(stray=150, takeover_s=None)).verdict is Verdict.MISSED


def test_what_the_witness_could_not_send_is_told(tmp_path: Path) -> None:
    result = run_drill(tmp_path, lost, Story(unsent=7))
    assert result.unsent == 7
    assert any(finding.id == "unsent" and "7 operations" in finding.text for finding in result.findings)


def test_the_evidence_says_how_a_fault_bit_and_that_it_was_gone_afterwards(tmp_path: Path) -> None:
    [fault] = run_drill(tmp_path, lost_and_healed).faults
    assert (fault.observed, fault.healed, fault.kinds_used) == (True, True, ("black_hole: simulated",))
    assert "touches" in fault.touched[0]
    assert all(fault.target in line for line in fault.touched[1:])


def test_the_standby_takes_over_too_late(tmp_path: Path) -> None:
    result = run_drill(tmp_path, lost, Story(takeover_s=25))
    assert result.verdict is Verdict.MISSED
    assert result.rto is not None
    assert result.rto.low_ns > 20_000_000_000


def test_clients_recover_only_because_the_fault_was_healed(tmp_path: Path) -> None:
    def scenario(drill: Drill) -> None:
        drill.open()
        drill.reach_steady_state(EAST)
        drill.inject("region-outage", region="the primary region", mode="black-hole", for_s=80)
        drill.require_recovery(EAST)

    result = run_drill(tmp_path, scenario, Story(takeover_s=None))
    assert result.verdict is Verdict.MISSED
    assert "only because the fault was healed" in " ".join(result.reasons)


def test_the_standby_serves_and_falls_over_again(tmp_path: Path) -> None:
    """A recovery that does not last for the window is none: it counts from the second one on."""
    steady = run_drill(tmp_path / "steady", lost, Story())
    relapsing = run_drill(tmp_path / "relapsing", lost, Story(relapse=(9, 12)), "objective.rto_s=40")
    assert relapsing.verdict is Verdict.MET, relapsing.reasons
    assert steady.rto is not None
    assert relapsing.rto is not None
    assert steady.rto.high_ns is not None
    assert relapsing.rto.low_ns > steady.rto.high_ns
    assert run_drill(tmp_path / "judged", lost, Story(relapse=(18, 22))).verdict is Verdict.MISSED


def test_an_objective_inside_the_bracket_is_neither_met_nor_missed(tmp_path: Path) -> None:
    measured = run_drill(tmp_path / "first", lost).rto
    assert measured is not None
    assert measured.high_ns is not None
    assert measured.high_ns > measured.low_ns
    middle_s = (measured.low_ns + measured.high_ns) / 2e9
    again = run_drill(tmp_path / "again", lost, Story(), f"objective.rto_s={middle_s}")
    assert again.rto == measured
    assert again.verdict is Verdict.UNKNOWN
    below = run_drill(tmp_path / "below", lost, Story(), f"objective.rto_s={measured.low_ns / 1e9 - 0.1}")
    assert below.verdict is Verdict.MISSED


# --- a drill that proves nothing ------------------------------------------------------------------------------------


def test_the_fault_was_never_applied(tmp_path: Path) -> None:
    result = run_drill(tmp_path, lost, Story(), "fault=none")
    assert result.verdict is Verdict.INVALID
    assert [fault.observed for fault in result.faults] == [False]
    assert result.rto is None


def test_a_machine_that_is_overloaded_proves_nothing_whatever_the_subject_did(tmp_path: Path) -> None:
    for story in (Story(overloaded=True), Story(overloaded=True, takeover_s=None)):
        result = run_drill(tmp_path / str(story.takeover_s), lost, story)
        assert result.verdict is Verdict.INVALID
        assert "this machine is overloaded" in " ".join(result.reasons)


def test_the_fault_was_applied_and_did_not_bite(tmp_path: Path) -> None:
    result = run_drill(tmp_path, lost, Story(bites=False))
    assert result.verdict is Verdict.INVALID
    assert "not observed at its victim" in " ".join(result.reasons)


def test_the_answer_changed_before_the_fault(tmp_path: Path) -> None:
    result = run_drill(tmp_path, lost, Story(answer_changes_at_s=3))
    assert result.verdict is Verdict.INVALID
    assert "DNS answers 127.0.2.10, expected 127.0.1.10" in result.reasons[0]


def test_the_answer_changed_between_the_steady_state_and_the_fault(tmp_path: Path) -> None:
    def scenario(drill: Drill) -> None:
        drill.open()
        drill.reach_steady_state(EAST)
        drill.watch(8)
        drill.inject("region-outage", region="the primary region", mode="black-hole")
        drill.require_recovery(WEST)

    result = run_drill(tmp_path, scenario, Story(answer_changes_at_s=12))
    assert result.verdict is Verdict.INVALID
    assert "the DNS answer seen by authoritative changed 1 times before the fault" in " ".join(result.reasons)


@pytest.mark.parametrize(("failback_s", "verdict"), [(None, Verdict.MET), (2.0, Verdict.MISSED)])
def test_whoever_is_sent_back_at_the_first_good_answer_is_lost_with_the_second_outage(
    tmp_path: Path, failback_s: float | None, verdict: Verdict
) -> None:
    def back_for_a_moment(drill: Drill) -> None:
        drill.open()
        drill.reach_steady_state(EAST)
        drill.inject("region-outage", region=EAST, mode="refuse")
        drill.require_recovery(WEST)
        drill.heal()
        drill.watch(8)
        drill.inject("region-outage", region=EAST, mode="refuse")
        drill.require_no_failover(WEST)

    result = run_drill(tmp_path, back_for_a_moment, Story(failback_s=failback_s))
    assert result.verdict is verdict, result.reasons
    if verdict is Verdict.MISSED:
        assert "no need, us-west-2 could serve" in " ".join(result.reasons)


def test_the_checkers_never_had_data(tmp_path: Path) -> None:
    result = run_drill(tmp_path, lost, Story(steady=False))
    assert result.verdict is Verdict.INVALID
    assert "3 of 16 checkers of us-west-2 have data" in result.reasons[0]


def test_the_witness_was_too_late_to_measure_anything(tmp_path: Path) -> None:
    result = run_drill(tmp_path, lost, Story(lateness_s=0.25))
    assert result.verdict is Verdict.INVALID
    assert "too late to measure" in " ".join(result.reasons)


def test_a_scenario_without_a_promise_is_no_proof(tmp_path: Path) -> None:
    def scenario(drill: Drill) -> None:
        drill.open()
        drill.reach_steady_state(EAST)
        drill.inject("region-outage", region="the primary region", mode="refuse")
        drill.watch(5)

    result = run_drill(tmp_path, scenario)
    assert result.verdict is Verdict.INVALID
    assert "requires nothing" in " ".join(result.reasons)


def test_a_scenario_that_does_nothing_at_all_is_no_proof(tmp_path: Path) -> None:
    assert run_drill(tmp_path, lambda drill: None).verdict is Verdict.INVALID


# --- data -----------------------------------------------------------------------------------------------------------


def test_acknowledged_writes_are_thrown_away_after_the_heal(tmp_path: Path) -> None:
    result = run_drill(tmp_path, lost_and_healed, Story(lag_s=0.4, keeps_backlog=False))
    assert result.verdict is Verdict.MISSED
    assert result.rpo is not None
    assert result.rpo.lost_after_heal is not None
    assert result.rpo.lost_after_heal >= 6
    assert {"A1"} <= {finding.id for finding in result.findings}
    told = " ".join((*result.reasons, *(finding.text for finding in result.findings)))
    # What the standby had acknowledged meanwhile is thrown away as well: only that is the failback's doing.
    # Some of what was missing was overwritten or deleted since: it is lost no more.
    lost = {
        how: int(re.findall(rf"(\d+) acknowledged writes are lost at the primary, {how}", told)[0])
        for how in ("missing when the other side took over", "in the failback")
    }
    assert 0 < lost["missing when the other side took over"] <= result.rpo.missing_low
    assert sum(lost.values()) == result.rpo.lost_after_heal + result.rpo.resurrected


def test_both_regions_accept_writes_after_the_heal(tmp_path: Path) -> None:
    result = run_drill(tmp_path, lost_and_healed, Story(fenced=False, failback_s=8))
    assert result.verdict is Verdict.MISSED
    assert {o.name: o.verdict for o in result.results}["split_brain"] is Verdict.MISSED
    assert any(finding.id == "A8" and finding.severity == "serious" for finding in result.findings)


def stalled(drill: Drill) -> None:
    """Replication stalls for 5 s of the fast profile before the region is lost."""
    drill.open()
    drill.reach_steady_state(EAST)
    drill.stall_replication(50)
    drill.inject("region-outage", region="the primary region", mode="black-hole")
    drill.require_recovery(WEST)
    drill.require("rpo-shows-stall")


def test_the_recovery_point_is_as_large_as_the_stall_before_it(tmp_path: Path) -> None:
    result = run_drill(tmp_path, stalled)
    assert result.verdict is Verdict.MET, result.reasons
    assert result.rpo is not None
    assert result.rpo.oldest_missing_s == pytest.approx(5, abs=0.5)
    assert result.rpo.missing_low == pytest.approx(5 * 22, abs=15)
    assert [fault.observed for fault in result.faults] == [True, True]


def test_a_stall_that_does_not_show_in_the_recovery_point_is_a_miss(tmp_path: Path) -> None:
    result = run_drill(tmp_path, stalled, Story(stalls=False))
    assert result.verdict is Verdict.MISSED
    assert "the loss of the stall does not show" in " ".join(result.reasons)


def test_the_loss_of_a_stall_breaks_the_recovery_point_objective(tmp_path: Path) -> None:
    def scenario(drill: Drill) -> None:
        drill.promise(rpo_items=10)
        stalled(drill)
        drill.require("rpo")

    result = run_drill(tmp_path, scenario)
    assert result.verdict is Verdict.MISSED
    assert {o.name: o.verdict for o in result.results}["rpo"] is Verdict.MISSED


# --- controls -------------------------------------------------------------------------------------------------------


def control(expected: Verdict, **settings: bool) -> Drill | object:
    def scenario(drill: Drill) -> None:
        drill.open()
        drill.override(**settings)
        drill.be_control(expected)
        lost(drill)
        drill.require_control()

    return scenario


def test_a_control_holds_when_disabled_failover_goes_red(tmp_path: Path) -> None:
    result = run_drill(tmp_path, control(Verdict.MISSED, failover_off=True))
    assert result.verdict is Verdict.MET, result.reasons
    assert result.control == "MISSED"
    assert "the control holds" in result.reasons[0]


def test_a_control_holds_when_a_fault_that_was_never_applied_is_invalid(tmp_path: Path) -> None:
    result = run_drill(tmp_path, control(Verdict.INVALID, fault_none=True))
    assert result.verdict is Verdict.MET, result.reasons
    assert result.control == "INVALID"


def never_applied(mode: str = "black-hole", **settings: Any) -> Callable[[Drill], None]:
    """The control of the shipped feature, in which a fault may be applied by mistake."""

    def scenario(drill: Drill) -> None:
        drill.override(**settings)
        drill.be_control(Verdict.INVALID, applies_nothing=True)
        drill.open()
        drill.reach_steady_state(EAST)
        drill.inject("region-outage", region=EAST, mode=mode)
        drill.require_control()

    return scenario


def test_the_control_of_a_fault_that_is_never_applied_holds_for_that_reason_alone(tmp_path: Path) -> None:
    held = run_drill(tmp_path / "held", never_applied(fault_none=True))
    assert held.verdict is Verdict.MET, held.reasons
    assert "no fault was injected" in held.reasons[0]
    unseen = run_drill(tmp_path / "unseen", never_applied(), Story(canary_period_s=3600))
    assert unseen.verdict is Verdict.INVALID, "its fault was applied, and no canary saw it"
    assert "and was so for another reason" in unseen.reasons[0]


def test_a_control_does_not_hold_when_clients_recover_although_they_must_not(tmp_path: Path) -> None:
    result = run_drill(tmp_path, control(Verdict.MISSED))
    assert result.verdict is Verdict.MISSED
    assert "does not hold" in result.reasons[0]


def test_an_invalid_drill_inside_a_control_of_a_miss_stays_invalid(tmp_path: Path) -> None:
    """`--set fault=none` on the failover control: going INVALID is not the red that it must show."""
    result = run_drill(tmp_path, control(Verdict.MISSED, failover_off=True), Story(), "fault=none")
    assert result.verdict is Verdict.INVALID
    assert "does not hold" in result.reasons[0]


def test_failover_off_makes_any_drill_go_red(tmp_path: Path) -> None:
    assert run_drill(tmp_path, lost_and_healed, Story(), "failover=off").verdict is Verdict.MISSED


# --- small faults, and the way back -----------------------------------------------------------------------------------


def blip(drill: Drill) -> None:
    """One second of refused connections, and then the real thing."""
    drill.open()
    drill.reach_steady_state(EAST)
    drill.inject("region-outage", region="the primary region", mode="refuse", for_s=10)
    drill.require_no_failover(EAST)
    drill.inject("region-outage", region="the primary region", mode="black-hole")
    drill.require_recovery(WEST)


def test_a_blip_is_sat_out_and_the_real_outage_is_not(tmp_path: Path) -> None:
    result = run_drill(tmp_path, blip)
    assert result.verdict is Verdict.MET, result.reasons
    assert [fault.observed for fault in result.faults] == [True, True]


def test_a_failover_for_a_blip_is_a_miss(tmp_path: Path) -> None:
    result = run_drill(tmp_path, blip, Story(hasty=True))
    assert result.verdict is Verdict.MISSED
    assert "A12" in {finding.id for finding in result.findings}


def test_service_never_comes_back_to_the_primary(tmp_path: Path) -> None:
    result = run_drill(tmp_path, lost_and_healed, Story(failback_s=None))
    assert result.verdict is Verdict.MISSED
    assert "did not come back" in " ".join(result.reasons)
    assert result.failback is not None
    assert result.failback["traffic_back_s"] is None


@pytest.mark.parametrize(("budget", "verdict"), [(0.5, Verdict.MET), (0.2, Verdict.MISSED)])
def test_an_error_budget_is_judged_by_what_the_clients_saw(tmp_path: Path, budget: float, verdict: Verdict) -> None:
    def scenario(drill: Drill) -> None:
        drill.open()
        drill.promise(error_budget=budget)
        drill.reach_steady_state(EAST)
        drill.inject("gray-failure", region="the primary region", rate=0.35, service="dynamodb")
        drill.require_error_budget(20)

    result = run_drill(tmp_path, scenario, Story(takeover_s=None))
    assert result.verdict is verdict, result.reasons


def test_a_lost_database_is_seen_through_an_application_that_lives(tmp_path: Path) -> None:
    def scenario(drill: Drill) -> None:
        drill.open()
        drill.reach_steady_state(EAST)
        drill.inject("service-outage", region="the primary region", mode="black-hole", service="dynamodb")
        drill.require_recovery(WEST)

    assert run_drill(tmp_path / "ok", scenario).verdict is Verdict.MET
    assert run_drill(tmp_path / "bad", scenario, Story(takeover_s=None)).verdict is Verdict.MISSED


# --- evidence -------------------------------------------------------------------------------------------------------


def test_a_component_that_died_is_a_finding(tmp_path: Path) -> None:
    result = run_drill(tmp_path, lost, Story(deaths=("monitor.outside ended by itself with exit code 1",)))
    assert ("subject-died", "serious") in {(f.id, f.severity) for f in result.findings}


def test_the_same_story_gives_the_same_evidence(tmp_path: Path) -> None:
    first, second = (run_drill(tmp_path / name / "d", lost) for name in _made(tmp_path, "one", "two"))
    assert first == second


def _made(folder: Path, *names: str) -> tuple[str, ...]:
    for name in names:
        (folder / name).mkdir()
    return names


def test_promises_that_the_scenario_does_not_judge_are_no_promises_of_the_drill(tmp_path: Path) -> None:
    objectives = run_drill(tmp_path, lost).objectives
    assert objectives.rto_s == 20
    assert objectives.rpo_items is None
    assert objectives.rpo_s == 2  # which every loss is judged by
    assert objectives.error_budget is None


def test_steps_that_need_clients_are_refused_after_the_data_was_compared(tmp_path: Path) -> None:
    from harness.errors import InputError

    def scenario(drill: Drill) -> None:
        lost(drill)
        drill.heal()
        drill.require_failback(EAST)
        drill.require("durability", at_rest=True)
        drill.reach_steady_state(EAST)

    with pytest.raises(InputError, match="needs clients at work"):
        run_drill(tmp_path, scenario)


def test_a_region_that_the_environment_does_not_have_is_named(tmp_path: Path) -> None:
    from harness.errors import InputError

    with pytest.raises(InputError, match=r"unknown region eu-west-1; this environment has: us-east-1, us-west-2"):
        run_drill(tmp_path, lambda drill: drill.reach_steady_state(drill.region("region eu-west-1")))
