"""Shelves: one process for each region, which keeps no order of commits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from harness.parts.regions.shelf.spec import Shelf as Spec

from harness.engines.aws.clients import NewTable, RegionClients, create_tables, scan_values
from harness.kit.address import Address
from harness.topology.subject import Table
from harness.wire.admin_client import AdminClient
from harness.world.part import LOOPBACK, Blueprint, Ground, StatusLine
from harness.world.process import READY_TIMEOUT_S
from harness.world.regions import RegionServer, State, database_arrows
from harness.world.wires import Arrow


class Shelf(RegionServer):
    """One region."""

    def __init__(self, blueprint: Blueprint, spec: Spec, region: str) -> None:
        self.name = self.region = region
        self._blueprint = blueprint
        self._spec = spec
        self._client: Any = None

    def start(self, ground: Ground) -> None:
        config = {"region": self.region, "listen": [LOOPBACK, 0]}
        self._process = ground.spawn("aws", self.name, "harness.engines.moto.server", config)

    def endpoints(self) -> Mapping[str, Address]:
        host, port = self._process.ready(READY_TIMEOUT_S)["listen"]
        return {"api": (host, port)}

    def arrows(self) -> Sequence[Arrow]:
        return database_arrows(self._blueprint, self.region, self.endpoints()["api"])

    def create(self, tables: Sequence[Table]) -> None:
        self._client = RegionClients(self.region, self.endpoints()["api"]).client("dynamodb")
        create_tables(self._client, [NewTable(table.name, table.key) for table in tables if table.create])

    def scan(self, table: Table) -> State:
        return scan_values(self._client, table.name, table.key, table.value)

    def reset(self) -> None:
        AdminClient(self.name, self.endpoints()["api"]).post("/drill/reset")

    def status(self) -> Sequence[StatusLine]:
        return (StatusLine(f"{self._spec.label} {self.region}", "{}:{}".format(*self.endpoints()["api"])),)

    def capabilities(self) -> Mapping[str, bool | str]:
        return {"rpo_commit_log": "not measurable here: a shelf keeps no order of commits, so scans bound what is lost"}

    def versions(self) -> Mapping[str, str]:
        return {"shelf": "1.0"}


def build(blueprint: Blueprint, spec: Spec) -> list[Shelf]:
    """One for each region that has a database."""
    return [Shelf(blueprint, spec, region) for region in blueprint.environment.databases]
