"""A region is cut off from the rest; inside it life goes on (and zombies are real)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from harness.faults.model import Link
from harness.faults.modes import LosesLinks


@dataclass(frozen=True)
class RegionIsolated(LosesLinks):
    """Lose every link with exactly one end in the region `target`."""

    kind: ClassVar[str] = "region-isolated"

    def hits(self, link: Link) -> bool:
        return link.crosses(self.target)
