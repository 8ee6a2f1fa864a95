"""A whole region is gone: every link with an end in it, inside it too. Its processes run on, talking to nobody."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from harness.faults.model import BLACK_HOLE, Fault, Link, Plan, ProcessRef
from harness.faults.modes import LOST, lose


@dataclass(frozen=True)
class RegionOutage(Fault):
    """Lose the region `target`, and with it whatever lives there, such as a control plane."""

    kind: ClassVar[str] = "region-outage"
    modes: ClassVar[tuple[str, ...]] = LOST

    mode: str = BLACK_HOLE

    def plan(self, links: Sequence[Link], processes: Sequence[ProcessRef]) -> Plan:
        hit = self.chosen(links)
        return self.planned(lose(f"{self.kind}.{self.target}", hit, self.mode), hit)

    def hits(self, link: Link) -> bool:
        return link.touches(self.target)
