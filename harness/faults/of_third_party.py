"""What all faults on a third party share: what they are aimed at, and which links lead there."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from harness.faults.model import Fault, Link
from harness.faults.needs import THIRD_PARTIES
from harness.names import THIRD_PARTY


@dataclass(frozen=True)
class OfThirdParty(Fault):
    """A fault on the third party `target`; every link to it is hit, unless a subclass says otherwise."""

    target_is: ClassVar[str] = "system"
    needs: ClassVar[tuple[str, ...]] = (THIRD_PARTIES,)

    @property
    def aimed_at(self) -> str:
        return "the system of a third party"

    def hits(self, link: Link) -> bool:
        return link.service == THIRD_PARTY and link.target == self.target

    def targets(self, links: Iterable[Link]) -> set[str]:
        return {link.target for link in links if link.service == THIRD_PARTY}
