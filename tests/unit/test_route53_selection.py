"""Which record is answered: the table of Route 53's rules."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from harness.engines.dns.selection import Health, LoadBalancer, choose, eligible, is_healthy
from harness.engines.dns.zone import AliasTarget, RecordSet, Zone

APP = "app.example.com"


def record(set_identifier: str, name: str = APP, **fields: Any) -> RecordSet:
    fields.setdefault("values", (f"192.0.2.{len(set_identifier)}",))
    return RecordSet(name, "A", ttl_s=60, set_identifier=set_identifier, **fields)


def alias(set_identifier: str, target: str, *, evaluate: bool = True, name: str = APP, **fields: Any) -> RecordSet:
    return RecordSet(name, "A", alias=AliasTarget("Z", target, evaluate), set_identifier=set_identifier, **fields)


def chosen(records: list[RecordSet], health: Health, name: str = APP) -> list[str | None]:
    zone = Zone.of("Z", "example.com", records)
    return [r.set_identifier for r in eligible(zone.group(name, "A"), zone, health)]


def unhealthy(*checks: str) -> Health:
    return Health(checks=dict.fromkeys(checks, False))


PAIR = [record("p", failover="PRIMARY", health_check_id="hp"), record("s", failover="SECONDARY", health_check_id="hs")]


@pytest.mark.parametrize(("down", "answer"), [((), "p"), (("hp",), "s"), (("hs",), "p"), (("hp", "hs"), "p")])
def test_failover_prefers_a_healthy_primary_and_falls_open_to_the_primary(down: tuple[str, ...], answer: str) -> None:
    assert chosen(PAIR, unhealthy(*down)) == [answer]


def test_a_secondary_without_a_health_check_takes_over_whenever_the_primary_is_unhealthy() -> None:
    assert chosen([PAIR[0], record("s", failover="SECONDARY")], unhealthy("hp")) == ["s"]


def test_a_lone_secondary_is_answered_rather_than_nothing() -> None:
    assert chosen([PAIR[1]], unhealthy("hs")) == ["s"]


def test_the_health_check_named_on_the_record_is_used_and_a_deleted_one_is_healthy() -> None:
    assert chosen(PAIR, Health(checks={"hs": True})) == ["p"]


BALANCED = [
    alias("p", "lb-a.elb.amazonaws.com", failover="PRIMARY", health_check_id="hp"),
    alias("s", "dualstack.lb-b.elb.amazonaws.com", failover="SECONDARY"),
]


@pytest.mark.parametrize(
    ("check", "target", "answer"), [(True, True, "p"), (False, True, "s"), (True, False, "s"), (False, False, "s")]
)
def test_a_health_check_and_target_health_must_both_pass(check: bool, target: bool, answer: str) -> None:
    balancers = {
        "lb-a.elb.amazonaws.com": LoadBalancer("127.0.1.10", target),
        "lb-b.elb.amazonaws.com": LoadBalancer("127.0.2.10", True),
    }
    assert chosen(BALANCED, Health({"hp": check}, balancers)) == [answer]


def test_an_alias_that_does_not_evaluate_its_target_is_answered_though_every_target_is_dead() -> None:
    records = [alias("p", "lb-a.elb.amazonaws.com", evaluate=False, failover="PRIMARY"), BALANCED[1]]
    balancers = {
        "lb-a.elb.amazonaws.com": LoadBalancer("127.0.1.10", False),
        "lb-b.elb.amazonaws.com": LoadBalancer("127.0.2.10", True),
    }
    assert chosen(records, Health({}, balancers)) == ["p"]


TREE = [
    alias("primary-branch", "east.example.com", failover="PRIMARY"),
    alias("secondary-branch", "west.example.com", failover="SECONDARY"),
    record("e1", name="east.example.com", weight=10, health_check_id="h1"),
    record("e2", name="east.example.com", weight=10, health_check_id="h2"),
    record("w1", name="west.example.com", weight=10, health_check_id="h3"),
]


@pytest.mark.parametrize(
    ("down", "branch", "leaves"),
    [
        ((), "primary-branch", ["e1", "e2"]),
        (("h1",), "primary-branch", ["e2"]),
        (("h1", "h2"), "secondary-branch", ["e1", "e2"]),
        (("h1", "h2", "h3"), "primary-branch", ["e1", "e2"]),
    ],
)
def test_a_branch_with_no_healthy_leaf_is_backed_out_of(down: tuple[str, ...], branch: str, leaves: list[str]) -> None:
    assert chosen(TREE, unhealthy(*down)) == [branch]
    assert chosen(TREE, unhealthy(*down), "east.example.com") == leaves


WEIGHTED = [
    record("live", weight=3, health_check_id="h1"),
    record("canary", weight=1, health_check_id="h2"),
    record("sorry-page", weight=0, health_check_id="h3"),
]


@pytest.mark.parametrize(
    ("down", "answer"),
    [
        ((), ["live", "canary"]),
        (("h1",), ["canary"]),
        (("h1", "h2"), ["sorry-page"]),
        (("h1", "h2", "h3"), ["live", "canary"]),
    ],
)
def test_weight_zero_waits_until_every_other_weight_is_unhealthy(down: tuple[str, ...], answer: list[str]) -> None:
    assert chosen(WEIGHTED, unhealthy(*down)) == answer


def draws(*numbers: float) -> Any:
    sequence: Iterator[float] = iter(numbers)
    return lambda: next(sequence)


@pytest.mark.parametrize(("drawn", "answer"), [(0.0, "live"), (0.74, "live"), (0.75, "canary"), (0.99, "canary")])
def test_weights_divide_the_draw_in_proportion(drawn: float, answer: str) -> None:
    assert [r.set_identifier for r in choose(tuple(WEIGHTED[:2]), draws(drawn))] == [answer]


def test_all_weights_zero_means_equal_chances() -> None:
    group = (record("a", weight=0), record("bb", weight=0))
    assert [choose(group, draws(d))[0].set_identifier for d in (0.49, 0.51)] == ["a", "bb"]


def test_multivalue_answers_with_at_most_eight_and_only_healthy_ones() -> None:
    group = [record(f"m{i:02}", multivalue=True, health_check_id=f"h{i}") for i in range(12)]
    assert len(chosen(group, unhealthy("h0", "h1"))) == 10
    zone = Zone.of("Z", "example.com", group)
    answer = choose(eligible(zone.group(APP, "A"), zone, unhealthy("h0", "h1")), draws(*(i / 12 for i in range(12))))
    assert len(answer) == 8
    assert {"m00", "m01"}.isdisjoint(r.set_identifier for r in answer)


def test_multivalue_with_everything_unhealthy_answers_with_unhealthy_ones() -> None:
    group = [record(f"m{i}", multivalue=True, health_check_id=f"h{i}") for i in range(3)]
    assert chosen(group, unhealthy("h0", "h1", "h2")) == ["m0", "m1", "m2"]


def test_aliases_in_a_circle_are_unhealthy_and_do_not_hang() -> None:
    loop = [alias("a", "b.example.com"), alias("b", APP, name="b.example.com")]
    zone = Zone.of("Z", "example.com", loop)
    assert not is_healthy(loop[0], zone, Health())
