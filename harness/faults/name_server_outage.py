"""One of a zone's name servers is gone: resolvers must notice, and ask the others."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from harness.faults.model import Link
from harness.faults.of_dns import LosesDns, name_servers_in


@dataclass(frozen=True)
class NameServerOutage(LosesDns):
    """Lose every link to the name server `target`."""

    kind: ClassVar[str] = "name-server-outage"
    target_is: ClassVar[str] = "name_server"

    target: str = "ns-1"

    @property
    def aimed_at(self) -> str:
        return "a name server of the zone"

    def hits(self, link: Link) -> bool:
        return super().hits(link) and self.target.startswith("ns-")

    def targets(self, links: Iterable[Link]) -> set[str]:
        return name_servers_in(links)
