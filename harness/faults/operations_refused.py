"""A database does half of its work: it refuses operations of one kind, and serves all the others.

A table without write capacity left, a key that may no longer be used, a leader that cannot be elected: reads go on,
so whoever only reads to see whether the database lives sees nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from harness.errors import InputError
from harness.faults.actions import RefuseOperations
from harness.faults.model import Fault, Link, Plan, ProcessRef
from harness.faults.needs import REFUSED_OPERATIONS
from harness.measurement.canary import Fails
from harness.names import DYNAMODB, DYNAMODB_READS, DYNAMODB_WRITES

KINDS = {
    "writes": (DYNAMODB_WRITES, ("PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "TransactWriteItems")),
    "reads": (DYNAMODB_READS, ("GetItem", "BatchGetItem", "TransactGetItems", "Query", "Scan")),
}
"""By kind: the canary's service, and the operations. Statements (PartiQL) are of the kind that they say."""
ERRORS = {
    "error": "InternalServerError",
    "throttle": "ProvisionedThroughputExceededException",
    "deny": "AccessDeniedException",
}


@dataclass(frozen=True)
class OperationsRefused(Fault):
    """The database of the region `target` answers operations of one kind with an error, whoever asks.

    error: 500 InternalServerError; throttle: 400 ProvisionedThroughputExceededException, which clients try again;
    deny: 400 AccessDeniedException, which they do not. operations: writes or reads, those of streams left out.
    """

    kind: ClassVar[str] = "operations-refused"
    modes: ClassVar[tuple[str, ...]] = tuple(ERRORS)
    strikes: ClassVar[str] = DYNAMODB
    needs: ClassVar[tuple[str, ...]] = (REFUSED_OPERATIONS,)

    mode: str = "error"
    operations: str = "writes"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.operations not in KINDS:
            raise InputError(f"{self.kind}: operations are {' or '.join(KINDS)}, not {self.operations!r}")

    def plan(self, links: Sequence[Link], processes: Sequence[ProcessRef]) -> Plan:
        watched = self.chosen(links)
        name = f"{self.kind}.{self.target}.{self.operations}"
        refuse = RefuseOperations(self.target, name, KINDS[self.operations][1], ERRORS[self.mode])
        return self.planned([refuse], watched, Fails())

    @property
    def aimed_at(self) -> str:
        return "a database's region"

    def hits(self, link: Link) -> bool:
        """The canary that tries such operations there; the fault itself touches no link."""
        return link.from_canary and link.target == self.target and link.service == KINDS[self.operations][0]
