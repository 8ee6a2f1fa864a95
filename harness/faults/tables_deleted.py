"""Every table of a region's database is deleted, and nothing brings it back: a region that is gone for good.

Whoever heals the rest of it finds a database without tables. What was acknowledged there and is nowhere else is lost;
all else must be brought back from a backup, an export, or another region.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from harness.faults.actions import DeleteTables
from harness.faults.model import Fault, Link, Plan, ProcessRef
from harness.faults.needs import TABLE_DELETION
from harness.measurement.canary import Rate
from harness.names import DYNAMODB, DYNAMODB_READS


@dataclass(frozen=True)
class TablesDeleted(Fault):
    """All tables in the database of the region `target`, also those that the subject made itself.

    A canary reads from the table that clients write, and is told that there is none. Whoever rebuilds it does so while
    the fault holds, so some of the canary's looks may find it again.
    """

    kind: ClassVar[str] = "tables-deleted"
    modes: ClassVar[tuple[str, ...]] = ("all",)
    strikes: ClassVar[str] = DYNAMODB
    needs: ClassVar[tuple[str, ...]] = (TABLE_DELETION,)

    mode: str = "all"

    def plan(self, links: Sequence[Link], processes: Sequence[ProcessRef]) -> Plan:
        watched = self.chosen(links)
        return self.planned([DeleteTables(self.target)], watched, Rate(0.0, 1.0))

    @property
    def aimed_at(self) -> str:
        return "a database's region"

    def hits(self, link: Link) -> bool:
        """The canary that reads there; no link is touched."""
        return link.from_canary and link.target == self.target and link.service == DYNAMODB_READS
