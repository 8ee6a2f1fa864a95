"""One component has no network any more: nobody reaches it, and it reaches nobody. All others go on as before."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from harness.faults.model import BLACK_HOLE, Fault, Link, Plan, ProcessRef
from harness.faults.modes import LOST, lose
from harness.faults.process import names
from harness.names import DYNAMODB


@dataclass(frozen=True)
class ComponentIsolated(Fault):
    """Lose every link that the instance `target` (or any instance of that component) dials, or is dialled over;
    several may be named, with commas between.

    to: only links that end at this place, or at this region's database (several with commas); by default all. The
    canaries' links to databases from where the component runs are lost with its own: what bites there bites here.
    """

    kind: ClassVar[str] = "component-isolated"
    modes: ClassVar[tuple[str, ...]] = LOST
    target_is: ClassVar[str] = "instance"

    mode: str = BLACK_HOLE
    to: str = ""

    def plan(self, links: Sequence[Link], processes: Sequence[ProcessRef]) -> Plan:
        own = self.chosen(links)
        homes = {link.source_place for link in own if names(self.target, link.source)}
        beside = [
            link
            for link in links
            if link.from_canary and link.service == DYNAMODB and link.source_place in homes and self._leads_there(link)
        ]
        hit = (*own, *beside)
        return self.planned(lose(f"{self.kind}.{self.target}", hit, self.mode), hit)

    @property
    def aimed_at(self) -> str:
        return "a process or a component"

    def hits(self, link: Link) -> bool:
        if names(self.target, link.source):
            return self._leads_there(link)
        return names(self.target, link.target) and not self.to

    def targets(self, links: Iterable[Link]) -> set[str]:
        return {link.source for link in links if link.component}

    def _leads_there(self, link: Link) -> bool:
        return not self.to or link.target_place in self.to.split(",")
