"""Nobody reaches a third party any more: calls vanish, are refused, or are reset on the way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from harness.faults.modes import LosesLinks
from harness.faults.of_third_party import OfThirdParty


@dataclass(frozen=True)
class ThirdPartyOutage(LosesLinks, OfThirdParty):
    """Lose every link to the third party `target`."""

    kind: ClassVar[str] = "third-party-outage"
