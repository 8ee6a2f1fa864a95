"""The health checkers of whoever steers clients have lost sight of the world: everything looks lost, or as it did.

Nothing else is wrong. Checkers that reach nothing call every place unhealthy at once, and what is answered then is up
to the provider's rule for that; checkers that stand still keep whatever they said last, also when a place is lost.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from harness.faults.actions import BlindHealthChecks
from harness.faults.model import Fault, Link, Plan, ProcessRef
from harness.faults.needs import PROVIDER_HEALTH_CHECKS
from harness.names import HEALTH_CHECKS, PROVIDER


@dataclass(frozen=True)
class HealthChecksBlind(Fault):
    """unreachable: no checker reaches anything. frozen: no checker looks any more, and the last word stays."""

    kind: ClassVar[str] = "health-checks-blind"
    modes: ClassVar[tuple[str, ...]] = ("unreachable", "frozen")
    target_is: ClassVar[str] = "provider"
    needs: ClassVar[tuple[str, ...]] = (PROVIDER_HEALTH_CHECKS,)

    target: str = PROVIDER
    mode: str = "unreachable"

    def plan(self, links: Sequence[Link], processes: Sequence[ProcessRef]) -> Plan:
        watched = self.chosen(links)
        return self.planned([BlindHealthChecks("frozen" if self.mode == "frozen" else "unreachable")], watched)

    @property
    def aimed_at(self) -> str:
        return "the provider that clients are steered by"

    def hits(self, link: Link) -> bool:
        """The canary that asks whether the checks see; no link is touched."""
        return link.from_canary and link.target == self.target == PROVIDER and link.service == HEALTH_CHECKS

    def targets(self, links: Iterable[Link]) -> set[str]:
        return {PROVIDER}
