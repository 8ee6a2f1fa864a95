"""Answers of a third party take longer; what it is told takes effect at once all the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from harness.faults.actions import AddToxic
from harness.faults.model import Link, Plan, ProcessRef
from harness.faults.of_third_party import OfThirdParty
from harness.measurement.canary import Slow


@dataclass(frozen=True)
class ThirdPartySlow(OfThirdParty):
    """Answers of the third party `target` take latency_ms longer: who gives up before that cannot know what it did."""

    kind: ClassVar[str] = "third-party-slow"
    modes: ClassVar[tuple[str, ...]] = ("slow",)

    mode: str = "slow"
    latency_ms: int = 2000

    def plan(self, links: Sequence[Link], processes: Sequence[ProcessRef]) -> Plan:
        hit, name = self.chosen(links), f"{self.kind}.{self.target}.latency"
        slow = {"latency": self.latency_ms}
        return self.planned([AddToxic(link.name, name, "latency", "downstream", slow) for link in hit], hit, self._seen)

    @property
    def _seen(self) -> Slow:
        """Canaries give up at some time: that is slow as well."""
        return Slow(min(self.latency_ms, _CANARY_MS))


_CANARY_MS = 300
"""So long a canary's probe takes at least, whatever its own time-out is."""
