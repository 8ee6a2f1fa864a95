"""Whoever is in one place cannot reach another; the other way round all is well."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from harness.errors import InputError
from harness.faults.model import BLACK_HOLE, Fault, Link, Plan, ProcessRef
from harness.faults.modes import LOST, lose


@dataclass(frozen=True)
class OneWayPartition(Fault):
    """Lose every link that is dialled in the first place of the target A->B and ends in the second.

    One-way in the sense of who calls whom, as with a broken route or firewall rule: a connection needs both
    directions of packets, so those dialled from B to A keep both.
    """

    kind: ClassVar[str] = "one-way-partition"
    modes: ClassVar[tuple[str, ...]] = LOST
    target_is: ClassVar[str] = "two places, A->B"

    mode: str = BLACK_HOLE

    def __post_init__(self) -> None:
        super().__post_init__()
        source, _, to = self.target.partition("->")
        if not source or not to or source == to:
            raise InputError(f"{self.kind}: the target must be two places, A->B, not {self.target!r}")

    def plan(self, links: Sequence[Link], processes: Sequence[ProcessRef]) -> Plan:
        hit = self.chosen(links)
        return self.planned(lose(f"{self.kind}.{self.target}", hit, self.mode), hit)

    def hits(self, link: Link) -> bool:
        return self.target == _way(link)

    def targets(self, links: Iterable[Link]) -> set[str]:
        return {_way(link) for link in links if link.source_place != link.target_place}


def _way(link: Link) -> str:
    return f"{link.source_place}->{link.target_place}"
