from __future__ import annotations

from measurement_timeline import A, B, s, timeline

from harness.checkers import objectives
from harness.history.events import Commit
from harness.measurement.final_state import lost_after_heal
from harness.measurement.models import FaultInterval
from harness.measurement.recovery_point import Earlier, RecoveryPoint, Scans, out_of_reach, recovery_point, state_at
from harness.outcome import Verdict

FAULT = FaultInterval(s(10), s(10.02))
TAKEOVER = "t1: dns-0 put t1 14.0..14.2 ok B\n"


def commits(*entries: tuple[float, str, str | None]) -> list[Commit]:
    return [Commit("us-west-2", "items", k, v, n, s(at)) for n, (at, k, v) in enumerate(entries)]


def measured(text: str, survivor: list[Commit] | Scans) -> RecoveryPoint:
    found = recovery_point(timeline(text + TAKEOVER), survivor, lost_address=A, survivor_address=B, fault=FAULT)
    assert found is not None
    return found


def test_a_write_that_was_not_replicated_is_missing_with_its_age() -> None:
    found = measured(
        """
        u1: dns-0 put u1 8.0..8.1 ok A
        u2: dns-0 put u2 9.0..9.1 ok A
        u3: dns-0 put u3 9.5..9.6 ok A
        """,
        commits((8.5, "u1", "u1"), (14.1, "t1", "t1")),
    )
    assert found.takeover_ns == s(14.1)
    assert found.acknowledged == 3
    assert found.missing_ids == ("u2", "u3")
    assert (found.missing_low, found.missing_high) == (2, 2)
    assert found.oldest_missing_ns == s(10.02) - s(9.1)
    assert found.newest_missing_ns == s(10.02) - s(9.6)
    assert found.oldest_certain_ns == s(10) - s(9.1)


def test_what_arrives_after_takeover_was_missing_at_takeover() -> None:
    text = "u1: dns-0 put u1 8.0..8.1 ok A\n"
    assert measured(text, commits((14.1, "t1", "t1"), (14.11, "u1", "u1"))).missing_ids == ("u1",)
    assert measured(text, commits((14.09, "u1", "u1"), (14.1, "t1", "t1"))).missing_ids == ()


def test_without_its_commit_takeover_is_the_acknowledgement() -> None:
    assert measured("", []).takeover_ns == s(14.2)


def test_nothing_missing_is_zero_and_not_unknown() -> None:
    found = measured("u1: dns-0 put u1 8.0..8.1 ok A\n", commits((8.2, "u1", "u1"), (14.1, "t1", "t1")))
    assert (found.missing_low, found.missing_high, found.oldest_missing_ns) == (0, 0, None)


def test_no_takeover_means_not_measurable() -> None:
    history = timeline(
        """
        b0: pinned-b-0 put b0  9.0..9.1  ok   B
        u1: dns-0      put u1  9.5..9.6  ok   A
        u2: dns-0      put u2 12.0..13.0 info B
        """
    )
    assert recovery_point(history, [], lost_address=A, survivor_address=B, fault=FAULT) is None


def test_a_put_and_its_delete_both_unreplicated_lose_nothing() -> None:
    found = measured(
        """
        u1: dns-0 put    k 8.0..8.1 ok A
        d1: dns-0 delete k 9.0..9.1 ok A
        """,
        commits((14.1, "t1", "t1")),
    )
    assert found.missing_high == 0
    assert found.acknowledged == 2


def test_a_lone_unreplicated_delete_is_a_loss() -> None:
    found = measured(
        """
        u1: dns-0 put    k 8.0..8.1 ok A
        d1: dns-0 delete k 9.0..9.1 ok A
        """,
        commits((8.5, "k", "u1"), (14.1, "t1", "t1")),
    )
    assert found.missing_ids == ("d1",)


def test_a_later_write_on_top_supersedes() -> None:
    text = """
        u1: dns-0 put k 8.0..8.1 ok A
        u2: dns-0 put k 9.0..9.1 ok A
        """
    assert measured(text, commits((9.2, "k", "u2"))).missing_ids == ()
    assert measured(text, commits((8.2, "k", "u1"))).missing_ids == ("u2",)


def test_concurrent_writes_may_end_in_either_order() -> None:
    text = """
        u1: dns-0 put k 8.0..8.5 ok A
        u2: dns-1 put k 8.1..8.4 ok A
        """
    assert measured(text, commits((8.6, "k", "u1"))).missing_ids == ()
    assert measured(text, commits((8.6, "k", "u2"))).missing_ids == ()


def test_an_unknown_delete_gives_a_range() -> None:
    found = measured(
        """
        u1: dns-0 put    k 8.0..8.1 ok A
        d1: dns-0 delete k 9.0..10.0 info A
        """,
        commits((14.1, "t1", "t1")),
    )
    assert (found.missing_low, found.missing_high) == (0, 1)
    assert found.maybe_ids == ("u1",)
    assert found.explained == {"u1"}


def test_a_failed_delete_explains_nothing() -> None:
    found = measured(
        """
        u1: dns-0 put    k 8.0..8.1 ok A
        d1: dns-0 delete k 9.0..9.1 fail A
        """,
        commits((14.1, "t1", "t1")),
    )
    assert found.missing_ids == ("u1",)


def test_a_delete_after_takeover_does_not_excuse_what_was_missing_then() -> None:
    found = measured(
        """
        u1: dns-0 put    k  8.0..8.1  ok A
        d1: dns-0 delete k 20.0..20.1 ok B
        """,
        commits((14.1, "t1", "t1")),
    )
    assert found.missing_ids == ("u1",)


def test_writes_that_timed_out_were_never_promised() -> None:
    found = measured(
        """
        u1: dns-0 put u1 10.5..11.5 info A
        u2: dns-0 put u2 10.6..10.6 fail A
        """,
        commits((14.1, "t1", "t1")),
    )
    assert (found.acknowledged, found.missing_high, found.unknown) == (0, 0, 1)


def test_writes_through_the_survivor_are_not_the_lost_sides() -> None:
    found = measured("u1: pinned-b-0 put u1 8.0..8.1 ok B\n", commits((14.1, "t1", "t1")))
    assert found.acknowledged == 0


ZOMBIE = """
    z1: pinned-a-0 put z1 13.0..13.1 ok A
    z2: pinned-a-0 put z2 15.0..15.1 ok A
    z3: pinned-a-0 put z3 20.0..20.1 ok A
    """


def test_a_zombies_acknowledgement_is_lost_before_the_takeover_and_after_it() -> None:
    found = measured(ZOMBIE, commits((14.1, "t1", "t1")))
    assert found.missing_ids == ("z1", "z2", "z3")
    assert found.void_ids == ("z2", "z3")
    assert found.explained == {"z1", "z2", "z3"}
    assert found.acknowledged == 3
    assert found.oldest_missing_ns == 0
    assert (found.span_ns, found.after_ns) == (s(20.1) - s(13.1), s(20.1) - s(10.02))
    items = objectives.rpo_items(found, 2, "us-east-1")
    assert items.text.startswith(
        "3 of 3 acknowledged writes missing, 3 of them acknowledged by us-east-1 up to 10.08 s after the fault, "
        "2 of these when the other side had taken over, objective 2"
    )


def healed(text: str, survivor: list[Commit] | Scans, heal_s: float, *, cut_off: bool = True) -> RecoveryPoint:
    fault = FaultInterval(s(10), s(10.02), s(heal_s), s(heal_s))
    found = recovery_point(
        timeline(text + TAKEOVER), survivor, lost_address=A, survivor_address=B, fault=fault, cut_off=cut_off
    )
    assert found is not None
    return found


def test_what_was_acknowledged_after_the_heal_is_not_lost() -> None:
    assert healed(ZOMBIE, commits((14.1, "t1", "t1")), 18).missing_ids == ("z1", "z2")


def test_a_fault_that_cuts_nothing_off_loses_nothing_after_the_takeover() -> None:
    found = healed(ZOMBIE, commits((14.1, "t1", "t1"), (15.5, "z2", "z2")), 21, cut_off=False)
    assert (found.missing_ids, found.void_ids, found.acknowledged) == (("z1",), (), 1)


def test_what_comes_after_the_heal_was_missing_and_what_then_does_not_come_is_not_accounted_for() -> None:
    found = healed(ZOMBIE, commits((14.1, "t1", "t1"), (31, "z3", "z3")), 30)
    assert found.missing_ids == ("z1", "z2", "z3")
    assert found.came_back
    assert found.explained == {"z1"}


def test_what_was_on_its_way_when_the_side_was_lost_does_not_mean_that_it_came_back() -> None:
    found = healed(ZOMBIE, commits((14.1, "t1", "t1"), (20.2, "z2", "z2")), 30)
    assert not found.came_back
    assert found.explained == {"z1", "z2", "z3"}


def test_what_the_survivor_replaced_itself_is_not_missing() -> None:
    text = ZOMBIE + "b1: dns-0 put z2 16..16.1 ok B\n"
    assert healed(text, commits((14.1, "t1", "t1"), (16.05, "z2", "b1")), 30).missing_ids == ("z1", "z3")
    text = ZOMBIE + "b1: dns-0 put z2 14.5..14.6 ok B\n"
    assert healed(text, commits((14.1, "t1", "t1"), (14.55, "z2", "b1")), 30).missing_ids == ("z1", "z2", "z3")


def test_increments_into_the_void_are_lost_too() -> None:
    text = """
        i1: dns-0      add c  9.0..9.1  ok A
        i2: pinned-a-0 add c 15.0..15.1 ok A
        i3: dns-1      add c 16.0..16.1 ok B
        i4: pinned-a-0 add c 17.0..17.1 ok A
        """
    found = healed(text, commits((14.1, "t1", "t1"), (16.05, "c", "1")), 30)
    assert found.missing_ids == ("i1", "i2", "i4")
    assert found.void_ids == ("i2", "i4")
    found = healed(text, commits((9.5, "c", "1"), (14.1, "t1", "t1"), (16.05, "c", "2")), 30)
    assert found.missing_ids == ("i2", "i4")


def test_scans_bound_the_void_as_well() -> None:
    found = healed(ZOMBIE, Scans(None, {"t1": "t1", "z3": "z3"}), 30)
    assert (found.missing_ids, found.maybe_ids) == (("z1", "z2"), ("z3",))
    assert found.came_back


def test_of_a_side_that_never_took_over_it_is_said_what_its_readers_cannot_see() -> None:
    text = """
        u1: dns-0      put u1  8.0..8.1  ok A
        u2: dns-0      put u2  9.9..9.95 ok A
        r1: pinned-b-0 get u1 11.0..11.1 ok B =u1
        z1: pinned-a-0 put z1 12.0..12.1 ok A
        """
    addresses = {"lost_address": A, "survivor_address": B}
    log = commits((8.5, "u1", "u1"))
    found = out_of_reach(timeline(text), log, **addresses, fault=FAULT)  # type: ignore[arg-type]
    assert found is not None
    assert found.missing_ids == ("u2", "z1")
    assert recovery_point(timeline(text), log, **addresses, fault=FAULT) is None  # type: ignore[arg-type]
    assert out_of_reach(timeline(text + TAKEOVER), log, **addresses, fault=FAULT) is None  # type: ignore[arg-type]
    nobody = "u1: dns-0 put u1 8.0..8.1 ok A\n"
    assert out_of_reach(timeline(nobody), log, **addresses, fault=FAULT) is None  # type: ignore[arg-type]


INTO_THE_VOID = """
    u1: dns-0 put u1  9.7..9.82 ok A
    u2: dns-0 put u2 10.5..10.6 ok A
    u3: dns-0 put u3 12.5..12.62 ok A
    """


def test_what_was_acknowledged_after_the_onset_is_lost_time_too() -> None:
    found = measured(INTO_THE_VOID, commits((14.1, "t1", "t1")))
    assert found.missing_ids == ("u1", "u2", "u3")
    assert (found.after_ids, found.after_ns) == (("u2", "u3"), s(12.62) - s(10.02))
    assert found.span_ns == found.span_certain_ns == s(12.62) - s(9.82)
    assert found.oldest_missing_ns == s(10.02) - s(9.82)
    result = objectives.rpo_s(found, 1.0, "us-east-1")
    assert result.verdict is Verdict.MISSED
    assert result.text == (
        "2.80 s of acknowledged writes missing, 2 of them acknowledged by us-east-1 up to 2.60 s after the fault, "
        "objective 1 s"
    )
    items = objectives.rpo_items(found, 2, "us-east-1")
    assert items.verdict is Verdict.MISSED
    assert "acknowledged by us-east-1 up to 2.60 s after the fault, objective 2 (u1, u2, u3)" in items.text


def test_what_arrived_from_the_void_is_not_lost_time() -> None:
    found = measured(INTO_THE_VOID, commits((13, "u2", "u2"), (13, "u3", "u3"), (14.1, "t1", "t1")))
    assert found.missing_ids == ("u1",)
    assert (found.after_ids, found.after_ns) == ((), None)
    assert found.span_ns == found.oldest_missing_ns == s(10.02) - s(9.82)
    assert objectives.rpo_s(found, 1.0).verdict is Verdict.MET


def test_unknown_outcomes_widen_the_seconds() -> None:
    found = measured(INTO_THE_VOID + "d3: dns-0 delete u3 13..14 info A\n", commits((14.1, "t1", "t1")))
    assert found.maybe_ids == ("u3",)
    assert (found.span_ns, found.span_certain_ns) == (s(12.62) - s(9.82), s(10.6) - s(9.82))
    assert objectives.rpo_s(found, 1.0).verdict is Verdict.UNKNOWN


def test_a_value_that_nobody_wrote_leaves_it_open() -> None:
    found = measured("u1: dns-0 put k 8.0..8.1 ok A\n", commits((8.2, "k", "rewritten"), (14.1, "t1", "t1")))
    assert (found.missing_low, found.missing_high) == (0, 1)


def test_scans_bound_what_a_commit_log_would_tell() -> None:
    text = """
        u1: dns-0 put u1 7.0..7.1 ok A
        u2: dns-0 put u2 8.0..8.1 ok A
        u3: dns-0 put u3 9.0..9.1 ok A
        """
    found = measured(text, Scans({"u1": "u1"}, {"u1": "u1", "u2": "u2", "t1": "t1"}))
    assert found.missing_ids == ("u3",)
    assert found.maybe_ids == ("u2",)
    assert measured(text, Scans(None, {"u1": "u1", "u2": "u2"})).maybe_ids == ("u1", "u2")


def test_a_scan_after_a_later_delete_is_not_certain() -> None:
    text = """
        u1: dns-0 put    k  8.0..8.1  ok A
        d1: dns-0 delete k 20.0..20.1 ok B
        """
    assert measured(text, Scans(None, {})).missing_low == 0


LOST_TWICE = """
    u1: dns-0 put    u1  8.0..8.1   ok   A
    u2: dns-0 put    u2  9.0..9.1   ok   A
    u3: dns-0 put    u3  9.5..9.6   ok   A
    i4: dns-0 put    u4  9.5..10.5  info A
    t1: dns-0 put    t1 14.0..14.2  ok   B
    u5: dns-0 put    u5 40.0..40.1  ok   A
    u6: dns-0 put    u6 48.0..48.1  ok   A
    i7: dns-0 put    u7 48.0..49.0  info A
    t2: dns-0 put    t2 54.0..54.2  ok   B
    """
FIRST, SECOND = FaultInterval(s(10), s(10.02), s(30), s(30)), FaultInterval(s(50), s(50.02))


def second_loss(survivor: list[Commit] | Scans, held: dict[str, str] | None) -> RecoveryPoint:
    history = timeline(LOST_TWICE)
    first = recovery_point(history, survivor, lost_address=A, survivor_address=B, fault=FIRST)
    assert first is not None
    assert (first.missing_ids + first.maybe_ids, first.unknown) == (("u2", "u3"), 1)
    found = recovery_point(
        history, survivor, lost_address=A, survivor_address=B, fault=SECOND, earlier=Earlier([first], held)
    )
    assert found is not None
    return found


ARRIVED = commits((8.5, "u1", "u1"), (14.1, "t1", "t1"), (40.5, "u5", "u5"), (54.1, "t2", "t2"))


def test_what_an_earlier_loss_took_is_not_lost_again() -> None:
    found = second_loss(ARRIVED, {"u1": "u1", "t1": "t1", "u5": "u5", "u6": "u6"})
    assert (found.missing_ids, found.maybe_ids) == (("u6",), ())
    assert found.acknowledged == 3  # u1, u5, u6
    assert found.unknown == 1
    assert found.oldest_missing_ns == s(50.02) - s(48.1)


def test_what_the_place_had_again_when_it_was_lost_is_lost_again() -> None:
    found = second_loss(ARRIVED, {"u1": "u1", "u2": "u2", "u6": "u6"})
    assert found.missing_ids == ("u2", "u6")
    assert found.acknowledged == 4
    assert found.oldest_missing_ns == s(50.02) - s(9.1)


def test_whether_the_place_had_it_again_hangs_on_a_value_that_nobody_wrote() -> None:
    found = second_loss(ARRIVED, {"u2": "somebody's", "u6": "u6"})
    assert (found.missing_ids, found.maybe_ids) == (("u6",), ("u2",))


def test_without_the_places_own_state_what_was_counted_is_left_out() -> None:
    assert second_loss(ARRIVED, None).missing_ids == ("u6",)


def test_the_commit_log_is_replayed_in_its_own_order() -> None:
    log = commits((1, "k", "a"), (2, "k", None), (3, "j", "b"))
    assert state_at(reversed(log), s(1)) == {"k": "a"}
    assert state_at(log, s(3)) == {"j": "b"}


HEALED = """
    u1: dns-0 put    u1 1.0..1.1 ok   A
    u2: dns-0 put    u2 1.0..1.1 ok   A
    u3: dns-0 put    u3 1.0..1.1 ok   A
    d3: dns-0 delete u3 2.0..2.1 ok   A
    f4: dns-0 put    u4 2.0..2.1 fail A
    u5: dns-0 put    u5 1.0..1.1 ok   A
    d5: dns-0 delete u5 2.0..3.0 info A
    u6: dns-0 put    u6 1.0..1.1 ok   A
    v6: dns-1 put    u6 5.0..5.1 ok   B
"""


def test_the_final_state_sorts_every_write_into_its_place() -> None:
    found = lost_after_heal(
        timeline(HEALED),
        {"u1": "u1", "u3": "u3", "u4": "f4", "x": "u1", "u6": "u6", "own": "the subject's"},
        {"u2": "u2", "u6": "v6"},
        missing_ids=("u1", "u2"),
    )
    assert found.lost == ("u2", "v6")
    assert found.elsewhere == ("u2", "v6")
    assert found.resurrected == ("d3",)
    assert found.maybe_lost == ("u5",)
    assert found.late == ("u1",)
    assert found.phantom == ("f4",)
    assert found.duplicated == ("u1",)
    assert found.conflicts == ("u6",)
    assert found.diverged == ("own", "u1", "u2", "u3", "u4", "u6", "x")
    assert found.lacking == ("u1", "u6")


def test_equal_tables_with_everything_in_them_are_clean() -> None:
    state = {"u1": "u1", "u2": "u2", "u6": "v6"}
    found = lost_after_heal(timeline(HEALED), state, dict(state))
    assert (found.lost, found.resurrected, found.phantom, found.diverged) == ((), (), (), ())
    assert lost_after_heal(timeline(HEALED), state, None).diverged is None


def test_an_unknown_delete_that_arrived_is_known_to_have_happened() -> None:
    found = measured(
        """
        u1: dns-0 put    k 8.0..8.1 ok A
        d1: dns-0 delete k 9.0..10.0 info A
        """,
        commits((8.5, "k", "u1"), (9.5, "k", None), (14.1, "t1", "t1")),
    )
    assert found.missing_high == 0


RECYCLED = """
    p1: dns-0 put    k 2.0..2.1   ok   A
    d1: dns-0 delete k 3.0..3.1   ok   A
    p2: dns-0 put    k 4.0..4.1   ok   A
    d2: dns-0 delete k 9.9..11.0  info A
    """
AGAIN = ((2.05, "k", "p1"), (3.05, "k", None), (4.05, "k", "p2"))


def test_an_older_delete_that_the_log_has_already_does_not_widen_the_range() -> None:
    """A key that is put, deleted and put again: what removed it in the end is the delete that nobody answered."""
    assert measured(RECYCLED, commits(*AGAIN, (9.95, "k", None), (14.1, "t1", "t1"))).missing_high == 0
    before = [entry for entry in AGAIN if entry[2] is not None]
    found = measured(RECYCLED, commits(*before, (9.95, "k", None), (14.1, "t1", "t1")))
    assert (found.missing_low, found.maybe_ids) == (0, ("p2",))


def test_a_delete_that_was_cut_off_half_way_does_not_widen_the_range() -> None:
    """Some overwrite an item with nothing before they remove it."""
    half = (9.95, "k", "")
    assert measured(RECYCLED, commits(*AGAIN, half, (14.1, "t1", "t1"))).missing_high == 0
    answered = RECYCLED.replace("9.9..11.0  info", "9.9..10.0  fail")
    assert measured(answered, commits(*AGAIN, half, (14.1, "t1", "t1"))).maybe_ids == ("p1", "d1", "p2")
    never = [entry for entry in AGAIN if entry[2] != "p2"]
    assert measured(RECYCLED, commits(*never, half, (14.1, "t1", "t1"))).maybe_ids == ("p2",)
