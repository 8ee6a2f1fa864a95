"""Replication stands still: nobody in one region reaches the database of another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from harness.faults.model import BLACK_HOLE, Fault, Link, Plan, ProcessRef
from harness.faults.modes import LOST, lose
from harness.names import DYNAMODB


@dataclass(frozen=True)
class ReplicationStall(Fault):
    """Lose every DynamoDB link from a place to the database of another one.

    target: `all`, or the database's region whose incoming replication stalls. component: only this component's links
    (and the canaries'); by default all, because a path between regions does not know who uses it.
    """

    kind: ClassVar[str] = "replication-stall"
    modes: ClassVar[tuple[str, ...]] = LOST
    target_is: ClassVar[str] = "all, or the database's region that no longer receives"

    target: str = "all"
    mode: str = BLACK_HOLE
    component: str = ""

    def plan(self, links: Sequence[Link], processes: Sequence[ProcessRef]) -> Plan:
        hit = self.chosen(links)
        return self.planned(lose(f"{self.kind}.{self.target}", hit, self.mode), hit)

    @property
    def aimed_at(self) -> str:
        return "`all` or a database's region"

    def hits(self, link: Link) -> bool:
        return (
            link.service == DYNAMODB
            and link.home not in ("", link.target)
            and self.target in ("all", link.target)
            and (not self.component or link.from_canary or link.component == self.component)
        )
