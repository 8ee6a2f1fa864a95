"""How many pods a Deployment keeps, and how it replaces them (concepts/workloads/controllers/deployment)."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from harness.parts.platform.kubernetes.machines.deployment import (
    CreatePod,
    DeletePod,
    Deployment,
    DeploymentState,
    DeploymentTerms,
    Effect,
    Event,
    PodGoing,
    PodGone,
    PodIs,
    Progress,
    RolledOut,
    Scaled,
    Tick,
    rounded,
    wake_ns,
)
from harness.units import NS_PER_S

S = NS_PER_S


@dataclass
class Rollout:
    """Pods of good revisions become ready at once, and go at once."""

    replicas: int
    terms: DeploymentTerms = field(default_factory=DeploymentTerms)
    bad: frozenset[int] = frozenset()
    now_ns: int = 0
    least: int = 99
    most: int = 0
    told: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.machine = Deployment("app", self.terms)
        self.state = DeploymentState(self.replicas)
        self.happens(Tick())
        self.least, self.most = 99, 0

    def happens(self, *events: Event) -> None:
        waiting = list(events)
        while waiting:
            self.state, effects = self.machine.step(self.state, waiting.pop(0), self.now_ns)
            self.least = min(self.least, len(self.ready()))
            self.most = max(self.most, len([pod for pod in self.state.pods if not pod.going]))
            waiting += [event for effect in effects for event in self._follows(effect)]

    def _follows(self, effect: Effect) -> list[Event]:
        match effect:
            case CreatePod(_, name, revision):
                return [] if revision in self.bad else [PodIs(name, True)]
            case DeletePod(name):
                return [PodGone(name)]
            case Progress(what):
                self.told.append(what)
        return []

    def ready(self) -> list[str]:
        return [pod.name for pod in self.state.pods if pod.ready_ns is not None and not pod.going]

    def revisions(self) -> set[int]:
        return {pod.revision for pod in self.state.pods}


def test_it_keeps_the_number_that_is_wanted() -> None:
    assert len(Rollout(3).ready()) == 3


@pytest.mark.parametrize(
    ("replicas", "surge", "unavailable", "expected"),
    [(4, "25%", "25%", (1, 1)), (3, "25%", "25%", (1, 0)), (10, "30%", "30%", (3, 3)), (2, 1, 0, (1, 0)),
     (5, 0, 0, (0, 1)), (1, "25%", "25%", (1, 0))],
)  # fmt: skip
def test_shares_are_rounded_up_for_surge_and_down_for_unavailable(
    replicas: int, surge: int | str, unavailable: int | str, expected: tuple[int, int]
) -> None:
    """ "Max Surge": rounding up; "Max Unavailable": rounding down; cannot be 0 if the other is 0."""
    assert rounded(replicas, surge, unavailable) == expected


def test_a_good_deploy_never_goes_below_what_may_be_missing_nor_above_the_surge() -> None:
    rollout = Rollout(4, DeploymentTerms(surge=1, unavailable=1))
    rollout.happens(RolledOut())
    assert rollout.revisions() == {2}
    assert rollout.least >= 3
    assert rollout.most <= 5
    assert rollout.told[-1] == "complete"


def test_a_bad_deploy_stands_still_and_the_old_pods_go_on_serving() -> None:
    """ "Failed Deployment": the new ReplicaSet's pods never become ready."""
    rollout = Rollout(4, DeploymentTerms(surge=1, unavailable=1), bad=frozenset({2}))
    rollout.happens(RolledOut())
    assert len(rollout.ready()) == 3
    assert rollout.least == 3
    rollout.now_ns = 600 * S
    rollout.happens(Tick())
    assert rollout.told[-1] == "stalled"
    assert rollout.revisions() == {1, 2}


def test_with_nothing_allowed_to_be_missing_a_bad_deploy_takes_nothing_away() -> None:
    rollout = Rollout(2, DeploymentTerms(surge=1, unavailable=0), bad=frozenset({2}))
    rollout.happens(RolledOut())
    assert len(rollout.ready()) == 2


def test_a_bad_deploy_is_replaced_by_a_good_one() -> None:
    rollout = Rollout(3, bad=frozenset({2}))
    rollout.happens(RolledOut())
    rollout.happens(RolledOut())
    assert rollout.revisions() == {3}
    assert rollout.least >= 3


def test_a_rollback_to_an_earlier_template_keeps_the_pods_that_it_has() -> None:
    """ "Rolling Back to a Previous Revision": the earlier ReplicaSet is scaled up again, what runs of it stays."""
    rollout = Rollout(3, bad=frozenset({2}))
    before = rollout.ready()
    rollout.happens(RolledOut())
    rollout.happens(RolledOut(1))
    assert rollout.ready() == before
    assert rollout.revisions() == {1}
    rollout.happens(RolledOut())
    assert rollout.revisions() == {3}, "a revision's number is never used again"


def test_recreate_takes_all_old_pods_away_first() -> None:
    """ "Recreate Deployment": all existing Pods are killed before new ones are created."""
    rollout = Rollout(3, DeploymentTerms(recreate=True))
    rollout.happens(RolledOut())
    assert rollout.least == 0
    assert rollout.most == 3
    assert rollout.revisions() == {2}


def test_a_deleted_pod_is_replaced_at_once() -> None:
    rollout = Rollout(3)
    first = rollout.ready()[0]
    rollout.happens(PodGoing(first))
    assert len(rollout.ready()) == 3
    assert first not in rollout.ready()


def test_a_pod_that_is_not_ready_is_not_replaced() -> None:
    """That is the kubelet's affair: the ReplicaSet counts pods, and not ready ones."""
    rollout = Rollout(3)
    rollout.happens(PodIs(rollout.ready()[0], False))
    assert len(rollout.state.pods) == 3


def test_scaling_down_takes_those_first_that_are_not_ready() -> None:
    rollout = Rollout(3)
    sick = rollout.ready()[0]
    rollout.happens(PodIs(sick, False))
    rollout.happens(Scaled(2))
    assert sick not in {pod.name for pod in rollout.state.pods}
    assert len(rollout.ready()) == 2


def test_a_pod_counts_only_after_its_seconds_of_being_ready() -> None:
    """ "Min Ready Seconds"."""
    rollout = Rollout(2, DeploymentTerms(surge=1, unavailable=0, min_ready_ns=10 * S))
    rollout.now_ns = 20 * S
    rollout.happens(RolledOut())
    assert rollout.revisions() == {1, 2}
    assert wake_ns(rollout.state, rollout.terms, rollout.now_ns) == 30 * S
    for _ in range(4):
        rollout.now_ns += 10 * S
        rollout.happens(Tick())
    assert rollout.revisions() == {2}
