"""A region is cut off from the rest; inside it life goes on (and zombies are real)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from harness.faults.model import BLACK_HOLE, Fault, Link, Plan, ProcessRef
from harness.faults.modes import LOST, lose


@dataclass(frozen=True)
class RegionIsolated(Fault):
    """Lose every link with exactly one end in the region `target`."""

    kind: ClassVar[str] = "region-isolated"
    modes: ClassVar[tuple[str, ...]] = LOST

    mode: str = BLACK_HOLE

    def plan(self, links: Sequence[Link], processes: Sequence[ProcessRef]) -> Plan:
        hit = self.chosen(links)
        return self.planned(lose(f"{self.kind}.{self.target}", hit, self.mode), hit)

    def hits(self, link: Link) -> bool:
        return link.crosses(self.target)
