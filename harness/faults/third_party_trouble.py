"""A third party fails calls, answers nonsense, or does what it is asked and never says so."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from harness.faults.commerce_actions import TroubleParty
from harness.faults.party_fault import PartyFault
from harness.measurement.canary import Expectation, Fails, Rate

UNANSWERED = "unanswered"
_AWAY = 0.1
"""Twice so far the canary's share may be from the fault's: it draws for itself, and in short faults not often."""


@dataclass(frozen=True)
class ThirdPartyTrouble(PartyFault):
    """The third party `target` is in trouble, whoever calls it.

    failing: 503 to a share of the calls. wrong: 200 with a body that nobody can read, to a share of them; what it was
    told is not stored. unanswered: what it is told is stored, and never answered. rate: their share, above 0 and up
    to 1.
    """

    kind: ClassVar[str] = "third-party-trouble"
    modes: ClassVar[tuple[str, ...]] = ("failing", "wrong", UNANSWERED)

    mode: str = "failing"
    rate: float = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        self.share("rate", self.rate)

    def trouble(self, name: str) -> TroubleParty:
        return TroubleParty(self.target, name, self.mode, 1.0 if self.mode == UNANSWERED else self.rate)

    def seen(self) -> Expectation:
        if self.mode == UNANSWERED or self.rate == 1:
            return Fails()
        return Rate(max(0.0, self.rate - _AWAY), min(1.0, self.rate + _AWAY))
