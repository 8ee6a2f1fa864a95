"""A region whose server exists already: used as it is, and left as it was found.

Only the subject's tables are touched. One that is there is used, must be empty, and is emptied again; one that is not
there is made, where that is allowed, and deleted again.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from contextlib import suppress

from harness.engines.aws.borrowed import handle_of, has_ended, tidy
from harness.engines.aws.calls import DYNAMODB, CallRefused, call, not_dynamodb
from harness.errors import InputError, WorldError
from harness.kit.address import Address, join_address
from harness.stored import key_attributes
from harness.topology.subject import Table
from harness.wire.ask import takes_connections
from harness.world.answering import PATIENCE_S, Answering
from harness.world.api_region import ApiRegion
from harness.world.part import Blueprint, Ground, StatusLine

_LOG = logging.getLogger(__name__)


class BorrowedRegion(ApiRegion):
    """One region's address. Subclasses say where it is, and may look closer before it is used.

    kind: of the part, whose `healing` tidies up after a killed harness; setting: where the address is said, for texts;
    may_create: whether the subject's tables may be made; made_by_subject: further tables, which the subject makes for
    itself.
    """

    kind: str
    setting: str
    may_create: bool = False
    made_by_subject: Sequence[str] = ()

    def __init__(self, blueprint: Blueprint, region: str, address: Address) -> None:
        super().__init__(blueprint, region)
        self._address = address
        self._answering = Answering(self._ask)

    @property
    def address(self) -> Address:
        """See ApiRegion."""
        return self._address

    def wrong(self) -> str | None:
        """Why it cannot be used, in words; None: it can."""
        return not_dynamodb(self._address, self.region)

    def start(self, ground: Ground) -> None:
        """Nothing is started. Raises InputError when it is no DynamoDB, or has tables that a drill would mix up with
        its own; before anything is changed."""
        super().start(ground)
        wrong = self.wrong()
        if wrong is not None:
            raise InputError(f"{self.setting}: {wrong}")
        self._found, tables = self._there(), self._blueprint.subject.tables
        there = self._found
        problems = [self._missing(table) for table in tables if table.name not in there and not self._may_make(table)]
        problems += [self._full(t.name) for t in tables if t.name in there and self._holds_items(t.name)]
        problems += [self._left_over(name) for name in self.made_by_subject if name in there]
        if problems:
            raise InputError(*problems)
        made = [table.name for table in tables if table.name not in there]
        used = {table.name: key_attributes(table.key) for table in tables if table.name in there}
        delete = dict.fromkeys((*made, *self.made_by_subject))
        self._handle = handle_of(self.region, self._address, list(delete), used)
        ground.outlives(f"tables at {join_address(self._address)}", "region_servers", self.kind, self._handle)
        ground.on_close(self._leave)

    def _may_make(self, table: Table) -> bool:
        return (self.may_create and table.create) or table.name in self.made_by_subject

    def create(self, tables: Sequence[Table]) -> None:
        """See RegionServer. Only what is missing."""
        there = self._there()
        super().create([table for table in tables if table.name not in there])

    def reset(self) -> None:
        """As it was found: without the tables that were made, and without items in those that were there."""
        self._leave()

    def _leave(self) -> None:
        if (ended := has_ended(self._handle)) is not None:
            _LOG.warning("%s", ended)  # that is no second failure: the drill has ended for it
            return
        if (silent := self._answering.found) is not None:
            at = join_address(self._address)
            raise WorldError(
                f"{at} answers nothing ({silent}), so its tables were left; `drill heal` tidies up once it answers"
            )
        tidy(self.dynamodb(), json.loads(self._handle["tables"]), self._handle["address"])

    def gone(self) -> str | None:
        """See Part."""
        at = join_address(self._address)
        who = f"the server of {self.region} at {at}, which was not started here,"
        if not takes_connections(self._address):
            return f"{who} takes no connections any more"
        if (silent := self._answering.silent()) is not None:
            return f"{who} takes connections, and answers nothing: {silent} after {PATIENCE_S:g} s"
        return None

    def _ask(self, timeout_s: float) -> None:
        with suppress(CallRefused):  # that is an answer
            call(self._address, self.region, DYNAMODB, "ListTables", {}, timeout_s)

    def _there(self) -> frozenset[str]:
        from harness.engines.aws.clients import table_names

        return frozenset(table_names(self.dynamodb()))

    def _holds_items(self, name: str) -> bool:
        from harness.engines.aws.clients import holds_items

        return holds_items(self.dynamodb(), name)

    def _missing(self, table: Table) -> str:
        say = "make it, or say `create_tables: true`" if table.create else "make it, or name it in `subject_tables`"
        return f"{self.setting}: there is no table {table.name} at {join_address(self._address)}: {say}"

    def _full(self, name: str) -> str:
        at = join_address(self._address)
        return (
            f"{self.setting}: the table {name} at {at} holds items, which a drill would take for its own and delete: "
            "empty it, or let the subject use another one"
        )

    def _left_over(self, name: str) -> str:
        at = join_address(self._address)
        return (
            f"{self.setting}: the table {name} at {at} is there already, and a drill begins without it: delete it, or "
            "take it out of `subject_tables`"
        )

    def status(self) -> Sequence[StatusLine]:
        """Where its database is, and that it is not ours."""
        return (StatusLine(f"DynamoDB {self.region}", join_address(self._address), "not started here"),)
