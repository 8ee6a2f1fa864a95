"""Moto as a region's server: one process each, so that losing one leaves the other's data alone."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from importlib import metadata
from typing import Any

from harness import stored
from harness.errors import InputError
from harness.faults.hand import Hand
from harness.history.log import Tail
from harness.kit.address import Address
from harness.parts.regions.moto.hand import DatabaseHand
from harness.topology.environment import Spec
from harness.topology.subject import Table
from harness.wire.admin_client import AdminClient
from harness.world.part import LOOPBACK, READY_TIMEOUT_S, Blueprint, Ground, Process, StatusLine
from harness.world.regions import RegionServer, State, database_arrows
from harness.world.wires import Arrow

GROUP = "aws"
MODULE = "harness.engines.moto.server"
_USUAL = ("us-east-1", "us-west-2")
"""Regions about which botocore need not be asked: that takes longer than all else here."""


class Moto(RegionServer):
    """One region. Its commit log has every write in the order in which it took effect."""

    def __init__(self, blueprint: Blueprint, region: str) -> None:
        self.name = self.region = region
        self._blueprint = blueprint
        self._client: Any = None

    def start(self, ground: Ground) -> None:
        """Start the process."""
        self._ground = ground
        self._log = ground.folder / f"{self.region}.commits.jsonl"
        config = {"region": self.region, "listen": [LOOPBACK, 0], "commit_log": str(self._log)}
        self._process: Process = ground.spawn(GROUP, self.name, MODULE, config)

    @property
    def address(self) -> Address:
        """Where its API listens."""
        host, port = self._process.ready(READY_TIMEOUT_S)["listen"]
        return str(host), int(port)

    def endpoints(self) -> Mapping[str, Address]:
        """api: every service of the region, past every link."""
        return {"api": self.address}

    def arrows(self) -> Sequence[Arrow]:
        """From everywhere to its database."""
        return database_arrows(self._blueprint, self.region, self.address)

    def create(self, tables: Sequence[Table]) -> None:
        """See RegionServer."""
        from harness.engines.aws.clients import NewTable, create_tables

        followed = {table.name: table.model_dump(include={"key", "value"}) for table in tables}
        self._admin.post("/drill/tables", followed)
        create_tables(self._dynamodb(), [NewTable(t.name, t.key, t.key_types) for t in tables if t.create])

    def _dynamodb(self) -> Any:
        """A client past every link, made when it is first needed."""
        from harness.engines.aws.clients import RegionClients

        if self._client is None:
            self._client = RegionClients(self.region, self.address).client("dynamodb")
            self._ground.on_close(self._client.close)
        return self._client

    def hands(self) -> Sequence[Hand]:
        """On the operations that it serves, and on what is stored in it."""
        subject = self._blueprint.subject
        table = next((table for table in subject.tables if table.name == subject.written_table), None)
        return (DatabaseHand(self.region, lambda: self._admin, self._dynamodb, table),)

    def scan(self, table: Table) -> State:
        """See RegionServer."""
        from harness.engines.aws.clients import scan_values

        return scan_values(self._dynamodb(), table.name, table.key, table.value)

    def items(self, table: Table) -> Sequence[stored.Item]:
        """See RegionServer."""
        from harness.engines.aws.clients import scan_items

        return scan_items(self._dynamodb(), table.name)

    def commits(self) -> Tail:
        """See RegionServer."""
        return Tail(self._log, from_end=True)

    def reset(self) -> None:
        """Without any table."""
        self._admin.post("/drill/reset")

    @property
    def _admin(self) -> AdminClient:
        return AdminClient(self.name, self.address)

    def status(self) -> Sequence[StatusLine]:
        """Where its database is."""
        return (StatusLine(f"DynamoDB {self.region}", "{}:{}".format(*self.address), "past every link"),)

    def commands(self) -> Sequence[tuple[str, str]]:
        """How to read its tables with the AWS command line."""
        table = next((table.name for table in self._blueprint.subject.tables), None)
        what = "list-tables" if table is None else f"scan --table-name {table}"
        account = "AWS_ACCESS_KEY_ID=drill AWS_SECRET_ACCESS_KEY=drill"
        at = "http://{}:{}".format(*self.address)
        line = f"{account} AWS_ENDPOINT_URL={at} aws dynamodb {what} --region {self.region}"
        return ((f"The data of {self.region}, past every link:", line),)

    def capabilities(self) -> Mapping[str, bool | str]:
        """The commit log makes the recovery point exact."""
        if self._blueprint.subject.tables:
            return {"rpo_commit_log": True}
        return {"rpo_commit_log": "not measurable here: the subject lists no tables to compare"}

    def versions(self) -> Mapping[str, str]:
        """Of moto, its HTTP server, and the clients that set it up."""
        return {name: metadata.version(name) for name in ("moto", "cheroot", "boto3", "localstack-client")}


def build(blueprint: Blueprint, spec: Spec) -> list[Moto]:
    """One for each region that has a database. Raises InputError for a region that AWS does not have."""
    for region in blueprint.environment.databases:
        if region not in _USUAL:
            _known(region)
    return [Moto(blueprint, region) for region in blueprint.environment.databases]


def _known(region: str) -> None:
    """moto answers for the regions of AWS alone, and says of another one nothing but "internal error"."""
    import botocore.session  # while the servers' parents warm up

    session = botocore.session.get_session()
    regions = [r for partition in session.get_available_partitions()
               for r in session.get_available_regions("dynamodb", partition)]  # fmt: skip
    if region in regions:
        return
    close = difflib.get_close_matches(region, regions, 1)
    hint = f"; did you mean {close[0]}?" if close else ""
    text = f"AWS has no region {region} with DynamoDB, so that no database can be there{hint}"
    raise InputError(f"{text} (a place without `database:` uses the region of its own name)")
