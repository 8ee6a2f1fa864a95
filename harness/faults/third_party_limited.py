"""A third party lets so many calls a second in, and refuses all others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from harness.errors import InputError
from harness.faults.commerce_actions import TroubleParty
from harness.faults.party_fault import PartyFault


@dataclass(frozen=True)
class ThirdPartyLimited(PartyFault):
    """The third party `target` answers 429, with Retry-After, to more than `per_s` calls a second (wall seconds)."""

    kind: ClassVar[str] = "third-party-limited"
    modes: ClassVar[tuple[str, ...]] = ("limited",)

    mode: str = "limited"
    per_s: float = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 < self.per_s <= 10_000:
            raise InputError(f"{self.kind}: per_s is above 0 and up to 10000, not {self.per_s:g}")

    def trouble(self, name: str) -> TroubleParty:
        return TroubleParty(self.target, name, "limited", self.per_s)
