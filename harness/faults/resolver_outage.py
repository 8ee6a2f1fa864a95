"""A resolver is gone: clients that ask it first wait, and ask the next one, if they have one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from harness.faults.model import Link
from harness.faults.of_dns import LosesDns, resolvers_in


@dataclass(frozen=True)
class ResolverOutage(LosesDns):
    """Lose every link to the resolver `target`."""

    kind: ClassVar[str] = "resolver-outage"
    target_is: ClassVar[str] = "resolver"

    target: str = "resolver-1"

    @property
    def aimed_at(self) -> str:
        return "a resolver that clients ask"

    def hits(self, link: Link) -> bool:
        return super().hits(link) and self.target.startswith("resolver-")

    def targets(self, links: Iterable[Link]) -> set[str]:
        return resolvers_in(links)
