"""Nobody reaches the API of a provider any more; what it serves, such as DNS answers, goes on as it was."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from harness.faults.model import BLACK_HOLE, Fault, Link, Plan, ProcessRef
from harness.faults.modes import LOST, lose
from harness.faults.needs import PROVIDER_API
from harness.names import DIGITALOCEAN


@dataclass(frozen=True)
class ProviderOutage(Fault):
    """Lose every link to the API of the provider `target`."""

    kind: ClassVar[str] = "provider-outage"
    modes: ClassVar[tuple[str, ...]] = LOST
    target_is: ClassVar[str] = "provider"
    needs: ClassVar[tuple[str, ...]] = (PROVIDER_API,)

    target: str = DIGITALOCEAN
    mode: str = BLACK_HOLE

    def plan(self, links: Sequence[Link], processes: Sequence[ProcessRef]) -> Plan:
        hit = self.chosen(links)
        return self.planned(lose(f"{self.kind}.{self.target}", hit, self.mode), hit)

    @property
    def aimed_at(self) -> str:
        return "a provider with an API"

    def hits(self, link: Link) -> bool:
        return leads_to_api(link, self.target)

    def targets(self, links: Iterable[Link]) -> set[str]:
        return providers(links)


def leads_to_api(link: Link, provider: str) -> bool:
    """Whether a link leads to a provider's API: it is called after the provider, and so is the service."""
    return link.target == provider == link.service


def providers(links: Iterable[Link]) -> set[str]:
    """Those whose APIs links lead to."""
    return {link.target for link in links if link.target == link.service}
