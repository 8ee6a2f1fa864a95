"""Readers of a side that the drill had cut off: what they cannot have been shown is told, and not judged."""

from __future__ import annotations

from typing import Any

import pytest
from measurement_timeline import A, B, s, timeline

from harness.checkers.anomalies import anomalies
from harness.checkers.promise import Promise
from harness.checkers.result import CheckResult
from harness.checkers.staleness import wrong_reads
from harness.history.events import Commit
from harness.outcome import Verdict

EAST, WEST = "us-east-1", "us-west-2"
EVENTUAL = Promise(reads="eventual", staleness_ns=s(2))
SESSION = Promise()
CUT = [(s(10), s(40))]
BEFORE_AND_DURING = """
    w1: dns-0      put k  1.0..1.1  ok A
    w2: dns-0      put k 12.0..12.1 ok A
    """


def commits(side: str, *entries: tuple[float, str, str | None]) -> dict[str, list[Commit]]:
    return {side: [Commit(side, "items", k, v, n, s(at)) for n, (at, k, v) in enumerate(entries)]}


def judged(text: str, promise: Promise, name: str = "reads", **given: Any) -> CheckResult:
    log = given.pop("commits", None)
    found = anomalies(timeline(text), None, log, promise, places={A: EAST, B: WEST}, origin_ns=0, **given)
    return next(result for result in found if result.name == name)


def test_a_bound_on_staleness_does_not_run_while_the_drill_has_cut_replication() -> None:
    text = BEFORE_AND_DURING + "r1: pinned-b-0 get k 20..20.1 ok B =w1\nr2: pinned-b-0 get k 43..43.1 ok B =w2\n"
    assert judged(text, EVENTUAL).verdict is Verdict.MISSED
    found = judged(text, EVENTUAL, cuts=CUT)
    assert found.verdict is Verdict.MET
    assert found.text.startswith(
        "1 reads, none older than promised; 1 older one not judged: replication was cut by the drill (the first: r1"
    )


@pytest.mark.parametrize(("at_s", "verdict"), [(41.9, Verdict.MET), (42.2, Verdict.MISSED), (60, Verdict.MISSED)])
def test_after_the_heal_the_plan_has_its_bound_once_more(at_s: float, verdict: Verdict) -> None:
    text = (
        BEFORE_AND_DURING + f"r0: dns-0 get k 13..13.1 ok A =w2\nr1: pinned-b-0 get k {at_s}..{at_s + 0.1} ok B =w1\n"
    )
    assert judged(text, EVENTUAL, cuts=CUT).verdict is verdict


def test_with_a_cut_that_never_healed_only_what_could_be_shown_is_judged() -> None:
    text = BEFORE_AND_DURING + "r1: pinned-b-0 get k 99..99.1 ok B =w1\n"
    found = judged(text, EVENTUAL, cuts=[(s(10), None)])
    assert found.verdict is Verdict.UNKNOWN
    assert found.text.startswith("1 older one not judged: replication was cut by the drill")


@pytest.mark.parametrize("at_s", [5.0, 9.0])
def test_what_was_stale_before_the_cut_stays_wrong(at_s: float) -> None:
    text = f"""
        w1: dns-0      put k 1.0..1.1 ok A
        w2: dns-0      put k 2.0..2.1 ok A
        r1: pinned-b-0 get k {at_s}..{at_s + 0.1} ok B =w1
        """
    assert judged(text, EVENTUAL, cuts=CUT).verdict is Verdict.MISSED


def test_what_was_due_before_the_cut_stays_due_in_it() -> None:
    text = """
        w1: dns-0      put k 1.0..1.1 ok A
        w2: dns-0      put k 2.0..2.1 ok A
        r1: pinned-b-0 get k 20.0..20.1 ok B =w1
        """
    assert judged(text, EVENTUAL, cuts=CUT).verdict is Verdict.MISSED


def test_a_side_is_not_excused_for_what_it_acknowledged_itself() -> None:
    """A cache that is too old needs no link."""
    text = """
        w1: dns-0      put k 11..11.1 ok B
        w2: dns-0      put k 12..12.1 ok B
        r1: pinned-b-0 get k 20..20.1 ok B =w1
        """
    assert judged(text, EVENTUAL, cuts=CUT).verdict is Verdict.MISSED
    passed_on = text.replace("put k 12..12.1 ok B", f"put k 12..12.1 ok B @{EAST}")
    assert judged(passed_on, EVENTUAL, cuts=CUT).verdict is not Verdict.MISSED
    deleted = text.replace("w2: dns-0      put", "w2: dns-0 delete")
    assert judged(deleted, EVENTUAL, cuts=CUT).verdict is Verdict.MISSED


def test_the_commit_log_tells_what_a_side_had() -> None:
    text = BEFORE_AND_DURING + "r1: pinned-b-0 get k 20..20.1 ok B =w1\n"
    early = commits(WEST, (1.5, "k", "w1"), (12.5, "k", "w2"))
    assert judged(text, EVENTUAL, cuts=CUT, commits=early).verdict is Verdict.MISSED
    late = commits(WEST, (1.5, "k", "w1"), (40.5, "k", "w2"))
    assert judged(text, EVENTUAL, cuts=CUT, commits=late).verdict is not Verdict.MISSED
    elsewhere = text.replace("put k 12.0..12.1 ok A", "put k 12.0..12.1 ok B")
    assert judged(elsewhere, EVENTUAL, cuts=CUT, commits=late).verdict is not Verdict.MISSED
    assert judged(elsewhere, EVENTUAL, cuts=CUT, commits=early).verdict is Verdict.MISSED


def test_after_a_takeover_the_survivor_must_show_what_it_had_and_what_it_acknowledged() -> None:
    """What it lacked is the recovery point's affair."""
    text = """
        w1: dns-0 put k 1.0..1.1   ok A
        w2: dns-0 put k 9.0..9.1   ok A
        w3: dns-0 put j 14.0..14.1 ok B
        r1: dns-0 get k 30.0..30.1 ok B =w1
        """
    had = commits(WEST, (1.5, "k", "w1"), (9.5, "k", "w2"), (14.05, "j", "w3"))
    assert judged(text, EVENTUAL, cuts=CUT, commits=had).verdict is Verdict.MISSED
    lacked = commits(WEST, (1.5, "k", "w1"), (14.05, "j", "w3"))
    assert judged(text, EVENTUAL, cuts=CUT, commits=lacked, explained={"w2"}).verdict is Verdict.MET


def test_a_strong_promise_is_not_excused_by_a_cut() -> None:
    text = BEFORE_AND_DURING + "r1: pinned-b-0 get k 20..20.1 ok B =w1\n"
    assert judged(text, Promise(reads="strong"), cuts=CUT).verdict is Verdict.MISSED


COUNTED = """
    i1: dns-0      add c  1.0..1.1  ok A
    i2: dns-0      add c 12.0..12.1 ok A
    r1: pinned-b-0 get c 20.0..20.1 ok B =1
    r2: pinned-b-0 get c 50.0..50.1 ok B =2
    """


def test_counters_are_no_exception() -> None:
    assert judged(COUNTED, EVENTUAL, "counters").verdict is Verdict.MISSED
    assert judged(COUNTED, EVENTUAL, "counters", cuts=CUT).verdict is not Verdict.MISSED
    late = COUNTED.replace("50.0..50.1 ok B =2", "50.0..50.1 ok B =1")
    assert judged(late, EVENTUAL, "counters", cuts=CUT).verdict is Verdict.MISSED


# --- a standby that only reads ----------------------------------------------------------------------------------------

READ_ONLY = """
    w1: dns-0 put k  1.0..1.1  ok A
    w2: dns-0 put k  9.9..9.95 ok A
    r1: dns-0 get k 20.0..20.1 ok B =w1
    """


def test_readers_of_a_standby_that_never_took_over_see_what_had_come_that_far() -> None:
    assert judged(READ_ONLY, SESSION).verdict is Verdict.MISSED
    found = judged(READ_ONLY, SESSION, out_of_reach={WEST: {"w2"}})
    assert found.verdict is Verdict.UNKNOWN
    assert "replication was cut by the drill" in found.text
    assert wrong_reads(timeline(READ_ONLY)).stale_count == 1
    assert wrong_reads(timeline(READ_ONLY), out_of_reach={B: {"w2"}}).stale_count == 0


def test_the_side_that_had_it_must_still_show_it() -> None:
    home = READ_ONLY + "r2: dns-0 get k 60..60.1 ok A =w1\n"
    assert judged(home, SESSION, out_of_reach={WEST: {"w2"}}).verdict is Verdict.MISSED
    assert wrong_reads(timeline(home), out_of_reach={B: {"w2"}}).stale_count == 1


def test_what_arrived_there_must_be_shown_from_then_on() -> None:
    log = commits(WEST, (1.5, "k", "w1"), (19.0, "k", "w2"))
    assert judged(READ_ONLY, SESSION, out_of_reach={WEST: {"w2"}}, commits=log).verdict is Verdict.MISSED
    log = commits(WEST, (1.5, "k", "w1"), (21.0, "k", "w2"))
    assert judged(READ_ONLY, SESSION, out_of_reach={WEST: {"w2"}}, commits=log).verdict is Verdict.UNKNOWN


def test_what_the_side_has_shown_it_can_show_again() -> None:
    back = READ_ONLY.replace("r1: dns-0 get k 20.0..20.1 ok B =w1", "r1: dns-0 get k 20.0..20.1 ok B =w2")
    back += "r2: dns-0 get k 21.0..21.1 ok B =w1\n"
    assert judged(back, SESSION, out_of_reach={WEST: {"w2"}}).verdict is Verdict.MISSED


def test_a_delete_that_had_not_come_that_far_brings_nothing_back() -> None:
    text = """
        w1: dns-0 put    k  1.0..1.1  ok A
        r0: dns-0 get    k  2.0..2.1  ok A =w1
        d2: dns-1 delete k  9.5..9.6  ok A
        r1: dns-0 get    k  9.7..9.8  ok A =-
        r2: dns-0 get    k 20.0..20.1 ok B =w1
        """
    assert judged(text, SESSION).verdict is Verdict.MISSED
    assert judged(text, SESSION, out_of_reach={WEST: {"d2"}}).verdict is not Verdict.MISSED


def test_increments_that_had_not_come_that_far_are_not_missed_there() -> None:
    text = """
        i1: dns-0 add c  1.0..1.1  ok A
        i2: dns-0 add c  9.0..9.1  ok A
        r0: dns-0 get c  9.5..9.6  ok A =2
        r1: dns-0 get c 20.0..20.1 ok B =1
        """
    assert judged(text, SESSION, "counters").verdict is Verdict.MISSED
    assert judged(text, SESSION, "counters", out_of_reach={WEST: {"i2"}}).verdict is not Verdict.MISSED
