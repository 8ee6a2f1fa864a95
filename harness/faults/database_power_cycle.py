"""A database loses power, and comes back with what it had stored: nothing that it acknowledged may be gone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from harness.faults.actions import DisableLink, SwitchOffDatabase
from harness.faults.model import Fault, Link, Plan, ProcessRef
from harness.faults.needs import POWER_CYCLE
from harness.names import DYNAMODB, DYNAMODB_READS, DYNAMODB_WRITES

_SERVICES = (DYNAMODB, DYNAMODB_READS, DYNAMODB_WRITES)


@dataclass(frozen=True)
class DatabasePowerCycle(Fault):
    """The server of the database in the region `target` ends at once, in the middle of whatever it does; the heal
    starts it again on what it has stored. Meanwhile connections to it are refused."""

    kind: ClassVar[str] = "database-power-cycle"
    modes: ClassVar[tuple[str, ...]] = ("off",)
    strikes: ClassVar[str] = DYNAMODB
    needs: ClassVar[tuple[str, ...]] = (POWER_CYCLE,)

    mode: str = "off"

    def plan(self, links: Sequence[Link], processes: Sequence[ProcessRef]) -> Plan:
        hit = self.chosen(links)
        return self.planned([SwitchOffDatabase(self.target), *(DisableLink(link.name) for link in hit)], hit)

    @property
    def aimed_at(self) -> str:
        return "a database's region"

    def hits(self, link: Link) -> bool:
        return link.target == self.target and link.service in _SERVICES
