"""Whose turn it is among a load balancer's targets, and whose defaults its section of an environment has."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from pydantic import ValidationError

from harness.parts.edge.load_balancer.choosing import Sticky, chosen, mark_of
from harness.parts.edge.load_balancer.model import GroupState, TargetHealth, TargetState, candidates
from harness.parts.edge.load_balancer.spec import LoadBalancer


@dataclass(frozen=True)
class One:
    id: str


ABC = (One("a"), One("b"), One("c"))


def test_round_robin_takes_turns() -> None:
    assert [chosen(ABC, turn, "round_robin", {}) for turn in range(4)] == [*ABC, ABC[0]]
    assert chosen((), 7, "round_robin", {}) is None


def test_least_connections_takes_the_one_with_the_fewest_and_turns_among_equals() -> None:
    busy = {"a": 2, "b": 1, "c": 1}
    assert [chosen(ABC, turn, "least_connections", busy) for turn in range(3)] == [ABC[1], ABC[1], ABC[2]]
    assert chosen(ABC, 1, "least_connections", {}) == ABC[1]


def test_a_cookie_keeps_a_client_with_its_target_as_long_as_that_gets_requests() -> None:
    mark = mark_of("c")
    assert {chosen(ABC, turn, "round_robin", {}, mark) for turn in range(5)} == {ABC[2]}
    assert {chosen(ABC[:2], turn, "round_robin", {}, mark) for turn in range(5)} == set(ABC[:2])


def test_a_cookie_is_read_among_others_and_names_no_target_outright() -> None:
    sticky = Sticky("DO-LB", 300)
    line = sticky.header("storefront.nyc3")
    assert b"storefront" not in line
    assert line.endswith(b"Max-Age=300; Path=/; HttpOnly\r\n")
    mark = mark_of("storefront.nyc3")
    assert sticky.asked_for([(b"host", b"x"), (b"cookie", f"a=b; DO-LB={mark}; c=d".encode())]) == mark
    assert sticky.asked_for([(b"cookie", b"XDO-LB=1; DO-LBX=2")]) is None


def test_with_nobody_healthy_an_elastic_load_balancer_asks_all_and_digitaloceans_nobody() -> None:
    sick = GroupState((TargetHealth("a", TargetState.UNHEALTHY), TargetHealth("b", TargetState.UNHEALTHY)))
    assert candidates(sick) == ("a", "b")
    assert candidates(sick, fails_open=False) == ()


@pytest.mark.parametrize(
    ("said", "unhealthy", "healthy", "fails_open"),
    [
        ({}, 2, 2, True),
        ({"like": "elb"}, 2, 2, True),
        ({"like": "digitalocean"}, 3, 5, False),
        ({"like": "digitalocean-schema"}, 5, 3, False),
        ({"like": "digitalocean", "unhealthy_threshold": 4}, 4, 5, False),
    ],
)
def test_what_is_left_out_is_as_documented(
    said: dict[str, object], unhealthy: int, healthy: int, fails_open: bool
) -> None:
    spec = LoadBalancer.model_validate(said)
    assert (spec.unhealthy_threshold, spec.healthy_threshold, spec.fails_open) == (unhealthy, healthy, fails_open)
    assert (spec.interval_s, spec.timeout_s) == (10, 5)


@pytest.mark.parametrize(
    "said",
    [
        {"like": "nginx"}, {"like": 1}, {"algorithm": "random"}, {"sticky": {"cookie_name": "x"}},
        {"sticky": {"cookie_name": "DO-LB", "cookie_ttl_s": 0}}, {"sticky": {"cookie_name": "a;b"}},
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused(said: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        LoadBalancer.model_validate(said)
