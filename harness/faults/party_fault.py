"""What the faults inside of a third party share: it is reached, and does not do what it is there for."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from harness.faults.commerce_actions import TroubleParty
from harness.faults.model import Fault, Link, Plan, ProcessRef
from harness.faults.needs import THIRD_PARTIES
from harness.faults.third_party_outage import SYSTEM, leads_to_party, parties
from harness.measurement.canary import Expectation, Fails


@dataclass(frozen=True)
class PartyFault(Fault):
    """A trouble of the third party `target`; no link is touched."""

    target_is: ClassVar[str] = "system"
    needs: ClassVar[tuple[str, ...]] = (THIRD_PARTIES,)

    def plan(self, links: Sequence[Link], processes: Sequence[ProcessRef]) -> Plan:
        watched = self.chosen(links)
        return self.planned([self.trouble(f"{self.kind}.{self.mode}")], watched, self.seen())

    @abstractmethod
    def trouble(self, name: str) -> TroubleParty:
        """What is wrong with it."""

    def seen(self) -> Expectation:
        """What the canary that asks whether it is well must see."""
        return Fails()

    @property
    def aimed_at(self) -> str:
        return SYSTEM

    def hits(self, link: Link) -> bool:
        """The canary beside it."""
        return link.from_canary and leads_to_party(link, self.target)

    def targets(self, links: Iterable[Link]) -> set[str]:
        return parties(links)
