"""From votes to a status: the 18 % rule, Inverted, Disabled, calculated checks."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.engines.dns.zone import Configuration, HealthCheck, parse_health_check
from harness.engines.health_checks.checker import Checker
from harness.engines.health_checks.health import enough_healthy, statuses


def votes_of(healthy: int, checkers: int = 16) -> tuple[Checker, ...]:
    return tuple(Checker(1, 3, healthy=i < healthy) for i in range(checkers))


def status(check: HealthCheck, healthy: int, *others: HealthCheck) -> bool:
    checks = {c.id: c for c in (check, *others)}
    return statuses(Configuration(checks=checks), {check.id: votes_of(healthy)})[check.id]


@pytest.mark.parametrize(
    ("healthy", "checkers", "verdict"),
    [
        (2, 16, False),
        (3, 16, True),
        (0, 16, False),
        (16, 16, True),
        (2, 15, False),
        (3, 15, True),
        (18, 100, False),
        (19, 100, True),
    ],
)
def test_more_than_eighteen_percent_of_checkers_keep_an_endpoint_healthy(
    healthy: int, checkers: int, verdict: bool
) -> None:
    assert enough_healthy(healthy, checkers) is verdict


def test_a_check_that_nobody_looks_at_yet_is_healthy_and_inverted_it_is_not() -> None:
    new = statuses(
        Configuration(checks={"a": HealthCheck("a", "HTTP"), "b": HealthCheck("b", "HTTP", inverted=True)}), {}
    )
    assert dict(new) == {"a": True, "b": False}


def test_inverted_turns_the_status_around() -> None:
    assert status(HealthCheck("a", "HTTP", inverted=True), 0)
    assert not status(HealthCheck("a", "HTTP", inverted=True), 16)


KINDS = ("HTTP", "HTTPS_STR_MATCH", "TCP", "CALCULATED", "CLOUDWATCH_METRIC", "RECOVERY_CONTROL")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("healthy", [0, 16])
def test_a_disabled_check_is_healthy_whatever_it_looks_at_and_inverted_it_is_not(kind: str, healthy: int) -> None:
    assert status(HealthCheck("a", kind, disabled=True, health_threshold=1), healthy)
    assert not status(HealthCheck("a", kind, disabled=True, inverted=True, health_threshold=1), healthy)


@pytest.mark.parametrize(("threshold", "verdict"), [(0, True), (1, True), (2, True), (3, False), (4, False)])
def test_a_calculated_check_needs_its_threshold_of_healthy_children(threshold: int, verdict: bool) -> None:
    children = {
        "up": HealthCheck("up", "HTTP"),
        "also-up": HealthCheck("also-up", "TCP"),
        "down": HealthCheck("down", "HTTP"),
        "parent": HealthCheck("parent", "CALCULATED", children=("up", "also-up", "down"), health_threshold=threshold),
    }
    found = statuses(Configuration(checks=children), {"up": votes_of(16), "also-up": votes_of(16), "down": votes_of(0)})
    assert found["parent"] is verdict


@pytest.mark.parametrize(("says", "healthy"), [("Healthy", True), ("LastKnownStatus", True), ("Unhealthy", False)])
def test_a_metric_without_data_is_what_its_check_says(says: str, healthy: bool) -> None:
    config = {"Type": "CLOUDWATCH_METRIC", "InsufficientDataHealthStatus": says}
    check = parse_health_check({"Id": "a", "HealthCheckConfig": config})
    assert status(check, 0) is healthy
    assert status(replace(check, inverted=True), 0) is not healthy
    assert status(replace(check, disabled=True), 0), "nobody looks at a disabled one"
    assert not status(replace(check, disabled=True, inverted=True), 0)


def test_a_disabled_child_counts_as_healthy() -> None:
    checks = {
        "off": HealthCheck("off", "HTTP", disabled=True),
        "parent": HealthCheck("parent", "CALCULATED", children=("off",), health_threshold=1),
    }
    assert statuses(Configuration(checks=checks), {"off": votes_of(0)})["parent"]


def test_a_check_that_nothing_here_feeds_has_insufficient_data_and_is_healthy() -> None:
    assert status(HealthCheck("a", "CLOUDWATCH_METRIC"), 0)
