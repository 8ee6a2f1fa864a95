"""Records appear in the application's table that it never wrote, and that whoever follows its changes cannot read.

An older release, a migration, a repair by hand: the record is stored and sound to the database, but its attributes have
types that nobody expects. What replicates must neither stop at it nor lose what comes with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from harness.errors import InputError
from harness.faults.actions import PutPoison
from harness.faults.model import Fault, Link, Plan, ProcessRef
from harness.faults.needs import POISON_RECORDS
from harness.measurement.canary import Fails
from harness.names import DYNAMODB, DYNAMODB_READS, POISON_KEY

RECORDS_MAX = 25


@dataclass(frozen=True)
class PoisonRecord(Fault):
    """`records` such records in the table that the clients' writes end up in, in the database of the region `target`.

    Each is the odd twin of an item that is there: the same attributes with other types. Healing removes them.
    """

    kind: ClassVar[str] = "poison-record"
    modes: ClassVar[tuple[str, ...]] = ("odd-types",)
    strikes: ClassVar[str] = DYNAMODB
    needs: ClassVar[tuple[str, ...]] = (POISON_RECORDS,)

    mode: str = "odd-types"
    records: int = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 1 <= self.records <= RECORDS_MAX:
            raise InputError(f"{self.kind}: records are 1 to {RECORDS_MAX}, not {self.records}")

    def plan(self, links: Sequence[Link], processes: Sequence[ProcessRef]) -> Plan:
        watched = self.chosen(links)
        keys = (POISON_KEY, *(f"{POISON_KEY}-{number}" for number in range(2, self.records + 1)))
        return self.planned([PutPoison(self.target, keys)], watched, Fails())

    @property
    def aimed_at(self) -> str:
        return "a database's region"

    def hits(self, link: Link) -> bool:
        """The canary that looks for it there, and takes its presence for a failure; no link is touched."""
        return link.from_canary and link.target == self.target and link.service == DYNAMODB_READS
