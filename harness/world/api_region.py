"""A region of which nothing but DynamoDB's API is known: what can be done through that alone.

A part that brings such a server says how it is started and where it listens; the rest is here. There is no log of what
was committed in which order, so the recovery point comes from the order in the tables' streams, where those tell it, or
from scans; and nobody can make it refuse some operations.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from harness.errors import WorldError
from harness.faults.hand import Hand
from harness.faults.needs import POISON_RECORDS, POWER_CYCLE, REFUSED_OPERATIONS, TABLE_CORRUPTION, TABLE_DELETION
from harness.kit.address import Address, join_address
from harness.stored import Item
from harness.topology.subject import Table
from harness.world.corruption import CorruptionHand, corruptible
from harness.world.deletion import DeletionHand
from harness.world.part import Blueprint, Ground, StatusLine
from harness.world.poison import PoisonHand
from harness.world.regions import CommitFeed, RegionServer, State, database_arrows
from harness.world.wires import Arrow

if TYPE_CHECKING:
    from harness.engines.aws.stream_feed import StreamFeed

_NO_TABLES = "not measurable here: the subject lists no tables to compare"


class ApiRegion(RegionServer):
    """One region. called: what people call its server, for texts; keeps_data: over a restart of its process;
    ordered_streams: whether the streams of its tables tell every change at once and in order."""

    called: str = "this server"
    keeps_data: bool = False
    ordered_streams: bool = False

    def __init__(self, blueprint: Blueprint, region: str) -> None:
        self.name = self.region = region
        self._blueprint = blueprint
        self._ground: Ground | None = None
        self._clients: dict[str, Any] = {}
        self._feed: StreamFeed | None = None

    def start(self, ground: Ground) -> None:
        """Whoever starts something does it here as well."""
        self._ground = ground

    @property
    def address(self) -> Address:
        """Where its API listens, past every link."""
        raise NotImplementedError

    def endpoints(self) -> Mapping[str, Address]:
        """api: every service of the region, past every link."""
        return {"api": self.address}

    def arrows(self) -> Sequence[Arrow]:
        """From everywhere to its database."""
        return database_arrows(self._blueprint, self.region, self.address)

    def create(self, tables: Sequence[Table]) -> None:
        """See RegionServer. The tables are empty now, whatever their streams tell."""
        from harness.engines.aws.clients import NewTable, create_tables

        create_tables(self.dynamodb(), [NewTable(t.name, t.key, t.key_types) for t in tables if t.create])
        if self._feed is not None:
            self._feed.begin_here()

    def scan(self, table: Table) -> State:
        """See RegionServer. A table that is not there, any more or yet, holds nothing."""
        from harness.engines.aws.clients import scan_values

        try:
            return scan_values(self.dynamodb(), table.name, table.key, table.value)
        except WorldError as error:
            if isinstance(error.__cause__, self.dynamodb().exceptions.ResourceNotFoundException):
                return {}
            raise

    def glance(self, table: Table, items_max: int) -> State | None:
        """See RegionServer. Not read to its end where it is larger."""
        from harness.engines.aws.clients import scan_values

        return scan_values(self.dynamodb(), table.name, table.key, table.value, items_max)

    def items(self, table: Table) -> Sequence[Item]:
        """See RegionServer."""
        from harness.engines.aws.clients import scan_items

        return scan_items(self.dynamodb(), table.name)

    def commits(self) -> CommitFeed | None:
        """See RegionServer."""
        if not self.ordered_streams:
            return None
        from harness.engines.aws.stream_feed import Followed, StreamFeed

        if self._feed is not None:
            self._feed.close()
        elif self._ground is not None:
            self._ground.on_close(self._unfollow)
        tables = [Followed(table.name, table.key, table.value) for table in self._blueprint.subject.tables]
        self._feed = StreamFeed(self.region, lambda: self.address, tables).start()
        return self._feed

    def _unfollow(self) -> None:
        if self._feed is not None:
            self._feed.close()

    def reset(self) -> None:
        """Without any table, also those that the subject made."""
        from harness.engines.aws.clients import delete_tables

        delete_tables(self.dynamodb())

    def dynamodb(self) -> Any:
        """A client past every link, made when it is first needed."""
        return self.client("dynamodb")

    def client(self, service: str) -> Any:
        """The same of any service of the region."""
        from harness.engines.aws.clients import RegionClients

        if service not in self._clients:
            self._clients[service] = RegionClients(self.region, self.address).client(service)
            if self._ground is not None:
                self._ground.on_close(self._clients[service].close)
        return self._clients[service]

    def hands(self) -> Sequence[Hand]:
        """On what is stored in it."""
        table = self._blueprint.subject.judged_table
        return (
            PoisonHand(self.region, self.dynamodb, table),
            CorruptionHand(self.region, self.dynamodb, table),
            DeletionHand(self.region, self.dynamodb),
        )

    def status(self) -> Sequence[StatusLine]:
        """Where its database is."""
        return (StatusLine(f"DynamoDB {self.region}", join_address(self.address), "past every link"),)

    def commands(self) -> Sequence[tuple[str, str]]:
        """How to read its tables with the AWS command line."""
        table = next((table.name for table in self._blueprint.subject.tables), None)
        what = "list-tables" if table is None else f"scan --table-name {table}"
        account = "AWS_ACCESS_KEY_ID=drill AWS_SECRET_ACCESS_KEY=drill"
        at = f"http://{join_address(self.address)}"
        line = f"{account} AWS_ENDPOINT_URL={at} aws dynamodb {what} --region {self.region}"
        return ((f"The data of {self.region}, past every link:", line),)

    def capabilities(self) -> Mapping[str, bool | str]:
        """What the API alone allows."""
        here = "not measurable here:"
        no_log = f"{here} {self.called} tells no order of commits, so scans bound what is lost"
        streams = f"{here} {self.called} keeps no log of commits; the order in its tables' streams stands in for it"
        no_refusal = f"{here} {self.called} cannot be made to refuse some operations and serve the others"
        no_cycle = f"{here} {self.called} is not switched off and on again with its data kept"
        tables, written = bool(self._blueprint.subject.tables), self._blueprint.subject.judged_table is not None
        no_table = f"{here} the subject lists no table that a record could be put into"
        return {
            "rpo_commit_log": _NO_TABLES if not tables else streams if self.ordered_streams else no_log,
            REFUSED_OPERATIONS: no_refusal,
            POISON_RECORDS: True if written else no_table,
            TABLE_CORRUPTION: corruptible(self._blueprint.subject.judged_table) if written else no_table,
            TABLE_DELETION: f"{here} nobody can tell the order of changes over a deletion of tables with {self.called}",
            POWER_CYCLE: True if self.keeps_data else no_cycle,
        }
