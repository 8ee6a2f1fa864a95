"""A new version is rolled out that starts and never answers: the old pods must go on serving."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from harness.faults.actions import RollOutBad
from harness.faults.model import CanaryExpectation, Fault, Link, Plan, ProcessRef, rollout_canary
from harness.faults.needs import PODS
from harness.measurement.canary import Fails


@dataclass(frozen=True)
class BadDeploy(Fault):
    """The application's Deployment in the place `target` gets a template whose pods are never ready; rolled back to
    heal."""

    kind: ClassVar[str] = "bad-deploy"
    modes: ClassVar[tuple[str, ...]] = ("never-ready",)
    needs: ClassVar[tuple[str, ...]] = (PODS,)

    mode: str = "never-ready"

    def plan(self, links: Sequence[Link], processes: Sequence[ProcessRef]) -> Plan:
        watched = CanaryExpectation((rollout_canary(self.target),), Fails())
        return Plan(self.kind, self.target, self.mode, (RollOutBad(self.target),), watched)
