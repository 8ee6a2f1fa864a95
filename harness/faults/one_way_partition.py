"""Whoever is in one place cannot reach another; the other way round all is well."""

from __future__ import annotations

from collections.abc import Sequence
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
        source, _, to = self.target.partition("->")
        leading = (link for link in links if link.source_place == source and link.target_place == to)
        hit = self.chosen(leading, links)
        return self.planned(lose(self.kind, hit, self.mode), hit)
