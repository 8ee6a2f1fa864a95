"""A replication service is slow: every message from one region to another takes longer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from harness.errors import InputError
from harness.faults.actions import AddToxic
from harness.faults.latency import LATENCY_MAX_MS
from harness.faults.model import Link, Plan, ProcessRef
from harness.faults.replication_paused import ALL, OverReplication
from harness.measurement.canary import Slow


@dataclass(frozen=True)
class ReplicationSlowed(OverReplication):
    """Messages over the links over which the service replicates take latency_ms longer.

    Longer than the service waits for an answer (1 s) they count as lost, and what was sent is sent again.
    target: `all`, or a direction A->B.
    """

    kind: ClassVar[str] = "replication-slowed"
    modes: ClassVar[tuple[str, ...]] = ("slow",)

    target: str = ALL
    mode: str = "slow"
    latency_ms: int = 500

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 < self.latency_ms <= LATENCY_MAX_MS:
            raise InputError(f"{self.kind}: latency_ms is from 1 to {LATENCY_MAX_MS} (a day), not {self.latency_ms}")

    def plan(self, links: Sequence[Link], processes: Sequence[ProcessRef]) -> Plan:
        hit = self.chosen(links)
        name = f"{self.kind}.{self.target}.latency"
        # On the requests: whoever receives a change does so later, as over a longer way.
        attributes = {"latency": self.latency_ms, "jitter": 0}
        actions = [AddToxic(link.name, name, "latency", "upstream", attributes) for link in hit]
        return self.planned(actions, hit, Slow(self.latency_ms))
