"""A replication service stands still: what one region stores does not go to another, and nothing else is lost."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from harness.errors import InputError
from harness.faults.model import BLACK_HOLE, Fault, Link
from harness.faults.modes import LosesLinks
from harness.faults.needs import SERVICE_REPLICATION
from harness.names import CANARY, GLOBAL_TABLES

ALL = "all"


def replicates(link: Link) -> bool:
    """Whether a link is one over which the service replicates, or the canary's beside it."""
    return link.source.removeprefix(f"{CANARY}.").startswith(f"{GLOBAL_TABLES}.")


def way_of(link: Link) -> str:
    """Its direction, A->B."""
    return f"{link.source_place}->{link.target_place}"


class OverReplication(Fault):
    """A fault of the links over which the service replicates: all of them, or those of a direction A->B."""

    target_is: ClassVar[str] = "all, or two regions, A->B"
    needs: ClassVar[tuple[str, ...]] = (SERVICE_REPLICATION,)

    def __post_init__(self) -> None:
        super().__post_init__()
        source, _, to = self.target.partition("->")
        if self.target != ALL and (not source or not to or source == to):
            raise InputError(f"{self.kind}: the target must be `all` or two regions, A->B, not {self.target!r}")

    @property
    def aimed_at(self) -> str:
        return "`all` or a direction between two regions that the service replicates between"

    def hits(self, link: Link) -> bool:
        return replicates(link) and self.target in (ALL, way_of(link))

    def targets(self, links: Iterable[Link]) -> set[str]:
        return {way_of(link) for link in links if replicates(link)}


@dataclass(frozen=True)
class ReplicationPaused(OverReplication, LosesLinks):
    """Lose the links over which the service replicates; the application reaches both regions' databases as ever.

    target: `all`, or a direction A->B: the other one goes on.
    """

    kind: ClassVar[str] = "replication-paused"

    target: str = ALL
    mode: str = BLACK_HOLE
