"""Who is in rotation, and why others are not, as people are told."""

from __future__ import annotations

from harness.parts.edge.load_balancer.model import (
    Checked,
    Event,
    GroupState,
    HealthSettings,
    Registered,
    TargetGroup,
    Tick,
)
from harness.parts.edge.load_balancer.rotation import Standing, changes, standings
from harness.units import NS_PER_S

SETTINGS = HealthSettings(10 * NS_PER_S, 5 * NS_PER_S, 2, 2)


class Balancer:
    """A target group, and all that was told of it."""

    def __init__(self, *, fails_open: bool) -> None:
        self.state, self.now_ns, self.fails_open = GroupState(), 0, fails_open
        self.told: list[tuple[str, str, bool | None, str]] = []

    def happen(self, event: Event) -> None:
        before = standings(self.state, fails_open=self.fails_open)
        self.state, _ = TargetGroup(SETTINGS).step(self.state, event, self.now_ns)
        for name, now in changes(before, standings(self.state, fails_open=self.fails_open)):
            self.told.append((name, now.what, now.good, now.text))

    def check(self, name: str, status: int | None) -> None:
        """The answer of one check that is due."""
        self.happen(Tick())
        number = next(target.check for target in self.state.targets if target.id == name)
        self.happen(Checked(name, number, status))
        self.now_ns += 10 * NS_PER_S


def test_a_targets_way_into_rotation_and_out_of_it_says_why() -> None:
    balancer = Balancer(fails_open=False)
    balancer.happen(Registered(("a",)))
    for status in (200, 503, 503, 200, 200, None, None):
        balancer.check("a", status)
    balancer.happen(Registered(()))
    assert balancer.told == [
        ("a", "not checked yet", None, ""),
        ("a", "in rotation", True, ""),
        ("a", "out of rotation", False, "answered its check with 503"),
        ("a", "in rotation", True, ""),
        ("a", "out of rotation", False, "refused its check, or broke it off"),
        ("a", "", None, "no target any more"),
    ]


def test_a_check_that_runs_out_of_time_is_told_as_such() -> None:
    balancer = Balancer(fails_open=False)
    balancer.happen(Registered(("a",)))
    balancer.check("a", 200)
    for _ in range(4):
        balancer.happen(Tick())
        balancer.now_ns += 5 * NS_PER_S
    assert balancer.told[-1] == ("a", "out of rotation", False, "did not answer its check in time")


def test_where_none_is_healthy_and_all_are_asked_that_is_no_way_out_of_rotation() -> None:
    balancer = Balancer(fails_open=True)
    balancer.happen(Registered(("a", "b")))
    for status in (200, 503, 503):
        balancer.happen(Tick())
        for name in ("a", "b"):
            number = next(target.check for target in balancer.state.targets if target.id == name)
            balancer.happen(Checked(name, number, status))
        balancer.now_ns += 10 * NS_PER_S
    assert balancer.told[:2] == [
        ("a", "in rotation, not checked yet", None, ""),
        ("b", "in rotation, not checked yet", None, ""),
    ]
    why = "answered its check with 503; none is healthy, so all are asked"
    assert ("a", "out of rotation", False, "answered its check with 503") in balancer.told
    assert balancer.told[-2:] == [
        ("a", "in rotation, unhealthy", False, why),
        ("b", "in rotation, unhealthy", False, why),
    ]


def test_another_reason_alone_is_no_news() -> None:
    out = Standing("out of rotation", good=False, text="answered its check with 503")
    also = Standing("out of rotation", good=False, text="did not answer its check in time")
    assert list(changes({"a": out}, {"a": also})) == []
