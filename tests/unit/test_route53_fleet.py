"""The fleet of health checkers: who asks when, where to, and what a new configuration makes it forget."""

from __future__ import annotations

from dataclasses import replace
from itertools import count

from harness.engines.dns.zone import HealthCheck
from harness.engines.health_checks.checker import Finished
from harness.engines.health_checks.fleet import (
    Ask,
    Drop,
    Due,
    Effect,
    Ended,
    Event,
    FleetRules,
    FleetState,
    Followed,
    Forgotten,
    Seat,
    Sleep,
    Voted,
)
from harness.engines.health_checks.route53 import Route53Checkers, limits_of, target
from harness.units import NS_PER_S

CHECK = HealthCheck("east", "HTTP", ip_address="192.0.2.10", port=80, interval_s=10, failure_threshold=1)
RULES = FleetRules(Route53Checkers(per_check=4, scale=0.1))
BAD = Finished(False, "down")


def quarters() -> float:
    """Phases a quarter of an interval apart, over and over."""
    return next(_PHASES) % 4 / 4


_PHASES = count()


class Scene:
    """A fleet of four checkers that follows CHECK since second 5, intervals of one second."""

    def __init__(self) -> None:
        self.state = FleetState()
        self.now_ns = 5 * NS_PER_S
        self.effects = self.happen(Followed({"east": CHECK}, quarters))

    def happen(self, event: Event) -> tuple[Effect, ...]:
        self.state, effects = RULES.step(self.state, event, self.now_ns)
        return effects

    @property
    def votes(self) -> list[bool]:
        return [checker.healthy for checker in self.state.votes()["east"]]


def test_checkers_start_somewhere_in_their_interval() -> None:
    starts = [effect.until_ns for effect in Scene().effects if isinstance(effect, Sleep)]
    assert sorted(starts) == [5 * NS_PER_S + quarter * NS_PER_S // 4 for quarter in range(4)]


def test_a_checker_asks_when_it_is_due_and_sleeps_an_interval_from_the_result() -> None:
    scene = Scene()
    seat = Seat("east", 2, run=1)
    assert scene.happen(Due(seat)) == (Ask(seat, CHECK, limits_of("HTTP", 0.1)),)
    scene.now_ns += 3 * NS_PER_S
    assert scene.happen(Ended(seat, BAD)) == (Voted("east"), Sleep(seat, 9 * NS_PER_S))
    assert scene.votes == [True, True, False, True]


def test_a_result_that_changes_no_vote_is_told_to_nobody_but_the_first() -> None:
    scene = Scene()
    seat = Seat("east", 0, run=1)
    told = []
    for _ in range(3):
        scene.happen(Due(seat))
        told.append([effect for effect in scene.happen(Ended(seat, Finished(True, "up"))) if isinstance(effect, Voted)])
    assert told == [[Voted("east")], [], []], "the first result is news, because there was no data before"


def test_a_check_that_was_changed_starts_anew_and_ignores_what_is_left_of_before() -> None:
    scene = Scene()
    seat = Seat("east", 0, run=1)
    scene.happen(Due(seat))
    effects = scene.happen(Followed({"east": replace(CHECK, port=81)}, quarters))
    assert [effect.seat.run for effect in effects if isinstance(effect, Drop)] == [1] * 4
    assert [effect.seat.run for effect in effects if isinstance(effect, Sleep)] == [2] * 4
    assert scene.happen(Ended(seat, BAD)) == ()
    assert scene.happen(Due(Seat("east", 1, run=1))) == ()
    assert scene.votes == [True] * 4


def test_an_inverted_check_keeps_what_is_known() -> None:
    scene = Scene()
    seat = Seat("east", 0, run=1)
    scene.happen(Due(seat))
    scene.happen(Ended(seat, BAD))
    assert scene.happen(Followed({"east": replace(CHECK, inverted=True)}, quarters)) == ()
    assert scene.votes == [False, True, True, True]


def test_what_is_deleted_disabled_or_calculated_is_not_asked() -> None:
    scene = Scene()
    assert {type(effect) for effect in scene.happen(Followed({"east": replace(CHECK, disabled=True)}, quarters))} == {
        Drop
    }
    calculated = HealthCheck("sum", "CALCULATED", children=("east",))
    assert scene.happen(Followed({"sum": calculated}, quarters)) == ()
    assert scene.state.votes() == {}


def test_forgetting_starts_every_checker_anew_without_data() -> None:
    scene = Scene()
    seat = Seat("east", 0, run=1)
    scene.happen(Due(seat))
    scene.happen(Ended(seat, BAD))
    effects = scene.happen(Forgotten(quarters))
    assert len([effect for effect in effects if isinstance(effect, Sleep)]) == 4
    assert [checker.has_data for checker in scene.state.votes()["east"]] == [False] * 4
    assert scene.happen(Due(seat)) == (), "its timer is of before"


def test_a_request_goes_by_the_address_book_and_never_off_this_machine() -> None:
    book = {"192.0.2.10": ("127.0.0.1", 9)}
    named = HealthCheck("named", "HTTP", domain_name="app.example.com")
    assert target(CHECK, book, lambda _: None) == ("127.0.0.1", 9)
    assert target(named, book, {"app.example.com": "127.0.1.10"}.get) == ("127.0.1.10", 80)
    assert target(named, book, lambda _: None) == Finished(False, "Failure: DNS resolution failed", "address")
    away = target(replace(CHECK, ip_address="192.0.2.99"), book, lambda _: None)
    assert isinstance(away, Finished)
    assert "address book" in away.text
