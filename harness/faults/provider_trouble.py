"""The API of a provider is there, and does not do what it is asked: refusals, errors, or answers that never come.

The last is the worst to those who call it: the change is made, and they cannot know.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from harness.faults.actions import TroubleProvider
from harness.faults.model import Fault, Link, Plan, ProcessRef
from harness.faults.needs import PROVIDER_API
from harness.faults.provider_outage import leads_to_api, providers
from harness.measurement.canary import Fails
from harness.names import DIGITALOCEAN


@dataclass(frozen=True)
class ProviderTrouble(Fault):
    """The API of the provider `target` is in trouble, whoever calls it.

    throttled: 429 to every call. failing: 503 to every call. unanswered: changes are carried out and never answered.
    """

    kind: ClassVar[str] = "provider-trouble"
    modes: ClassVar[tuple[str, ...]] = ("throttled", "failing", "unanswered")
    target_is: ClassVar[str] = "provider"
    needs: ClassVar[tuple[str, ...]] = (PROVIDER_API,)

    target: str = DIGITALOCEAN
    mode: str = "throttled"

    def plan(self, links: Sequence[Link], processes: Sequence[ProcessRef]) -> Plan:
        watched = self.chosen(links)
        trouble = TroubleProvider(self.target, f"{self.kind}.{self.mode}", self.mode)
        return self.planned([trouble], watched, Fails())

    @property
    def aimed_at(self) -> str:
        return "a provider with an API"

    def hits(self, link: Link) -> bool:
        """The canary that asks whether the API is well; no link is touched."""
        return link.from_canary and leads_to_api(link, self.target)

    def targets(self, links: Iterable[Link]) -> set[str]:
        return providers(links)
