"""How much there may be of routing controls, and how often they may be changed."""

from __future__ import annotations

from typing import Any

import pytest

from harness.parts.steering.route53.routing_controls.model import Controls
from harness.parts.steering.route53.routing_controls.quotas import TAGS
from harness.parts.steering.route53.routing_controls.rules import Rule, RuleConfig
from harness.parts.steering.route53.routing_controls.server import Recovery, RoutingControlsConfig
from harness.parts.steering.route53.routing_controls.things import (
    CONFLICT,
    INVALID,
    QUOTA,
    Cluster,
    Control,
    Done,
    Effect,
    Made,
    Panel,
    Refused,
    Removed,
    Renamed,
    State,
    Tagged,
    Thing,
)


class World:
    """The machine, called."""

    def __init__(self) -> None:
        self.state = State()

    def call(self, event: Any) -> str:
        self.state, effects = Controls().step(self.state, event, 0)
        return code_of(effects[0])

    def make(self, *things: Thing, **more: Any) -> str:
        return self.call(Made(things, **more))


def code_of(effect: Effect) -> str:
    return effect.code if isinstance(effect, Refused) else type(effect).__name__


@pytest.fixture
def world() -> World:
    found = World()
    assert found.make(Cluster("c", "c"), Panel("p", "c", "p", default=True)) == "Done"
    return found


def rule(name: str, *controls: str) -> Rule:
    return Rule(name, "p", name, "ASSERTION", controls, (), RuleConfig("ATLEAST", 1, False), 0)


def test_an_account_has_two_clusters_until_one_is_removed(world: World) -> None:
    assert [world.make(Cluster(name, name)) for name in ("d", "e")] == ["Done", QUOTA]
    assert world.call(Removed("d")) == "Done"
    assert world.make(Cluster("e", "e")) == "Done"


def test_a_cluster_has_fifty_panels_and_three_hundred_controls_of_which_a_panel_has_a_hundred(world: World) -> None:
    assert {world.make(Panel(f"p{n}", "c", f"p{n}")) for n in range(49)} == {"Done"}
    assert world.make(Panel("more", "c", "more")) == QUOTA
    for panel in ("p", "p0", "p1"):
        made = [world.make(Control(f"{panel}/{n}", panel, str(n))) for n in range(101)]
        assert made == ["Done"] * 100 + [QUOTA]
    assert world.make(Control("p2/0", "p2", "0")) == QUOTA


def test_a_panel_has_twenty_rules(world: World) -> None:
    world.make(Control("a", "p", "a"))
    assert [world.make(rule(str(n), "a")) for n in range(21)] == ["Done"] * 20 + [QUOTA]


def test_a_name_is_not_taken_twice_by_renaming(world: World) -> None:
    world.make(Control("a", "p", "a"))
    world.make(Control("b", "p", "b"))
    assert [world.call(Renamed("b", name)) for name in ("a", "b", "c")] == [CONFLICT, "Done", "Done"]


def test_tags_are_changed_and_go_with_their_thing(world: World) -> None:
    assert world.make(Control("a", "p", "a"), tags={"x": "1", "y": ""}) == "Done"
    assert world.call(Tagged("a", {"x": "2"}, ("y", "z"))) == "Done"
    assert world.state.tags["a"] == {"x": "2"}
    assert world.call(Tagged("a", {str(n): "" for n in range(TAGS)})) == INVALID
    assert world.call(Removed("a")) == "Done"
    assert "a" not in world.state.tags
    assert isinstance(Controls().step(world.state, Tagged("p", {"x": ""}), 0)[1][0], Done)


def test_an_endpoint_takes_so_many_changes_a_second_whatever_the_others_take() -> None:
    recovery = Recovery(RoutingControlsConfig(changes_per_s=3), print)
    assert [recovery._is_busy("us-east-1") for _ in range(5)] == [False] * 3 + [True] * 2
    assert not recovery._is_busy("us-west-2")
    assert not any(Recovery(RoutingControlsConfig(), print)._is_busy("us-east-1") for _ in range(9))
