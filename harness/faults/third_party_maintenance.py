"""A third party is closed for maintenance, and says so; which takes days."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from harness.faults.commerce_actions import TroubleParty
from harness.faults.party_fault import PartyFault


@dataclass(frozen=True)
class ThirdPartyMaintenance(PartyFault):
    """The third party `target` answers 503, with Retry-After, to every call. days: how long it says that takes.

    A drill cannot wait for days: `third_parties.day_s` says how long one of them lasts in it.
    """

    kind: ClassVar[str] = "third-party-maintenance"
    modes: ClassVar[tuple[str, ...]] = ("maintenance",)

    mode: str = "maintenance"
    days: int = 1

    def trouble(self, name: str) -> TroubleParty:
        told = f"for {self.days} days of a drill" if self.days > 1 else "for a day of a drill"
        return TroubleParty(self.target, name, "maintenance", 0.0, told)
