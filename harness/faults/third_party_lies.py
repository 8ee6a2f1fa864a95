"""A third party says that it has stored what it was told, and stores nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from harness.faults.commerce_actions import TroubleParty
from harness.faults.party_fault import PartyFault


@dataclass(frozen=True)
class ThirdPartyLies(PartyFault):
    """The third party `target` answers 201 and stores nothing; whoever reads it back finds nothing (404)."""

    kind: ClassVar[str] = "third-party-lies"
    modes: ClassVar[tuple[str, ...]] = ("lying",)

    mode: str = "lying"

    def trouble(self, name: str) -> TroubleParty:
        return TroubleParty(self.target, name, "lying")
