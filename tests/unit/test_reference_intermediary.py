"""The intermediary's decisions: when clients are moved, by whom, and what it makes of an API that fails it."""

from __future__ import annotations

import random
from functools import partial
from itertools import pairwise

import pytest
from intermediary_world import ADDRESS, EAST, MS, NYC, POINTS, SFO, WEST, S, World, environ

from harness.measurement.prediction import Failure
from harness.world.intermediary import WatchingLaw
from reference.intermediary import leadership, looking
from reference.intermediary.leadership import Seat
from reference.intermediary.settings import load
from reference.settings import SettingsError

LAW = WatchingLaw(
    look_ns=5 * S, timeout_ns=2 * S, unhealthy_after=3, healthy_after=2, vantage_points=3, agree=2,
    round_ns=2500 * MS, ttl_ns=60 * S,
)  # fmt: skip
"""Of the numbers that the world of these tests has."""


def settled(*names: str, **changes: str) -> World:
    """A world in which somebody leads and all is well."""
    world = World(*names, **changes)
    world.go(60)
    assert world.leaders == [next(iter(world.instances))]
    assert world.api.writes == []
    return world


def test_clients_move_when_their_place_is_lost_and_the_decider_has_moved() -> None:
    world = settled("a", "b")
    world.lose_platform(NYC)
    took_s = world.go(90, lambda: world.addresses == [ADDRESS[SFO]])
    assert took_s > 45
    assert world.instances["a"].state.led
    world.go(120)
    assert [address for _, _, address in world.api.writes] == [ADDRESS[SFO]]


def test_clients_stay_where_they_are_while_the_decider_has_not_moved() -> None:
    world = settled("a")
    world.lose_platform(NYC, decided_after_s=None)
    world.places[SFO] = "well"  # it answers, and accepts no writes: its database is not the active one
    world.go(300)
    assert world.api.writes == []


def test_clients_stay_while_the_other_place_is_not_well_whatever_the_decider_says() -> None:
    world = settled("a")
    world.lose_platform(NYC, decided_after_s=None)
    world.decide(WEST)
    world.places[SFO] = "unwell"
    world.go(300)
    assert world.api.writes == []


def test_a_planned_move_of_the_decider_is_followed_at_once() -> None:
    world = settled("a")
    world.decide(WEST)
    assert (
        world.go(30, lambda: world.addresses == [ADDRESS[SFO]]) <= (LAW.accept_ns(typical=False) + LAW.publish_ns) / S
    )
    world.decide(EAST)
    assert (
        world.go(30, lambda: world.addresses == [ADDRESS[NYC]]) <= (LAW.accept_ns(typical=False) + LAW.publish_ns) / S
    )


@pytest.mark.parametrize("how", ["refused", "black-hole"])
def test_a_loss_is_detected_within_the_stated_bound_in_a_hundred_of_a_hundred_runs(how: Failure) -> None:
    for seed in range(100):
        world = World("a", seed=seed)
        world.go(40 + seed / 7)
        instance = world.instances["a"]
        lost_ns = world.now_ns
        world.lose_platform(NYC, how, decided_after_s=None)
        world.go(60, partial(instance.has_testified, NYC, False, lost_ns))
        took_ns = world.now_ns - lost_ns
        assert LAW.earliest_detect_ns(how) <= took_ns <= LAW.detect_ns(how, typical=False), (seed, took_ns / S)


def test_one_vantage_point_that_sees_nothing_moves_nobody() -> None:
    world = settled("a", DATABASE="active")
    world.places[SFO] = "well"
    world.cut = {(POINTS[0], NYC)}
    world.go(300)
    assert world.api.writes == []
    world.cut.add((POINTS[1], NYC))
    world.go(60, lambda: world.addresses == [ADDRESS[SFO]])


def test_looks_that_fail_now_and_then_move_nobody() -> None:
    world = settled("a", DATABASE="active")
    world.places[SFO] = "well"
    for _ in range(40):
        world.places[NYC] = "refused"
        world.go(9)  # one look of each, or two
        world.places[NYC] = "well"
        world.go(11)
    assert world.api.writes == []


def test_clients_return_to_the_primary_only_when_it_was_well_for_the_hold_down() -> None:
    world = settled("a", DATABASE="active")
    world.places = {NYC: "refused", SFO: "well"}
    world.go(60, lambda: world.addresses == [ADDRESS[SFO]])
    world.places[NYC] = "well"
    world.go(40)
    world.places[NYC] = "refused"
    world.go(30)
    world.places[NYC] = "well"
    took_s = world.go(120, lambda: world.addresses == [ADDRESS[NYC]])
    assert 60 <= took_s <= 60 + 15


def test_the_second_takes_over_when_the_leader_is_killed_at_the_moment_of_the_outage() -> None:
    world = settled("a", "b")
    world.lose_platform(NYC)
    world.instances["a"].alive = False
    world.go(120, lambda: world.addresses == [ADDRESS[SFO]])
    assert world.leaders == ["b"]
    terms = world.instances["b"].settings.rules.terms
    _, (led_ns, _) = world.led[-2:]
    assert led_ns <= world.now_ns
    assert terms.still_ns + terms.delay_ns < 60 * S


def test_one_alone_that_is_killed_moves_nobody() -> None:
    world = settled("a")
    world.lose_platform(NYC)
    world.instances["a"].alive = False
    world.go(300)
    assert world.api.writes == []


def test_one_that_is_started_anew_leads_again_after_a_whole_lease() -> None:
    world = settled("a")
    world.lose_platform(NYC)
    world.go(10)
    world.instances["a"].alive = False
    world.go(5)
    world.start("a")
    terms = world.instances["a"].settings.rules.terms
    assert world.go(60, lambda: world.leaders == ["a"]) * S >= terms.lease_ns
    world.go(60, lambda: world.addresses == [ADDRESS[SFO]])


def test_one_that_wakes_up_after_another_has_moved_the_clients_does_not_write() -> None:
    world = settled("a", "b")
    stale = world.instances["a"]
    stale.frozen = True
    world.lose_platform(NYC)
    world.go(180, lambda: world.addresses == [ADDRESS[SFO]])
    world.go(20)
    stale.thaw()
    world.go(200)
    assert {by for _, by, _ in world.api.writes} == {"b"}
    assert world.addresses == [ADDRESS[SFO]]
    assert world.leaders == ["b"]


def test_a_write_that_was_decided_before_a_pause_is_not_sent_after_it() -> None:
    world = settled("a", "b")
    world.lose_platform(NYC)
    stale = world.instances["a"]
    world.go(90, lambda: stale.state.calling.value == "writing")
    stale.frozen = True  # between the decision and the call
    world.go(100, lambda: world.addresses == [ADDRESS[SFO]])
    world.decide(EAST)
    world.places[NYC] = "well"
    world.places[SFO] = "unwell"
    world.go(60, lambda: world.addresses == [ADDRESS[NYC]])
    stale.thaw()
    world.go(100)
    assert world.addresses == [ADDRESS[NYC]]
    assert {by for _, by, _ in world.api.writes} == {"b"}


def test_a_throttled_caller_waits_for_as_long_as_it_was_told_and_then_moves_the_clients() -> None:
    world = settled("a")
    world.lose_platform(NYC)
    world.go(40)
    world.api.mode, world.api.after_s = "throttled", 10.0
    world.go(40)
    asked = [at for at, _, what in world.api.calls if what == "WriteRecord"]
    assert asked
    assert all(later - sooner >= 10 * S for sooner, later in pairwise(asked))
    world.api.mode = "well"
    assert world.go(60, lambda: world.addresses == [ADDRESS[SFO]]) <= 10 + 3


@pytest.mark.parametrize("mode", ["failing", "lost"])
def test_an_api_that_fails_is_asked_ever_more_rarely_and_at_last_does_it(mode: str) -> None:
    world = settled("a")
    world.lose_platform(NYC)
    world.go(40)
    world.api.mode = mode
    before = len(world.api.calls)
    world.go(120)
    assert 5 <= len(world.api.calls) - before <= 30
    world.api.mode = "well"
    world.go(30, lambda: world.addresses == [ADDRESS[SFO]])


def test_what_came_of_a_change_that_was_never_answered_is_read_before_anything_else_is_written() -> None:
    world = settled("a")
    world.lose_platform(NYC)
    world.go(40)
    world.api.mode = "unanswered"
    world.go(60)
    whats = [what for _, _, what in world.api.calls]
    first = whats.index("WriteRecord")
    assert whats.count("WriteRecord") == 1, "it saw that the change had been made"
    assert whats[first + 1] == "ReadRecord"
    assert world.addresses == [ADDRESS[SFO]]


def test_a_record_that_somebody_deleted_is_made_anew_once() -> None:
    world = settled("a")
    world.api.records.clear()
    world.api.mode = "unanswered"
    world.go(60)
    assert world.addresses == [ADDRESS[NYC]]
    assert len(world.api.writes) == 1


def test_a_second_record_of_the_same_name_is_taken_away() -> None:
    world = settled("a")
    world.api.records[7] = ADDRESS[SFO]
    world.go(60)
    assert world.addresses == [ADDRESS[NYC]]


@pytest.mark.parametrize("lost", [EAST, WEST])
def test_the_leadership_survives_the_loss_of_either_region(lost: str) -> None:
    world = settled("a", "b")
    world.lost_tables = {lost}
    if lost == EAST:
        world.places[NYC] = "unwell"
        world.go(40)
        world.decide(WEST)
    world.go(120)
    assert len(world.leaders) == 1
    if lost == EAST:
        assert world.addresses == [ADDRESS[SFO]]
    world.lost_tables = set()
    world.go(60)
    assert len(world.leaders) == 1


@pytest.mark.parametrize("seed", range(40))
def test_there_are_never_two_that_may_act_whatever_happens(seed: int) -> None:
    """World.check asserts it after every event; here is what happens: kills, pauses, losses, moves, in any order."""
    world = World("a", "b", "c", seed=seed)
    chance = random.Random(seed)
    for _ in range(40):
        world.go(chance.uniform(0, 12))
        match chance.randrange(6):
            case 0:
                chance.choice(list(world.instances.values())).frozen = True
            case 1:
                for instance in world.instances.values():
                    instance.thaw()
            case 2:
                name = chance.choice(list(world.instances))
                world.instances[name].alive = False
                world.start(name)
            case 3:
                world.lost_tables = {chance.choice([EAST, WEST])}
            case 4:
                world.lost_tables = set()
            case _:
                world.decide(chance.choice([EAST, WEST]))
    for instance in world.instances.values():
        instance.thaw()
    world.lost_tables, world.places = set(), {NYC: "well", SFO: "well"}
    world.decide(EAST)
    world.places[NYC] = "well"
    world.go(120)
    assert len(world.leaders) == 1
    assert world.addresses == [ADDRESS[NYC]]


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("PLACES", "[]", "two places"),
        ("PLACES", "no JSON", "makes no sense"),
        ("DIGITALOCEAN_API_URL", "ftp://x", "no URL"),
        ("DIGITALOCEAN_TOKEN", "", "not set"),
        ("DNS_RECORD", "app.example.org", "no name in"),
        ("AGREE", "1", "more than half"),
        ("LOOK_INTERVAL_SECONDS", "often", "not a number"),
        ("HOLD_DOWN_SECONDS", "inf", "must be from"),
        ("DATABASE", "some", "local or active"),
    ],
)
def test_a_variable_that_makes_no_sense_is_named(name: str, value: str, told: str) -> None:
    with pytest.raises(SettingsError, match=told) as caught:
        load(environ(**{name: value}))
    assert name in str(caught.value)
    assert "token" not in str(caught.value)


def test_without_a_lease_one_that_wakes_up_would_undo_what_another_has_done(monkeypatch: pytest.MonkeyPatch) -> None:
    """The twin of the tests above: they fail where leadership never ends."""
    monkeypatch.setattr(World, "check", lambda _: None)
    world = settled("a", "b")
    stale = world.instances["a"]
    stale.frozen = True
    world.lose_platform(NYC)
    world.go(180, lambda: world.addresses == [ADDRESS[SFO]])
    monkeypatch.setattr(Seat, "leads", lambda seat, _: seat.me.startswith("a_"))
    monkeypatch.setattr(leadership, "read", lambda seat, *_: seat)  # it does not even look
    monkeypatch.setattr(looking, "judged", lambda view, *_: view)  # and takes old looks for new ones
    stale.thaw()
    world.go(1, lambda: any(by == "a" for _, by, _ in world.api.calls))
