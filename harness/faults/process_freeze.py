"""A process stands still, as in a long garbage collection or a paused virtual machine: alive, and of no use.

What reached it before, or while it stood, may still take effect after the heal.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from harness.faults.actions import FreezeProcess
from harness.faults.model import Fault, Link, Plan, ProcessRef
from harness.faults.process import plan_for


@dataclass(frozen=True)
class ProcessFreeze(Fault):
    """SIGSTOP for the instance `target` (or all instances of that component), SIGCONT to heal."""

    kind: ClassVar[str] = "process-freeze"
    modes: ClassVar[tuple[str, ...]] = ("freeze",)
    target_is: ClassVar[str] = "instance"

    mode: str = "freeze"

    def plan(self, links: Sequence[Link], processes: Sequence[ProcessRef]) -> Plan:
        return plan_for(self.kind, self.target, self.mode, processes, FreezeProcess)
