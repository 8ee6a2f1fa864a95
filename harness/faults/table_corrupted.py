"""A bad deployment rewrites what is stored: many items of the application's table have other values from now on.

To take the deployment back mends nothing: its data stays as it is until somebody restores it. What it writes begins
with `harness.names.CORRUPTED` and goes on with what was there: whoever judges the drill knows what it replaced.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from harness.errors import InputError
from harness.faults.actions import CorruptItems
from harness.faults.model import Fault, Link, Plan, ProcessRef
from harness.faults.needs import TABLE_CORRUPTION
from harness.measurement.canary import Rate
from harness.names import DYNAMODB, DYNAMODB_READS, POISON_KEY

ITEMS_MAX = 1000


@dataclass(frozen=True)
class TableCorrupted(Fault):
    """Up to `items` values in the table that the clients' writes end up in, in the database of the region `target`.

    A canary looks for one more item, which the bad version makes and nobody else. A restore removes it, perhaps before
    the heal, so some of the canary's looks may find nothing.
    """

    kind: ClassVar[str] = "table-corrupted"
    modes: ClassVar[tuple[str, ...]] = ("values",)
    strikes: ClassVar[str] = DYNAMODB
    needs: ClassVar[tuple[str, ...]] = (TABLE_CORRUPTION,)

    mode: str = "values"
    items: int = 200

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 1 <= self.items <= ITEMS_MAX:
            raise InputError(f"{self.kind}: items are 1 to {ITEMS_MAX}, not {self.items}")

    def plan(self, links: Sequence[Link], processes: Sequence[ProcessRef]) -> Plan:
        watched = self.chosen(links)
        return self.planned([CorruptItems(self.target, self.items, POISON_KEY)], watched, Rate(0.0, 1.0))

    @property
    def aimed_at(self) -> str:
        return "a database's region"

    def hits(self, link: Link) -> bool:
        """The canary that looks for the item of the bad version; no link is touched."""
        return link.from_canary and link.target == self.target and link.service == DYNAMODB_READS
