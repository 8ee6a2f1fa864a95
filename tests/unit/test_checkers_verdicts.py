from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from measurement_timeline import A, B, pulse, s, timeline

from harness.checkers import objectives
from harness.checkers.durability import durability
from harness.checkers.failback import as_evidence, failback
from harness.checkers.failback_losses import Before, losses
from harness.checkers.flapping import flapping, needless_failover
from harness.checkers.nowhere import nowhere
from harness.checkers.result import CheckResult, merged
from harness.checkers.split_brain import split_brain
from harness.checkers.staleness import staleness
from harness.checkers.steady_state import Seen, of_subject, unsteady
from harness.checkers.vacuity import vacuity
from harness.history.events import DnsAnswer, Event
from harness.measurement.availability import Share
from harness.measurement.canary import CanaryJudgement
from harness.measurement.final_state import FinalState, lost_after_heal
from harness.measurement.models import FaultInterval
from harness.measurement.recovery_point import RecoveryPoint
from harness.measurement.recovery_time import RecoveryTime
from harness.outcome import Bracket, Verdict

MET, MISSED, UNKNOWN, INVALID = Verdict.MET, Verdict.MISSED, Verdict.UNKNOWN, Verdict.INVALID
RECOVERED = RecoveryTime(Bracket(s(4), s(6), s(5)), "dns-1", "writes")


def dns(at: float, client: str, *addresses: str) -> DnsAnswer:
    return DnsAnswer("witness", client, "app.example.com", addresses, 6.0, s(at))


@pytest.mark.parametrize(
    ("time", "objective_s", "verdict"),
    [
        (RECOVERED, 7, MET),
        (RECOVERED, 5, UNKNOWN),
        (RECOVERED, 3, MISSED),
        (dataclasses.replace(RECOVERED, recovered_only_after_heal=True), 60, MISSED),
        (dataclasses.replace(RECOVERED, confirmed=False), 60, UNKNOWN),
        (dataclasses.replace(RECOVERED, confirmed=False), 3, MISSED),
        (RecoveryTime(Bracket(s(1), None), "dns-1", "reads", never_recovered=True), 60, MISSED),
        (RecoveryTime(Bracket(0, 0, 0), unaffected=True), 1, MET),
        (None, 60, UNKNOWN),
    ],
)
def test_rto_is_met_only_by_the_whole_bracket(time: RecoveryTime | None, objective_s: float, verdict: Verdict) -> None:
    assert objectives.rto(time, objective_s).verdict is verdict


def point(missing: int, maybe: int, oldest_s: float | None = None, certain_s: float | None = None) -> RecoveryPoint:
    return RecoveryPoint(
        s(14), 100, tuple(f"m{n}" for n in range(missing)), tuple(f"q{n}" for n in range(maybe)), 0,
        None if oldest_s is None else s(oldest_s), None, None if certain_s is None else s(certain_s),
    )  # fmt: skip


def test_rpo_is_judged_by_its_range() -> None:
    assert objectives.rpo_items(point(0, 0), 0).verdict is MET
    assert objectives.rpo_items(point(2, 0), 2).verdict is MET
    assert objectives.rpo_items(point(0, 1), 0).verdict is UNKNOWN
    assert objectives.rpo_items(point(1, 1), 0).verdict is MISSED
    assert objectives.rpo_items(None, 1000).verdict is UNKNOWN
    assert objectives.rpo_s(point(0, 0), 0).verdict is MET
    assert objectives.rpo_s(point(3, 0, 2.0, 1.9), 1.95).verdict is UNKNOWN
    assert objectives.rpo_s(point(3, 0, 2.0, 1.9), 1).verdict is MISSED
    assert objectives.rpo_s(None, 1).verdict is UNKNOWN


def test_the_upper_end_of_a_range_is_no_fact() -> None:
    # Without commit logs nobody knows of the newest writes whether they were missing.
    told = objectives.rpo_s(point(0, 2, 7.4), 5)
    assert told.verdict is UNKNOWN
    assert "the oldest write that may be missing was acknowledged up to 7.40 s before the fault" in told.text
    some = objectives.rpo_s(point(1, 2, 7.4, 3.1), 5)
    assert "write was acknowledged at least 3.10 s, and up to 7.40 s before" in some.text
    straddling = objectives.rpo_s(point(3, 0, 2, 1.9), 1.95)
    assert "write was acknowledged at least 1.90 s, and up to 2.00 s before" in straddling.text
    late = dataclasses.replace(point(0, 2, 7.4), after_ns=s(1), after_ids=("a",))
    assert objectives.rpo_s(late, 5).text.startswith("up to 7.40 s of acknowledged writes missing")
    # What is known is told as it ever was.
    known = objectives.rpo_s(point(3, 0, 2, 2), 1)
    assert "the oldest missing write was acknowledged 2.00 s before the fault" in known.text


def test_error_budget() -> None:
    assert objectives.error_budget(Share(99, 100), 0.01).verdict is MET
    assert objectives.error_budget(Share(98, 100), 0.01).verdict is MISSED
    assert objectives.error_budget(Share(0, 0), 0.01).verdict is UNKNOWN


STEADY = Seen(Share(99, 100), 50, {(A,)}, settled=True, expected={A}, region="us-east-1")


def test_steady_state_names_every_reason_why_not() -> None:
    assert list(unsteady(STEADY)) == []
    bad = dataclasses.replace(
        STEADY, served=Share(98, 100), writes=40, answers={(A,), (B,)}, unready=["too few checkers have reported"]
    )
    assert list(unsteady(bad)) == [
        "only 98.0% of the clients' requests succeed",
        "40 writes acknowledged so far, 50 needed",
        f"DNS answers {B}, expected {A} (us-east-1)",
        "too few checkers have reported",
    ]
    assert list(unsteady(dataclasses.replace(STEADY, served=Share(0, 0)))) == ["no client has been answered yet"]
    assert list(unsteady(dataclasses.replace(STEADY, answers=None))) == ["no DNS answer yet"]
    assert list(unsteady(dataclasses.replace(STEADY, settled=False))) == ["the DNS answer has just changed"]


@pytest.mark.parametrize(
    ("amiss", "before", "after"),
    [
        ({"served": Share(60, 100)}, True, True),
        ({"broken": ["no healthy target"]}, True, True),
        ({"answers": {(B,)}}, False, True),
        ({"settled": False}, False, True),
        ({"writes": 0, "failed": {"HTTP 503 for writes": 1}}, False, True),
        ({"writes": 0}, False, False),
        ({"unready": ["too few checkers have reported"]}, False, False),
        ({"served": Share(0, 0), "writes": 0}, False, False),
        ({"answers": None}, False, False),
    ],
)
def test_what_has_to_be_recovered_from_after_a_fault_is_the_subjects(
    amiss: dict[str, Any], before: bool, after: bool
) -> None:
    seen = dataclasses.replace(STEADY, **amiss)
    assert list(unsteady(seen))
    assert bool(list(of_subject(seen))) is before
    later = dataclasses.replace(seen, after_fault=True)
    assert bool(list(of_subject(later))) is after
    assert set(of_subject(later)) <= set(unsteady(later))


CLEAN = FinalState((), (), (), (), (), (), (), (), ())


def test_durability() -> None:
    assert durability(CLEAN, region_came_back=True).verdict is MET
    assert durability(None, region_came_back=True).verdict is UNKNOWN
    lost = dataclasses.replace(CLEAN, lost=("u1",), elsewhere=("u1",))
    assert durability(lost, region_came_back=True, missing_ids=("u1",)).verdict is MISSED
    assert durability(lost, region_came_back=False, missing_ids=("u1",)).verdict is MET
    assert durability(lost, region_came_back=False).verdict is MISSED
    for bad, id_ in (("resurrected", "A4"), ("phantom", "A5"), ("diverged", "A10")):
        found = durability(dataclasses.replace(CLEAN, **{bad: ("u1",), "lacking": ("u1",)}), region_came_back=True)
        assert found.verdict is MISSED
        assert [f.id for f in found.findings] == [id_]
    unpromised = durability(dataclasses.replace(CLEAN, diverged=("u1",)), region_came_back=True)
    assert unpromised.verdict is MET
    assert [(f.id, f.severity) for f in unpromised.findings] == [("A10", "serious")]
    assert durability(dataclasses.replace(CLEAN, maybe_lost=("u1",)), region_came_back=True).verdict is MET
    late = durability(dataclasses.replace(CLEAN, late=("u1",), duplicated=("u2",)), region_came_back=True)
    assert late.verdict is MET
    assert {f.id for f in late.findings} == {"late", "A6"}


def check_reads(text: str, explained: set[str] | None = None) -> CheckResult:
    return staleness(timeline(text), explained or set())


def test_a_read_that_misses_an_acknowledged_write_is_stale() -> None:
    stale = """
        w1: dns-0 put k 1.0..1.1 ok A
        w2: dns-0 put k 2.0..2.1 ok A
        r1: dns-1 get k 3.0..3.1 ok A =w1
        """
    found = check_reads(stale)
    assert found.verdict is MISSED
    assert found.findings[0].id == "A2"
    assert "r1" in found.findings[0].text
    assert check_reads(stale, {"w2"}).verdict is MET


def test_a_read_beside_a_write_may_see_either() -> None:
    for value in ("w1", "w2"):
        found = check_reads(
            f"""
            w1: dns-0 put k 1.0..1.1 ok A
            w2: dns-0 put k 2.0..2.5 ok A
            r1: dns-1 get k 2.2..2.3 ok A ={value}
            """
        )
        assert found.verdict is MET


def test_absence_is_stale_unless_a_delete_explains_it() -> None:
    put = "w1: dns-0 put k 1.0..1.1 ok A\n"
    read = "r1: dns-1 get k 3.0..3.1 ok A =-\n"
    assert check_reads(put + read).verdict is MISSED
    assert check_reads(put + read, {"w1"}).verdict is MET
    assert check_reads(put + "d1: dns-0 delete k 2.0..2.1 ok A\n" + read).verdict is MET
    assert check_reads(put + "d1: dns-0 delete k 2.0..2.9 info A\n" + read).verdict is MET
    assert check_reads(put + "d1: dns-0 delete k 2.0..2.1 fail A\n" + read).verdict is MISSED
    assert check_reads(put + "d1: dns-0 delete k 4.0..4.1 ok A\n" + read).verdict is MISSED


def test_a_deleted_value_that_is_read_again_is_stale() -> None:
    found = check_reads(
        """
        w1: dns-0 put    k 1.0..1.1 ok A
        d1: dns-0 delete k 2.0..2.1 ok A
        r1: dns-1 get    k 3.0..3.1 ok A =w1
        """
    )
    assert found.verdict is MISSED


def test_a_client_whose_view_goes_back() -> None:
    # w2 was never acknowledged, so missing it is not stale; but this client had seen it.
    found = check_reads(
        """
        w1: dns-0 put k 1.0..1.1 ok A
        w2: dns-0 put k 2.0..3.0 info A
        r1: dns-1 get k 3.1..3.2 ok A =w2
        r2: dns-1 get k 4.1..4.2 ok B =w1
        """
    )
    assert [f.id for f in found.findings] == ["A3"]


def test_values_of_failed_writes_are_phantoms() -> None:
    found = check_reads("w1: dns-0 put k 1.0..1.1 fail A\nr1: dns-1 get k 2.0..2.1 ok A =w1\n")
    assert [f.id for f in found.findings] == ["A5"]
    assert check_reads("r1: dns-1 get k 2.0..2.1 ok A =nobody\n").verdict is MISSED


def test_a_standbys_delay_is_not_held_against_the_plan() -> None:
    found = check_reads(
        """
        w1: dns-0      put k 1.0..1.1 ok A
        r1: pinned-b-0 get k 1.2..1.3 ok B =-
        r2: dns-0      get k 1.2..1.3 ok A =w1
        """
    )
    assert found.verdict is MET
    assert found.findings[0].severity == "info"


def test_no_reads_no_verdict() -> None:
    assert check_reads("w1: dns-0 put k 1.0..1.1 ok A\n").verdict is UNKNOWN


def check_sides(text: str) -> CheckResult:
    return split_brain(timeline(text), regions={A: "us-east-1", B: "us-west-2"}, turn_ns=s(10))


def test_an_old_epoch_that_accepts_again_is_split_brain() -> None:
    found = check_sides(
        """
        w1: dns-0      put a 1.0..1.1 ok A @us-east-1 e1
        w2: dns-0      put b 5.0..5.1 ok B @us-west-2 e2
        w3: pinned-a-0 put c 5.2..5.3 ok A @us-east-1 e1
        """
    )
    assert found.verdict is MISSED
    assert "w3" in found.findings[0].text


def test_writes_that_overlap_the_change_of_epoch_are_not_proof() -> None:
    found = check_sides(
        """
        w1: pinned-a-0 put a 5.0..5.4 ok A @us-east-1 e1
        w2: dns-0      put b 5.1..5.2 ok B @us-west-2 e2
        """
    )
    assert found.verdict is MET


def test_one_epoch_two_regions_is_split_brain_and_who_says_that_it_forwarded_is_not_believed() -> None:
    two = "w1: dns-0 put a 1.0..1.1 ok A {a} e1\nw2: pinned-b-0 put b 1.2..1.3 ok B {b} e1\n"
    assert check_sides(two.format(a="@us-east-1", b="@us-west-2")).verdict is MISSED
    assert check_sides(two.format(a="", b="")).verdict is MISSED
    assert check_sides(two.format(a="@us-east-1", b="@us-east-1")).verdict is UNKNOWN


def test_sides_that_accept_in_turn_are_split_brain_without_any_epoch() -> None:
    in_turn = """
        w1: dns-0      put a 15.0..15.1 ok B
        w2: pinned-a-0 put b 15.2..15.3 ok A
        w3: dns-0      put c 15.4..15.5 ok B
        """
    found = check_sides(in_turn)
    assert found.verdict is MISSED
    assert "w2 (us-east-1)" in found.findings[0].text
    overlapping = in_turn.replace("15.2..15.3", "15.05..15.3")
    assert check_sides(overlapping).verdict is MET
    assert check_sides(in_turn.replace("ok A", "info A")).verdict is MET


def test_failover_and_failback_are_turns_that_a_plan_takes() -> None:
    there_and_back = """
        w1: dns-0 put a  1.0..1.1 ok A
        w2: dns-0 put b 15.0..15.1 ok B
        w3: dns-0 put c 40.0..40.1 ok B
        w4: dns-0 put d 55.0..55.1 ok A
        """
    assert check_sides(there_and_back).verdict is MET


SHORT_TURNS = """
    w1: dns-0      put a 1.0..1.1 ok A e1
    w2: dns-0      put b 2.0..2.1 ok B e2
    w3: dns-0      put c 3.0..3.1 ok A e3
    w4: dns-0      put d 4.0..4.1 ok B e4
    """


def test_turns_that_are_fenced_by_epochs_may_be_short() -> None:
    found = check_sides(SHORT_TURNS)
    assert found.verdict is MET
    assert found.text == "4 writes acknowledged, in 4 epochs, one side each, never back"


@pytest.mark.parametrize(
    "late", ["w5: pinned-a-0 put e 2.5..2.6 ok A e1", "w5: pinned-b-0 put e 3.5..3.6 ok B e2",
             "w5: pinned-a-0 put e 4.5..4.6 ok A", "w5: pinned-b-0 put e 2.5..2.6 ok B e3"],
)  # fmt: skip
def test_a_write_that_overlaps_another_sides_turn_is_split_brain_however_the_turns_are_fenced(late: str) -> None:
    more = "\nw6: dns-0 put f 5.0..5.1 ok B e5"
    found = check_sides(SHORT_TURNS + late + more)
    assert found.verdict is MISSED
    assert "both sides accepted writes" in found.text


def test_the_reason_of_split_brain_names_the_sides_and_the_writes() -> None:
    found = check_sides(SHORT_TURNS + "w5: pinned-a-0 put e 2.5..2.6 ok A e1")
    assert "us-east-1 accepted 1 write in an epoch that had ended: w5 (epoch 1)" in found.text
    assert "us-west-2 had acknowledged w2 (epoch 2) 0.40 s before" in found.text


def test_a_side_that_was_never_asked_proves_nothing() -> None:
    assert check_sides("w1: dns-0 put a 1.0..1.1 ok A e1").verdict is UNKNOWN
    asked = "w1: dns-0 put a 1.0..1.1 ok A\nw2: pinned-b-0 put a 1.0..1.1 fail B"
    assert check_sides(asked).verdict is MET


BACK: list[Event] = [dns(0, "authoritative", A), dns(5, "authoritative", B), dns(12, "authoritative", A)]
RETURN = pulse("dns-0", "writes", "." * 40, first_s=10, address="B") + pulse("dns-0", "writes", "." * 40, first_s=14)


def judge_failback(operations=RETURN, events=BACK, final=CLEAN, refuses=False):  # type: ignore[no-untyped-def]
    return failback(
        operations, events, primary_address=A, standby_address=B, heal_ns=s(10), final=final, standby_refuses=refuses
    )


def test_failback_with_traffic_and_data_back() -> None:
    result, measured = judge_failback()
    assert result.verdict is MET
    assert measured.answer_back_ns == s(12)
    assert measured.back_ns == s(14)
    evidence = as_evidence(measured, s(10), result)
    assert (evidence["answer_back_s"], evidence["traffic_back_s"], evidence["served"]) == (2.0, 4.0, 1.0)


def test_failback_fails_in_words() -> None:
    assert "did not return" in judge_failback(RETURN[:40])[0].text
    assert "not the primary alone" in judge_failback(events=BACK[:2])[0].text
    assert "lost at the primary" in judge_failback(final=dataclasses.replace(CLEAN, lost=("u1",)))[0].text
    assert judge_failback(final=None)[0].verdict is UNKNOWN


LOSSES = """
    u1: dns-0      put u1  1.0..1.1  ok A
    u2: dns-0      put u2  2.0..2.1  ok A
    u3: dns-0      put u3  9.0..9.1  ok B
    u4: pinned-a-0 put u4  9.5..9.6  ok A
    u5: dns-0      put u5 15.0..15.1 ok A
    u6: dns-0      put u6 30.0..30.1 ok A
    """


def test_only_what_the_failback_lost_is_said_to_be_lost_in_it() -> None:
    before = Before({"u1"}, {"u2"}, "us-east-1", taken_over_ns=s(8))
    final = dataclasses.replace(CLEAN, lost=("u1", "u2", "u3", "u4", "u5", "u6"))
    found = losses(final, timeline(LOSSES), before, A, s(14), s(30))
    assert found == {
        "missing when the other side took over already, and not brought back since": ["u1"],
        "in the failback": ["u3"],
        "acknowledged by us-east-1 while the other side served": ["u4"],
        "written after the failback": ["u5"],
    }
    cut_off = Before({"u1"}, {"u2"}, "us-east-1", taken_over_ns=s(9.55), void={"u4"})  # sent before the takeover
    assert losses(final, timeline(LOSSES), cut_off, A, s(14), s(30)) == found
    told = judge_failback(final=dataclasses.replace(CLEAN, lost=("w9",)))[0]
    assert "1 acknowledged writes are lost at the primary, in the failback: w9" in told.text


def test_traffic_that_leaves_the_primary_again_is_not_back() -> None:
    gone = RETURN + pulse("dns-0", "writes", "..", first_s=20, address="B")
    assert "did not return" in judge_failback(gone)[0].text


def test_failures_during_failback_are_told_and_not_judged() -> None:
    result, measured = judge_failback(RETURN + pulse("dns-0", "reads", "x" * 20, first_s=14))
    assert result.verdict is MET
    assert measured.served == 0.8
    assert [f.id for f in result.findings] == ["failback-interruption"]


def test_behind_a_proxy_in_front_of_all_places_only_traffic_tells_of_a_failback() -> None:
    both: list[Event] = [dns(0, "dns-0", A, B)]
    assert judge_failback(events=both)[0].verdict is MISSED
    judged, _ = failback(RETURN, both, primary_address=A, standby_address=B, heal_ns=s(10), final=CLEAN, moves=False)
    assert judged.verdict is MET


def test_clients_that_keep_an_answer_too_long_do_not_hold_the_failback_up() -> None:
    stuck = [*BACK, dns(0, "ttl-violating-0", A), dns(6, "ttl-violating-0", B)]
    assert judge_failback(events=stuck)[0].verdict is MET
    assert judge_failback(events=[*stuck, dns(6, "dns-0", B)])[0].verdict is MISSED


def test_a_standby_that_still_accepts_writes_is_held_against_a_design_that_promises_not_to() -> None:
    zombies = RETURN + pulse("pinned-b-0", "writes", "..", first_s=16, address="B")
    assert judge_failback(zombies)[0].verdict is MET
    result, measured = judge_failback(zombies, refuses=True)
    assert result.verdict is MISSED
    assert measured.standby_accepts == 2
    by_name, _ = failback(
        zombies, BACK, primary_address=A, standby_address=B, heal_ns=s(10), final=CLEAN, standby_refuses=True,
        away="sfo3",
    )  # fmt: skip
    assert by_name.text == "sfo3 accepted 2 writes after failback"
    assert by_name.findings[0].text.startswith("sfo3 still accepts writes after failback")


def test_an_outage_after_the_failback_is_judged_and_a_failure_by_itself_is_told() -> None:
    longer = pulse("dns-0", "writes", "." * 30 + "x" * 10 + "." * 40, first_s=18)
    result, _ = judge_failback(RETURN + longer)
    assert result.verdict is MISSED
    assert "client dns-0 was not served for 0.90 – 1.11 s after it had come back to the primary" in result.text
    result, _ = judge_failback(RETURN + pulse("dns-0", "writes", "." * 30 + "x" + "." * 80, first_s=18))
    assert result.verdict is MET
    assert [(f.id, f.severity) for f in result.findings] == [("relapse", "serious")]


def test_flapping_counts_changes_over_plan() -> None:
    assert flapping(BACK, 2).verdict is MET
    assert flapping(BACK, 1).verdict is MISSED
    assert flapping(BACK, 1, from_ns=s(10)).verdict is MET
    assert flapping([], 1).verdict is UNKNOWN


def test_a_failover_during_a_blip_was_needless() -> None:
    stay = [dns(0, "authoritative", A)]
    quiet = pulse("pinned-b-0", "writes", "....", first_s=10, address="B")
    moved = pulse("dns-0", "writes", ".", first_s=10, address="B")

    def judge(events, operations):  # type: ignore[no-untyped-def]
        return needless_failover(events, operations, stayed_address=A, from_ns=s(4), to_ns=s(11)).verdict

    assert judge(stay, quiet) is MET
    assert judge(BACK, quiet) is MISSED
    assert judge(stay, moved) is MISSED
    assert judge([], quiet) is UNKNOWN


FAULT = FaultInterval(s(10), s(10.1), s(20), s(20.1))
SEEN = {"region-outage": CanaryJudgement(True, "10 of 10 probes failed")}
DURING = pulse("dns-0", "writes", "." * 200)


def judge_vacuity(**changes) -> CheckResult:  # type: ignore[no-untyped-def]
    settings = {
        "operations": DURING, "events": [dns(0, "authoritative", A)], "fault": FAULT, "steady_ns": s(1),
        "canaries": SEEN, "untouched": {}, "lateness_p999_ns": s(0.01), "probe_period_ns": s(0.1),
    } | changes  # fmt: skip
    return vacuity(settings.pop("operations"), settings.pop("events"), **settings)


def test_a_drill_that_proves_something() -> None:
    assert judge_vacuity().verdict is MET
    assert judge_vacuity(untouched={"canary.outside->us-west-2:dynamodb": Share(298, 300)}).verdict is MET


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"fault": None}, "no fault"),
        ({"canaries": {}}, "no canary"),
        ({"canaries": {"x": CanaryJudgement(False, "0 of 10 probes failed")}}, "not observed"),
        ({"operations": DURING[:100]}, "only 0 operations"),
        ({"lateness_p999_ns": s(0.06)}, "too late"),
        ({"lateness_p999_ns": None}, "sent nothing"),
        ({"untouched": {"canary.outside->us-west-2:dynamodb": Share(90, 100)}}, "overloaded"),
        ({"events": [dns(0, "authoritative", A), dns(5, "authoritative", B)]}, "before the fault"),
    ],
)
def test_a_drill_that_proves_nothing_is_invalid(changes: dict[str, object], reason: str) -> None:
    found = judge_vacuity(**changes)
    assert found.verdict is INVALID
    assert reason in found.text
    assert {f.id for f in found.findings} == {"A19"}


def test_a_place_without_any_calm_before_its_loss_proves_nothing() -> None:
    assert "no steady state held before the fault" in judge_vacuity(steady_ns=None).text


def test_clients_that_hold_answers_for_too_long_are_no_early_change() -> None:
    slow = [dns(0, "authoritative", A), dns(0, "ttl-violating-0", B), dns(5, "ttl-violating-0", A)]
    assert judge_vacuity(events=slow).verdict is MET


def test_nowhere_to_go_means_that_nobody_is_served() -> None:
    lost = pulse("dns-0", "writes", "." * 100 + "i" * 100)
    where = {A: "us-east-1", B: "us-west-2"}
    found = nowhere(lost, regions=where, from_ns=s(10), to_ns=s(20))
    assert (found.verdict, "none answered" in found.text) == (MET, True)
    assert nowhere(lost, regions=where, from_ns=s(30), to_ns=s(40)).verdict is UNKNOWN
    served = nowhere(lost + pulse("dns-1", "writes", "...", first_s=15), regions=where, from_ns=s(10), to_ns=s(20))
    assert served.verdict is MISSED
    assert "3 of 103 requests of the clients were served although every place was lost, by us-east-1 (3)" in served.text
    assert "dns-1.put." in served.findings[0].text


def test_a_shuffled_answer_is_the_same_answer() -> None:
    both = dataclasses.replace(STEADY, answers={(A, B), (B, A)}, expected={A, B})
    assert list(unsteady(both)) == []
    assert "expected 127.0.1.10 (us-east-1)" in next(unsteady(dataclasses.replace(both, expected={A})))
    shuffled = [dns(0, "authoritative", A, B), dns(5, "authoritative", B, A), dns(9, "authoritative", A, B)]
    assert flapping(shuffled, 0).verdict is MET


def test_an_invalid_check_outweighs_a_missed_one() -> None:
    results = [CheckResult("a", MET, ""), CheckResult("b", MISSED, ""), CheckResult("c", INVALID, "")]
    assert merged(results) is INVALID
    assert merged(results[:2]) is MISSED


def test_deletes_count_in_the_final_state() -> None:
    # A checker that ignores deletes would call this clean.
    history = timeline("u1: dns-0 put k 1.0..1.1 ok A\nd1: dns-0 delete k 2.0..2.1 ok A\n")
    assert durability(lost_after_heal(history, {"k": "u1"}, None), region_came_back=True).verdict is MISSED
    assert durability(lost_after_heal(history, {}, {}), region_came_back=True).verdict is MET
