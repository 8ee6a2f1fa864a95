"""A service half works: a share of its requests fails, so that no single observer is sure that it is down.

The canaries see the same rate as everybody else, but health checkers do not: what makes a failure gray is that those
who decide see another picture than those who suffer (Huang et al., "Gray Failure: The Achilles' Heel of Cloud-Scale
Systems", HotOS 2017, section 3, differential observability). Checks that go through the service themselves do see it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from harness.faults.actions import AddToxic
from harness.faults.model import RESET, Fault, Link, Plan, ProcessRef
from harness.faults.service_outage import end_of
from harness.measurement.canary import Rate
from harness.names import CHECKERS, CLIENTS, DYNAMODB, HTTP

_RATE_TOLERANCE = 0.2
"""Relative. A small sample of probes must not fail the proof; statistics proper are the canary judgement's."""


@dataclass(frozen=True)
class GrayFailure(Fault):
    """With probability `rate` a request to `service` of the region `target` is reset instead of forwarded.

    For http that concerns the region's edge, for other services everybody who calls them.
    """

    kind: ClassVar[str] = "gray-failure"
    modes: ClassVar[tuple[str, ...]] = (RESET,)

    mode: str = RESET
    rate: float = 0.3
    service: str = DYNAMODB

    def __post_init__(self) -> None:
        super().__post_init__()
        self.share("rate", self.rate)

    def plan(self, links: Sequence[Link], processes: Sequence[ProcessRef]) -> Plan:
        hit = self.chosen(links)
        attributes: dict[str, int | float | str] = {"rate": self.rate, "mode": self.mode}
        actions = [
            AddToxic(link.name, f"{self.kind}.{self.target}.request_failure", "request_failure", "upstream", attributes)
            for link in hit
        ]
        low, high = self.rate * (1 - _RATE_TOLERANCE), min(1.0, self.rate * (1 + _RATE_TOLERANCE))
        return self.planned(actions, hit, Rate(low, high))

    @property
    def aimed_at(self) -> str:
        return end_of(self.service)

    def hits(self, link: Link) -> bool:
        if link.target_place != self.target or link.service != self.service or link.source == CHECKERS:
            return False
        return self.service != HTTP or link.source == CLIENTS or link.from_canary
