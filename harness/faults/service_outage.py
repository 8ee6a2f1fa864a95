"""One service of a region is gone, for everybody everywhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from harness.faults.model import Link
from harness.faults.modes import LosesLinks
from harness.names import DYNAMODB


@dataclass(frozen=True)
class ServiceOutage(LosesLinks):
    """Lose every link that leads to `service` of the region `target`."""

    kind: ClassVar[str] = "service-outage"

    service: str = DYNAMODB

    def hits(self, link: Link) -> bool:
        return link.target_place == self.target and link.service == self.service

    @property
    def aimed_at(self) -> str:
        return end_of(self.service)


def end_of(service: str) -> str:
    """Where the links of a service lead, in words."""
    return "a database's region" if service == DYNAMODB else f"where links of the service {service} lead"
