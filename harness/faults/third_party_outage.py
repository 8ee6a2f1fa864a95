"""Nobody reaches a third party any more: calls vanish, are refused, or are reset on the way."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from harness.faults.model import Link
from harness.faults.modes import LosesLinks
from harness.faults.needs import THIRD_PARTIES
from harness.names import THIRD_PARTY


@dataclass(frozen=True)
class ThirdPartyOutage(LosesLinks):
    """Lose every link to the third party `target`."""

    kind: ClassVar[str] = "third-party-outage"
    target_is: ClassVar[str] = "system"
    needs: ClassVar[tuple[str, ...]] = (THIRD_PARTIES,)

    @property
    def aimed_at(self) -> str:
        return SYSTEM

    def hits(self, link: Link) -> bool:
        return leads_to_party(link, self.target)

    def targets(self, links: Iterable[Link]) -> set[str]:
        return parties(links)


SYSTEM = "the system of a third party"
"""What faults on one are aimed at, in words."""


def leads_to_party(link: Link, party: str) -> bool:
    """Whether a link leads to that third party."""
    return link.service == THIRD_PARTY and link.target == party


def parties(links: Iterable[Link]) -> set[str]:
    """Those that links lead to."""
    return {link.target for link in links if link.service == THIRD_PARTY}
