"""The data plane's machine: what changes an answer, what is told of it, and what a frozen name does not follow."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.engines.dns.answering import AnswerChanged, Freeze, Thaw
from harness.engines.dns.lookup import everyone
from harness.engines.dns.zone import AliasTarget, Configuration, HealthCheck, RecordSet, Zone
from harness.engines.health_checks.checker import Checker
from harness.parts.steering.route53.model import (
    Checked,
    Configured,
    Effect,
    Event,
    Forgotten,
    Plane,
    StatusChanged,
    Targets,
    start,
)
from harness.units import NS_PER_S

APP, EAST, WEST = "app.example.com", "192.0.2.1", "192.0.2.2"
UP, DOWN = Checker(NS_PER_S, 3), Checker(NS_PER_S, 3, healthy=False)
CHECKS = {"east": HealthCheck("east", "HTTP", ip_address=EAST), "west": HealthCheck("west", "HTTP", ip_address=WEST)}


def alias(role: str, name: str, check_id: str) -> RecordSet:
    target = AliasTarget("ZE", name, True)
    return RecordSet(APP, "A", alias=target, set_identifier=role, failover=role, health_check_id=check_id)


RECORDS = (alias("PRIMARY", "lb-east.example.net", "east"), alias("SECONDARY", "lb-west.example.net", "west"))
CONFIG = Configuration((Zone.of("Z", "example.com.", RECORDS),), CHECKS)


class Scene:
    """A plane in the fast profile whose configuration was read, and both of whose edges are healthy."""

    def __init__(self, *, configured: bool = True) -> None:
        self.plane = Plane((APP,), {EAST: "us-east-1", WEST: "us-west-2"}, 0.1)
        self.state = start({"lb-east.example.net": EAST, "lb-west.example.net": WEST})
        self.votes = {"east": (UP,) * 16, "west": (UP,) * 16}
        self.first = self.happen(Configured(CONFIG, self.votes)) if configured else ()

    def happen(self, event: Event) -> tuple[Effect, ...]:
        self.state, effects = self.plane.step(self.state, event, 0)
        return effects

    def vote(self, check_id: str, healthy: int) -> tuple[Effect, ...]:
        self.votes = {**self.votes, check_id: (UP,) * healthy + (DOWN,) * (16 - healthy)}
        return self.happen(Checked(self.votes))

    @property
    def answer(self) -> tuple[str, ...]:
        return self.plane.possible(self.state, APP)[0]


def test_nothing_is_answered_before_a_configuration_was_read() -> None:
    scene = Scene(configured=False)
    assert scene.state.answer(APP, "A", everyone).rcode == "SERVFAIL"
    assert scene.happen(Targets("lb-east.example.net", False)) == ()


def test_the_first_configuration_tells_the_first_answer_with_its_ttl_on_the_wire() -> None:
    assert Scene().first == (AnswerChanged(APP, (EAST,), 6),)


def test_an_answer_follows_the_health_check_at_18_percent() -> None:
    scene = Scene()
    generation = scene.state.generation
    assert scene.vote("east", 3) == ()
    assert scene.state.generation == generation, "no answer can have changed"
    assert scene.vote("east", 2) == (
        StatusChanged("east", False, 2, 16, "us-east-1"),
        AnswerChanged(APP, (WEST,), 6, before=(EAST,)),
    )
    assert scene.state.generation == generation + 1


def test_a_check_of_no_region_is_told_without_one() -> None:
    scene = Scene()
    scene.plane = replace(scene.plane, regions={})
    told = scene.vote("east", 0)[0]
    assert isinstance(told, StatusChanged)
    assert told.region is None


def test_a_load_balancer_without_a_healthy_target_is_left() -> None:
    scene = Scene()
    assert scene.happen(Targets("lb-east.example.net", False)) == (AnswerChanged(APP, (WEST,), 6, before=(EAST,)),)
    assert scene.happen(Targets("lb-east.example.net", False)) == ()
    assert scene.happen(Targets("LB-EAST.example.net.", True)) == (AnswerChanged(APP, (EAST,), 6, before=(WEST,)),)


def test_a_frozen_name_follows_nothing_until_it_thaws() -> None:
    scene = Scene()
    scene.happen(Freeze("APP.example.com."))
    (told,) = scene.vote("east", 0)
    assert isinstance(told, StatusChanged), "the health check still turns, and is told"
    scene.happen(Freeze(APP))
    assert scene.answer == (EAST,), "freezing twice keeps the first snapshot"
    assert scene.happen(Thaw()) == (AnswerChanged(APP, (WEST,), 6, before=(EAST,)),)


@pytest.mark.parametrize("frozen", [False, True])
def test_forgetting_thaws_and_believes_every_endpoint_again(frozen: bool) -> None:
    scene = Scene()
    scene.vote("east", 0)
    if frozen:
        scene.happen(Freeze(APP))
    scene.happen(Forgotten({"east": (UP,) * 16, "west": (UP,) * 16}))
    assert scene.answer == (EAST,)
    assert scene.state.frozen == {}


def test_a_new_check_is_no_change_of_status() -> None:
    scene = Scene()
    more = Configuration(CONFIG.zones, {**CHECKS, "third": HealthCheck("third", "HTTP", ip_address="192.0.2.3")})
    assert scene.happen(Configured(more, {**scene.votes, "third": (DOWN,) * 16})) == ()
