"""A whole region is gone: every link with an end in it, inside it too. Its processes run on, talking to nobody."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from harness.faults.model import Link
from harness.faults.modes import LosesLinks


@dataclass(frozen=True)
class RegionOutage(LosesLinks):
    """Lose the region `target`, and with it whatever lives there, such as a control plane."""

    kind: ClassVar[str] = "region-outage"

    def hits(self, link: Link) -> bool:
        return link.touches(self.target)
