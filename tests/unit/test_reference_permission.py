"""When a storefront may write, and what it tells the edge."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reference.heartbeat import Heartbeat, Replication
from reference.lease import Echo, LeaseTerms, Nonce, next_epoch, parse_echo, parse_nonce
from reference.storefront.permission import (
    BeatAnswered,
    BeatSent,
    CallEnded,
    Fenced,
    Hurried,
    LeaseGained,
    State,
    StatusRead,
    WriteEnded,
    WriteStarted,
    acknowledges,
    edge_verdict,
    lease_epoch,
    read_refusal,
    step,
)

S = 1_000_000_000
LAG = 2 * S
TERMS = LeaseTerms(length_ns=3 * S, margin_ns=S // 3)


def fresh() -> State:
    return State("i", TERMS, Nonce("boot", 0))


def beat(state: State, at_ns: int) -> tuple[State, Nonce]:
    state, _ = step(state, BeatSent(), at_ns)
    return state, state.latest


def hear(state: State, at_ns: int, **item: object) -> tuple[State, tuple[object, ...]]:
    return step(state, BeatAnswered(state.latest, Heartbeat(**item)), at_ns)  # type: ignore[arg-type]


def granted(epoch: int = 1) -> State:
    """A state whose beat of time 0 was echoed at 1 s."""
    state, nonce = beat(fresh(), 0)
    return hear(state, S, echoes={"i": Echo(epoch, nonce)})[0]


def test_no_write_is_accepted_before_the_first_grant() -> None:
    assert lease_epoch(fresh(), 0) is None


def test_a_lease_counts_from_the_beat_and_not_from_the_grant_that_came_late() -> None:
    state, nonce = beat(fresh(), 0)
    state, effects = hear(state, 2 * S, echoes={"i": Echo(1, nonce)})
    assert effects == (LeaseGained(1),)
    assert lease_epoch(state, 3 * S - 1) == 1
    assert lease_epoch(state, 3 * S) is None


def test_a_grant_that_arrives_after_the_lease_it_gives_changes_nothing() -> None:
    state, nonce = beat(fresh(), 0)
    state, effects = hear(state, 9 * S, echoes={"i": Echo(1, nonce)})
    assert lease_epoch(state, 9 * S) is None
    assert effects == ()


def test_an_echo_of_the_life_before_the_restart_grants_nothing() -> None:
    state, _ = beat(fresh(), 0)
    state, _ = hear(state, 1, echoes={"i": Echo(1, Nonce("earlier", 1))})
    assert lease_epoch(state, 2) is None


def test_an_echo_for_another_instance_grants_nothing() -> None:
    state, nonce = beat(fresh(), 0)
    state, _ = hear(state, 1, echoes={"j": Echo(1, nonce)})
    assert lease_epoch(state, 2) is None


def test_an_older_answer_that_overtakes_a_newer_one_does_not_shorten_the_lease() -> None:
    state, first = beat(fresh(), 0)
    state, second = beat(state, S)
    state, _ = hear(state, S, echoes={"i": Echo(1, second)})
    state, _ = hear(state, 2 * S, echoes={"i": Echo(1, first)})
    assert lease_epoch(state, 4 * S - 1) == 1


def test_a_fence_ends_the_lease_at_once_and_for_ever() -> None:
    state, effects = hear(granted(), 2 * S, fenced=1)
    assert effects == (Fenced(1),)
    assert lease_epoch(state, 2 * S) is None
    state, nonce = beat(state, 2 * S)
    state, _ = hear(state, 2 * S, echoes={"i": Echo(1, nonce)})  # an answer from before the fence
    assert lease_epoch(state, 2 * S) is None
    state, _ = hear(state, 2 * S, echoes={"i": Echo(3, nonce)}, fenced=1)
    assert lease_epoch(state, 2 * S) == 3


def test_a_storefront_that_is_told_to_hurry_beats_at_once_and_not_once_more_each_time() -> None:
    state, effects = hear(beat(fresh(), 0)[0], 0, hurry=True)
    assert effects == (Hurried(),)
    assert hear(state, 0, hurry=True)[1] == ()


def test_a_fence_is_acknowledged_only_when_the_last_write_under_it_has_come_back() -> None:
    state, _ = step(granted(3), WriteStarted(3), S)
    state, _ = step(state, WriteStarted(3), S)
    state, _ = hear(state, S, fenced=3)
    assert state.ack == 2
    state, _ = step(state, WriteEnded(3), S)
    assert state.ack == 2
    state, _ = step(state, WriteEnded(3), S)
    assert state.ack == 3


def test_the_edge_gets_no_traffic_without_a_lease_or_with_a_silent_database() -> None:
    stale_ns = 2 * S
    assert edge_verdict(fresh(), 0, stale_ns)[1]["reason"] == "database has not answered lately"
    assert edge_verdict(granted(), S, stale_ns)[0]
    idle = hear(beat(fresh(), 0)[0], 0)[0]
    assert edge_verdict(idle, 0, stale_ns) == (False, {"reason": "no lease", "epoch": 0, "lease": False})
    silent = replace(granted(), lease_until_ns=100 * S)
    assert edge_verdict(silent, S + stale_ns, stale_ns)[0]
    assert not edge_verdict(silent, S + stale_ns + 1, stale_ns)[0]
    fenced = hear(granted(), S, fenced=1)[0]
    assert edge_verdict(fenced, S, stale_ns)[1]["reason"] == "fenced"


def test_the_error_share_forgets_what_is_no_longer_recent_and_says_nothing_of_a_few_calls() -> None:
    state = fresh()
    for number in range(9):
        state, _ = step(state, CallEnded(failed=True), number)
    assert state.error_percent == 0
    state, _ = step(state, CallEnded(failed=False), 9)
    assert state.error_percent == 90
    for number in range(20):
        state, _ = step(state, CallEnded(failed=False), 4 * S + number)
    assert state.error_percent == 0


@pytest.mark.parametrize("text", ["", "x", ":3", "boot:", "boot:x", "1/", "/boot:1", "e/boot:1"])
def test_a_damaged_grant_is_no_grant(text: str) -> None:
    assert parse_echo(text) is None


def test_nonces_and_grants_survive_being_written() -> None:
    nonce = Nonce("ab:c", 7)
    assert parse_nonce(str(nonce)) == nonce
    assert parse_echo(str(Echo(12, nonce))) == Echo(12, nonce)


def test_two_regions_never_share_an_epoch() -> None:
    assert [next_epoch(highest, 0) for highest in range(5)] == [1, 3, 3, 5, 5]
    assert [next_epoch(highest, 1) for highest in range(5)] == [2, 2, 4, 4, 6]
    assert next_epoch(1, 1, jump=100) == 102


def told(state: State, beat: str, asked_ns: int, *, caught_up: bool = True, took_ns: int = 0) -> State:
    """The state once a report of the replication is known that was asked for at `asked_ns`."""
    report = Replication(beat, 0, caught_up, 0)
    return step(state, StatusRead(asked_ns, report), asked_ns + took_ns)[0]


def standby() -> State:
    """Without a lease; the replication said at some time from 1 s on that it has caught up."""
    return told(told(fresh(), "r:1", S), "r:2", 2 * S)


def test_the_active_region_serves_reads_whatever_becomes_of_the_replication() -> None:
    assert read_refusal(granted(), S, LAG) is None
    assert read_refusal(told(granted(), "r:1", S, caught_up=False), S, LAG) is None
    assert read_refusal(granted(), 3 * S, LAG) is not None


def test_a_standby_serves_reads_while_its_replication_keeps_saying_that_it_has_caught_up() -> None:
    state = standby()
    for second in range(3, 30):
        state = told(state, f"r:{second}", second * S)
        assert read_refusal(state, second * S + S, LAG) is None


def test_a_standby_that_just_started_takes_no_old_report_for_news() -> None:
    assert read_refusal(fresh(), 0, LAG) is not None
    assert read_refusal(told(fresh(), "r:1", S), S, LAG) is not None
    assert read_refusal(told(told(fresh(), "r:1", S), "r:1", 2 * S), 2 * S, LAG) is not None
    assert read_refusal(standby(), 2 * S, LAG) is None


def test_a_healed_region_that_has_yet_to_catch_up_serves_no_reads() -> None:
    state = told(standby(), "r:3", 3 * S, caught_up=False)
    assert read_refusal(state, 3 * S, LAG) == "this region is not active, and has not caught up with the one that is"
    assert read_refusal(told(state, "r:4", 4 * S), 4 * S, LAG) is None


def test_a_replication_that_falls_silent_ends_the_reads_a_lag_after_it_last_may_have_spoken() -> None:
    state = told(standby(), "r:2", 3 * S)
    assert read_refusal(state, S + LAG, LAG) is None
    assert read_refusal(state, S + LAG + 1, LAG) is not None


def test_a_region_that_was_away_does_not_take_the_first_report_it_sees_for_a_young_one() -> None:
    state = told(standby(), "r:3", 60 * S)  # it may have been there for most of a minute
    assert read_refusal(state, 60 * S, LAG) is not None
    assert read_refusal(told(state, "r:4", 61 * S), 61 * S, LAG) is None


def test_an_answer_that_was_overtaken_by_a_later_one_changes_nothing() -> None:
    state = told(standby(), "r:3", 3 * S, caught_up=False, took_ns=S)
    assert told(state, "r:2", 3 * S + 1) == state


def test_a_region_without_any_replication_serves_reads_only_while_it_is_active() -> None:
    state, _ = step(standby(), StatusRead(3 * S, None), 3 * S)
    assert read_refusal(state, 3 * S, LAG) is not None


def test_a_write_that_was_under_way_when_the_fence_came_is_acknowledged_before_the_fence_is_confirmed() -> None:
    state, _ = step(granted(), WriteStarted(1), S)
    state, _ = beat(state, S)
    state, _ = hear(state, 2 * S, fenced=1)
    assert lease_epoch(state, 2 * S) is None
    assert state.ack == 0
    state, _ = step(state, WriteEnded(1), 2 * S)
    assert acknowledges(state, 1, 2 * S)
    assert state.ack == 1


def test_no_write_is_acknowledged_when_its_lease_is_over_or_another_one_was_granted() -> None:
    state, _ = step(granted(), WriteStarted(1), S)
    assert acknowledges(state, 1, 3 * S - 1)
    assert not acknowledges(state, 1, 3 * S)
    later, _ = beat(state, S)
    later, _ = hear(later, S, echoes={"i": Echo(3, later.latest)})
    assert not acknowledges(later, 1, S)
    fenced, _ = hear(state, S, fenced=2)
    assert not acknowledges(fenced, 1, S)
