"""Global tables as a part of the world: one process with a node in each region, and a link from each to the others.

The subject's tables become global by the real call, `update_table(ReplicaUpdates=...)`, before each drill. Region
servers that keep no order of their changes cannot carry it, and it says so.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from itertools import permutations
from pathlib import Path
from typing import Any

from harness.errors import WorldError
from harness.faults.model import Link
from harness.faults.needs import EVENTUAL_TABLES, SERVICE_REPLICATION, STRONG_TABLES
from harness.kit.address import Address, join_address
from harness.names import CANARY, DYNAMODB, GLOBAL_TABLES, instance_name
from harness.parts.data.global_tables.config import path_name
from harness.parts.data.global_tables.spec import GlobalTables
from harness.topology.subject import Table
from harness.units import to_ns
from harness.wire.admin_client import AdminClient
from harness.world.part import Blueprint, Ground, Net, Part, StatusLine
from harness.world.process import Process, listening
from harness.world.regions import RegionServer
from harness.world.wires import Arrow

GROUP = "net"
MODULE = "harness.parts.data.global_tables.server"
_METRIC_PERIOD_S = 60.0
"""CloudWatch's (Developer Guide, "DynamoDB metrics and dimensions"); scaled by the profile."""
_ANSWERED = ("UpdateTable", "DescribeTable", "CreateTable", "DeleteTable", "UpdateTimeToLive")
_STRONG = (
    "PutItem", "UpdateItem", "DeleteItem", "GetItem", "Query", "Scan", "BatchGetItem", "BatchWriteItem",
    "TransactWriteItems", "TransactGetItems",
)  # fmt: skip
"""Beside those, with strong consistency."""
_ACTIVE_S = 20.0
"""How long a replica may take until it is active."""


class Replication(Part):
    """The service."""

    name = GLOBAL_TABLES

    def __init__(self, blueprint: Blueprint, spec: GlobalTables) -> None:
        self._blueprint, self._spec = blueprint, spec
        self._regions = blueprint.environment.databases
        self._why_not = ""
        self._net: Net | None = None

    @property
    def _nodes(self) -> tuple[str, ...]:
        return (*self._regions, *filter(None, (self._spec.witness,)))

    def start(self, ground: Ground) -> None:
        """Start the process; it waits until it is told where everybody is."""
        self._events = ground.folder / f"{GLOBAL_TABLES}.events.jsonl"
        timing = self._blueprint.timing
        config = {
            "regions": list(self._regions),
            "witness": self._spec.witness,
            "consistency": self._spec.consistency,
            "lag_median_ns": to_ns(timing.interval_s(self._spec.lag_median_s)),
            "lag_sigma": self._spec.lag_sigma,
            "skew_ns": {region: skew_ms * 1_000_000 for region, skew_ms in self._spec.skew_ms.items()},
            "seed": self._blueprint.seed,
            "events": str(self._events),
            "metric_period_ns": to_ns(timing.interval_s(_METRIC_PERIOD_S)),
        }
        self._process: Process = ground.spawn(GROUP, self.name, MODULE, config)

    def endpoints(self) -> Mapping[str, Address]:
        """admin, and of each region api.REGION (calls of its API) and peer.REGION (what other regions dial)."""
        return listening(self.name, self._process)

    def arrows(self) -> Sequence[Arrow]:
        """From each region to each other one, with a canary beside each."""
        return list(self._arrows())

    def _arrows(self) -> Iterator[Arrow]:
        endpoints = self.endpoints()
        for one, other in permutations(self._nodes, 2):
            upstream = endpoints[f"peer.{other}"]
            yield Arrow(Link(instance_name(GLOBAL_TABLES, one), one, other, other, DYNAMODB, home=one), upstream)
            source = instance_name(CANARY, instance_name(GLOBAL_TABLES, one))
            watched = Link(source, one, other, other, DYNAMODB, home=one, from_canary=True)
            yield Arrow(watched, upstream, probe={"kind": "http", "path": "/", "host": join_address(upstream)})

    def connect(self, net: Net) -> None:
        """Take the calls of every region, or say why that cannot be."""
        self._net = net
        servers = {server.region: server for server in net.of(RegionServer)}
        endpoints = self.endpoints()
        changes: dict[str, Path] = {}
        for region in self._regions:
            file = servers[region].changes()
            address = endpoints[f"api.{region}"]
            answered = (*_ANSWERED, *_STRONG) if self._spec.consistency == "strong" else _ANSWERED
            calls = {f"{DYNAMODB}:{operation}": address for operation in answered}
            if file is None or not servers[region].answer_elsewhere(calls):
                kind = self._blueprint.environment.region_servers.kind or "this region server"
                self._why_not = f"not measurable here: {kind} keeps no order of changes, on which global tables stand"
                return
            changes[region] = file
        links = {arrow.link.name: arrow for arrow in net.arrows}
        peers = {
            path_name(one, other): net.at(
                links[Link(instance_name(GLOBAL_TABLES, one), one, other, other, DYNAMODB).name]
            )
            for one, other in permutations(self._nodes, 2)
        }
        addresses = {
            region: net.endpoint(servers[region].name, "inner") or net.endpoint(servers[region].name, "api")
            for region in self._regions
        }
        body: dict[str, Any] = {
            "servers": {region: list(address) for region, address in addresses.items() if address is not None},
            "changes": {region: str(file) for region, file in changes.items()},
            "peers": {path: list(address) for path, address in peers.items()},
        }
        self._admin.post("/connect", body)

    def tables_made(self, tables: Sequence[Table]) -> None:
        """Make the replicas of the first region's tables, by the API. Raises WorldError."""
        if self._why_not:
            return
        from harness.engines.aws.clients import RegionClients, delete_tables, told

        named = self._spec.tables
        wanted = [table.name for table in tables if table.create and (named is None or table.name in named)]
        first, *others = self._regions
        for region in others:
            client = RegionClients(region, self._api(region)).client(DYNAMODB)
            delete_tables(client, wanted)
            client.close()
        client = RegionClients(first, self._api(first)).client(DYNAMODB)
        for table in wanted:
            told(f"table {table} got no replicas", lambda table=table: client.update_table(**self._update(table)))  # type: ignore[misc]
            self._await_active(client, table)
        client.close()

    def _update(self, table: str) -> dict[str, Any]:
        body: dict[str, Any] = {"TableName": table}
        body["ReplicaUpdates"] = [{"Create": {"RegionName": region}} for region in self._regions[1:]]
        if self._spec.consistency == "strong":
            body["MultiRegionConsistency"] = "STRONG"
        if self._spec.witness:
            body["GlobalTableWitnessUpdates"] = [{"Create": {"RegionName": self._spec.witness}}]
        return body

    def _await_active(self, client: Any, table: str) -> None:
        until = time.monotonic() + _ACTIVE_S
        while True:
            replicas = client.describe_table(TableName=table)["Table"].get("Replicas", [])
            if replicas and all(one["ReplicaStatus"] == "ACTIVE" for one in replicas):
                return
            if time.monotonic() > until:
                raise WorldError(f"the replicas of {table} are not active after {_ACTIVE_S:.0f} s: {replicas}")
            time.sleep(0.02)

    def _api(self, region: str) -> Address:
        """The region's server, past every link."""
        assert self._net is not None
        found = self._net.endpoint(region, "api")
        if found is None:
            raise WorldError(f"nobody answers for {region}")
        return found

    def reset(self) -> None:
        """No table is global."""
        if not self._why_not:
            self._admin.post("/reset")

    @property
    def _admin(self) -> AdminClient:
        return AdminClient(self.name, self.endpoints()["admin"])

    def events(self) -> Sequence[Path]:
        """What replication told of itself."""
        return (self._events,)

    def status(self) -> Sequence[StatusLine]:
        """How much waits, by path."""
        address = join_address(self.endpoints()["admin"])
        return (StatusLine("global tables", address, self._spec.consistency, live=f"http://{address}/lines"),)

    def capabilities(self) -> Mapping[str, bool | str]:
        """Whether the region servers can carry it, and which of the two kinds it is."""
        have, other = EVENTUAL_TABLES, STRONG_TABLES
        if self._spec.consistency == "strong":
            have, other = other, have
        other_kind = f"not measurable here: these global tables have {self._spec.consistency} consistency"
        return {SERVICE_REPLICATION: self._why_not or True, have: self._why_not or True, other: other_kind}


def build(blueprint: Blueprint, spec: GlobalTables) -> list[Replication]:
    """One for the whole world."""
    return [Replication(blueprint, spec)]
