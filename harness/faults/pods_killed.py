"""All pods of a place end at once, as when their node pool reboots: what runs them must bring them back by itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from harness.errors import InputError
from harness.faults.actions import KillProcess
from harness.faults.model import CanaryExpectation, Fault, Link, Plan, ProcessRef, process_canary
from harness.faults.needs import PODS
from harness.measurement.canary import Fails


@dataclass(frozen=True)
class PodsKilled(Fault):
    """SIGKILL for every container of every pod in the place `target`; the platform itself starts them again."""

    kind: ClassVar[str] = "pods-killed"
    modes: ClassVar[tuple[str, ...]] = ("kill",)
    needs: ClassVar[tuple[str, ...]] = (PODS,)

    mode: str = "kill"

    def plan(self, links: Sequence[Link], processes: Sequence[ProcessRef]) -> Plan:
        hit = pods_of(self.kind, self.target, processes)
        watched = CanaryExpectation(tuple(process_canary(pod.instance) for pod in hit), Fails())
        return Plan(self.kind, self.target, self.mode, tuple(KillProcess(pod.instance) for pod in hit), watched)


def pods_of(kind: str, place: str, processes: Sequence[ProcessRef]) -> list[ProcessRef]:
    """The pods of a place, those of the application first. Raises InputError when there is none."""
    found = [process for process in processes if process.pod_of and process.place == place]
    if not found:
        raise InputError(f"{kind} {place}: no pod runs there")
    return sorted(found, key=lambda pod: (not pod.entrance, pod.instance))
