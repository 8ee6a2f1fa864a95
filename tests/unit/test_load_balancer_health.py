"""Target health as a timeline: which checks are sent when, and who gets requests."""

from __future__ import annotations

import pytest

from harness.errors import InputError
from harness.parts.edge.load_balancer.config import parse
from harness.parts.edge.load_balancer.model import (
    CancelCheck,
    Changed,
    Checked,
    Effect,
    Event,
    Forgotten,
    GroupState,
    HealthSettings,
    Reason,
    Registered,
    SendCheck,
    TargetFailure,
    TargetGroup,
    TargetState,
    Tick,
    candidates,
    next_wake_ns,
    status_of,
)
from harness.units import NS_PER_S

SETTINGS = HealthSettings(
    interval_ns=10 * NS_PER_S, timeout_ns=4 * NS_PER_S, healthy_threshold=3, unhealthy_threshold=2
)


class Story:
    """Drives the machine; times in seconds."""

    def __init__(self, *ids: str, settings: HealthSettings = SETTINGS) -> None:
        self.machine = TargetGroup(settings)
        self.state = GroupState()
        self.at(0, Registered(ids))

    def at(self, second: float, event: Event) -> tuple[Effect, ...]:
        self.state, effects = self.machine.step(self.state, event, int(second * NS_PER_S))
        return effects

    def check(self, second: float, id_: str, status: int | None) -> tuple[Effect, ...]:
        """The check under way ends."""
        number = next(target.check for target in self.state.targets if target.id == id_)
        return self.at(second, Checked(id_, number, status))

    def states(self) -> list[str]:
        return [target.state.value for target in self.state.targets]

    @property
    def wake_s(self) -> float | None:
        wake_ns = next_wake_ns(self.state)
        return None if wake_ns is None else wake_ns / NS_PER_S


def test_a_new_target_is_healthy_after_one_good_check() -> None:
    story = Story("a")
    assert story.states() == ["initial"]
    assert story.check(0.1, "a", 200) == (Changed("a", TargetState.HEALTHY, None, 1, 1),)


def test_a_target_is_checked_as_soon_as_it_is_registered_and_then_on_the_interval() -> None:
    machine = TargetGroup(SETTINGS)
    state, effects = machine.step(GroupState(), Registered(("a",)), 5 * NS_PER_S)
    assert effects == (SendCheck("a", 1),)
    state, _ = machine.step(state, Checked("a", 1, 200), 8 * NS_PER_S)
    assert next_wake_ns(state) == 15 * NS_PER_S, "the answer's duration does not shift the interval"
    state, effects = machine.step(state, Tick(), 15 * NS_PER_S)
    assert effects == (SendCheck("a", 2),)


def test_a_healthy_target_survives_one_failure_but_not_two() -> None:
    story = Story("a")
    story.check(0, "a", 200)
    story.at(10, Tick())
    assert story.check(10, "a", None) == ()
    story.at(20, Tick())
    assert story.check(20, "a", None) == (Changed("a", TargetState.UNHEALTHY, Reason.FAILED, 0, 1),)


def test_a_good_check_in_between_forgives_a_failure() -> None:
    story = Story("a")
    for second, status in ((0, 200), (10, None), (20, 200), (30, None)):
        story.at(second, Tick())
        story.check(second, "a", status)
    assert story.states() == ["healthy"]


def test_an_unhealthy_target_needs_the_whole_threshold_to_come_back() -> None:
    story = Story("a")
    for second, status in ((0, 500), (10, 500), (20, 200), (30, 200)):
        story.at(second, Tick())
        story.check(second, "a", status)
    assert story.states() == ["unhealthy"]
    story.at(40, Tick())
    assert story.check(40, "a", 200) == (Changed("a", TargetState.HEALTHY, None, 1, 1),)


def test_a_wrong_status_is_a_mismatch() -> None:
    story = Story("a")
    for second in (0, 10):
        story.at(second, Tick())
        story.check(second, "a", 503)
    assert story.state.targets[0].reason is Reason.MISMATCH


def test_a_hanging_check_times_out_and_its_late_answer_is_ignored() -> None:
    story = Story("a")
    assert story.wake_s == 4
    assert story.at(4, Tick()) == (CancelCheck("a", 1),)
    assert story.at(4.1, Checked("a", 1, 200)) == ()
    assert story.states() == ["initial"]
    assert story.wake_s == 10
    story.at(10, Tick())
    assert story.at(14, Tick()) == (CancelCheck("a", 2), Changed("a", TargetState.UNHEALTHY, Reason.TIMEOUT, 0, 1))


def test_an_answer_to_an_earlier_check_says_nothing_about_this_one() -> None:
    story = Story("a")
    story.at(4, Tick())
    story.at(10, Tick())
    assert story.at(10.1, Checked("a", 1, 200)) == ()
    assert story.state.targets[0].deadline_ns is not None


def test_a_late_wake_up_does_not_cause_a_burst_of_checks() -> None:
    story = Story("a")
    story.check(0, "a", 200)
    assert story.at(95, Tick()) == (SendCheck("a", 2),)
    story.check(95, "a", 200)
    assert story.wake_s == 105


def test_a_timeout_longer_than_the_interval_never_overlaps_two_checks() -> None:
    story = Story("a", settings=HealthSettings(interval_ns=NS_PER_S, timeout_ns=3 * NS_PER_S))
    assert story.at(1, Tick()) == ()
    assert story.at(3, Tick()) == (CancelCheck("a", 1), SendCheck("a", 2))


def test_only_healthy_targets_are_routed_to() -> None:
    story = Story("a", "b")
    assert candidates(story.state) == ("a", "b"), "none is healthy yet: fail open"
    story.check(0, "b", 200)
    assert candidates(story.state) == ("b",)


def test_when_every_target_is_unhealthy_the_group_fails_open() -> None:
    story = Story("a", "b")
    for second in (0, 10):
        story.at(second, Tick())
        story.check(second, "a", None)
        story.check(second, "b", None)
    assert story.states() == ["unhealthy", "unhealthy"]
    assert candidates(story.state) == ("a", "b")


def test_a_replaced_list_keeps_the_health_of_those_who_stay() -> None:
    story = Story("a", "b")
    story.check(0, "a", 200)
    assert story.at(1, Registered(("a", "c"))) == (CancelCheck("b", 1), SendCheck("c", 1))
    assert [(target.id, target.state.value) for target in story.state.targets] == [("a", "healthy"), ("c", "initial")]


def test_forgetting_starts_every_target_again() -> None:
    story = Story("a")
    story.check(0, "a", 200)
    assert story.at(1, Forgotten()) == (SendCheck("a", 2),)
    assert story.states() == ["initial"]
    assert story.at(2, Forgotten()) == (CancelCheck("a", 2), SendCheck("a", 3))


def test_an_unknown_target_is_ignored() -> None:
    story = Story("a")
    assert story.at(0, Checked("ghost", 1, 200)) == ()


def test_without_targets_there_is_nobody_to_pick_and_nothing_to_wait_for() -> None:
    story = Story()
    assert candidates(story.state) == ()
    assert story.wake_s is None


@pytest.mark.parametrize(
    ("failure", "status"), [("no-target", 503), ("target-timeout", 504), ("target-refused", 502), ("target-reset", 502)]
)
def test_each_failure_has_its_documented_status(failure: str, status: int) -> None:
    assert status_of(TargetFailure(failure)) == status


BASE = {"region": "us-east-1", "listen": ["127.0.0.1", 0]}


def test_defaults_are_those_of_the_service() -> None:
    config = parse(BASE)
    assert config.health == HealthSettings(30 * NS_PER_S, 5 * NS_PER_S, 5, 2, (200,))
    assert (config.response_timeout_s, config.connect_timeout_s) == (60, 10)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"intervall_s": 1}, "intervall_s: unknown key; allowed: admin"),
        ({"listen": "127.0.0.1:80"}, "an address is"),
        ({"listen": ["127.0.0.1", True]}, "an address is"),
        ({"interval_s": 0}, "interval_s: .*greater than 0"),
        ({"healthy_threshold": 1.5}, "healthy_threshold: .*whole number"),
        ({"success_codes": [99]}, "success_codes.0: .*200"),
        ({"targets": [{"id": "a"}]}, r"targets\.0\.address: is missing"),
        ({"targets": [{"id": "a", "address": ["h", 1], "health_path": "/a b"}]}, "health_path"),
        ({"targets": [{"id": "a", "address": ["h", 1]}] * 2}, "the same id"),
    ],
)
def test_a_wrong_configuration_is_named(change: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        parse({**BASE, **change})


def test_an_earlier_answer_is_none_to_a_check_that_timed_out() -> None:
    story = Story("a")
    story.check(0.1, "a", 200)
    assert story.state.targets[0].status == 200
    story.at(10, Tick())
    story.at(14, Tick())
    assert story.state.targets[0].status is None
