"""What the faults inside of a third party share: it is reached, and does not do what it is there for."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

from harness.faults.commerce_actions import TroubleParty
from harness.faults.model import Link, Plan, ProcessRef
from harness.faults.of_third_party import OfThirdParty
from harness.measurement.canary import Expectation, Fails


@dataclass(frozen=True)
class PartyFault(OfThirdParty):
    """A trouble of the third party `target`; no link is touched."""

    def plan(self, links: Sequence[Link], processes: Sequence[ProcessRef]) -> Plan:
        watched = self.chosen(links)
        return self.planned([self.trouble(f"{self.kind}.{self.mode}")], watched, self.seen())

    @abstractmethod
    def trouble(self, name: str) -> TroubleParty:
        """What is wrong with it."""

    def seen(self) -> Expectation:
        """What the canary that asks whether it is well must see."""
        return Fails()

    def hits(self, link: Link) -> bool:
        """The canary beside it."""
        return link.from_canary and super().hits(link)
