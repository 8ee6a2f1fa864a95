"""A process dies without a word, and is started anew when the fault heals: a supervisor that came late."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from harness.faults.actions import KillProcess
from harness.faults.model import Fault, Link, Plan, ProcessRef
from harness.faults.process import plan_for


@dataclass(frozen=True)
class ProcessKill(Fault):
    """SIGKILL for the instance `target` (or all instances of that component)."""

    kind: ClassVar[str] = "process-kill"
    modes: ClassVar[tuple[str, ...]] = ("kill",)
    target_is: ClassVar[str] = "instance"

    mode: str = "kill"

    def plan(self, links: Sequence[Link], processes: Sequence[ProcessRef]) -> Plan:
        return plan_for(self.kind, self.target, self.mode, processes, KillProcess)
