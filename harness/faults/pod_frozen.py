"""One pod of the application stands still: its node is starved, or it hangs. The others must carry on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from harness.faults.actions import FreezeProcess
from harness.faults.model import CanaryExpectation, Fault, Link, Plan, ProcessRef, process_canary
from harness.faults.needs import PODS
from harness.faults.pods_killed import pods_of
from harness.measurement.canary import Fails


@dataclass(frozen=True)
class PodFrozen(Fault):
    """SIGSTOP for one pod of the application in the place `target`, SIGCONT to heal."""

    kind: ClassVar[str] = "pod-frozen"
    modes: ClassVar[tuple[str, ...]] = ("freeze",)
    needs: ClassVar[tuple[str, ...]] = (PODS,)

    mode: str = "freeze"

    def plan(self, links: Sequence[Link], processes: Sequence[ProcessRef]) -> Plan:
        pod = pods_of(self.kind, self.target, processes)[0].instance
        watched = CanaryExpectation((process_canary(pod),), Fails())
        return Plan(self.kind, self.target, self.mode, (FreezeProcess(pod),), watched)
