"""One service of a region is gone, for everybody everywhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from harness.faults.model import BLACK_HOLE, Fault, Link, Plan, ProcessRef
from harness.faults.modes import LOST, lose
from harness.names import DYNAMODB


@dataclass(frozen=True)
class ServiceOutage(Fault):
    """Lose every link that leads to `service` of the region `target`."""

    kind: ClassVar[str] = "service-outage"
    modes: ClassVar[tuple[str, ...]] = LOST

    mode: str = BLACK_HOLE
    service: str = DYNAMODB

    def plan(self, links: Sequence[Link], processes: Sequence[ProcessRef]) -> Plan:
        hit = self.chosen(links)
        return self.planned(lose(f"{self.kind}.{self.target}", hit, self.mode), hit)

    def hits(self, link: Link) -> bool:
        return link.target_place == self.target and link.service == self.service

    @property
    def aimed_at(self) -> str:
        return end_of(self.service)


def end_of(service: str) -> str:
    """Where the links of a service lead, in words."""
    return "a database's region" if service == DYNAMODB else f"where links of the service {service} lead"
