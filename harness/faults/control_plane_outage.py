"""The API of whoever steers clients is gone for everybody, and what it serves, such as DNS answers, goes on.

Unlike a lost link, this is the provider's own trouble: no caller gets through from anywhere, nor does whatever of the
provider's reads its own configuration. Whoever needs a call to fail over cannot.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from harness.faults.actions import LoseControlPlane
from harness.faults.model import Fault, Link, Plan, ProcessRef
from harness.faults.needs import PROVIDER_CONTROL_PLANE
from harness.names import CONTROL_PLANE, PROVIDER


@dataclass(frozen=True)
class ControlPlaneOutage(Fault):
    """silent: calls are taken and never answered. failing: each is answered with an error of the service (5xx)."""

    kind: ClassVar[str] = "control-plane-outage"
    modes: ClassVar[tuple[str, ...]] = ("silent", "failing")
    target_is: ClassVar[str] = "provider"
    needs: ClassVar[tuple[str, ...]] = (PROVIDER_CONTROL_PLANE,)

    target: str = PROVIDER
    mode: str = "silent"

    def plan(self, links: Sequence[Link], processes: Sequence[ProcessRef]) -> Plan:
        watched = self.chosen(links)
        return self.planned([LoseControlPlane("failing" if self.mode == "failing" else "silent")], watched)

    @property
    def aimed_at(self) -> str:
        return "the provider that clients are steered by"

    def hits(self, link: Link) -> bool:
        """The canary that tries the API; no link is touched."""
        return link.from_canary and link.target == self.target == PROVIDER and link.service == CONTROL_PLANE

    def targets(self, links: Iterable[Link]) -> set[str]:
        return {PROVIDER}
