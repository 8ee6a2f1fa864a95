"""A region is far away, or its network is congested: everything that crosses its border takes longer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from harness.errors import InputError
from harness.faults.actions import AddToxic
from harness.faults.model import Fault, Link, Plan, ProcessRef
from harness.measurement.canary import Slow

LATENCY_MAX_MS = 86_400_000


@dataclass(frozen=True)
class Latency(Fault):
    """Answers over every link with exactly one end in the region `target` take latency_ms +/- jitter_ms longer.

    On the answers only, so that a request and its answer are delayed once. service: only links of this service.
    """

    kind: ClassVar[str] = "latency"
    modes: ClassVar[tuple[str, ...]] = ("slow",)

    mode: str = "slow"
    latency_ms: int = 500
    jitter_ms: int = 0
    service: str = ""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.latency_ms > LATENCY_MAX_MS:
            raise InputError(f"latency: latency_ms is at most {LATENCY_MAX_MS} (a day), not {self.latency_ms}")
        if not 0 <= self.jitter_ms < self.latency_ms:
            raise InputError(f"latency: needs 0 <= jitter_ms < latency_ms, not {self.jitter_ms} and {self.latency_ms}")

    def plan(self, links: Sequence[Link], processes: Sequence[ProcessRef]) -> Plan:
        hit = self.chosen(links)
        name = f"{self.kind}.{self.target}.latency"
        attributes = {"latency": self.latency_ms, "jitter": self.jitter_ms}
        actions = [AddToxic(link.name, name, "latency", "downstream", attributes) for link in hit]
        return self.planned(actions, hit, Slow(self.latency_ms - self.jitter_ms))

    def hits(self, link: Link) -> bool:
        return link.crosses(self.target) and self.service in ("", link.service)
