"""Backups as a part of the world: one process answers, for every region, the calls on backups, restores and exports.

It knows what each table held at any moment by the order of changes that the region's server keeps; one that keeps none
cannot carry it, and it says so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from harness.kit.address import Address
from harness.names import DYNAMODB
from harness.parts.data.backups.calls import CALLS
from harness.parts.data.backups.spec import Backups
from harness.units import to_ns
from harness.wire.admin_client import AdminClient
from harness.world.part import Blueprint, Ground, Net, Part, StatusLine
from harness.world.process import Process, listening
from harness.world.regions import RegionServer

GROUP = "net"
MODULE = "harness.parts.data.backups.server"
NEED = "backups"


class Recovery(Part):
    """The service."""

    name = "backups"

    def __init__(self, blueprint: Blueprint, spec: Backups) -> None:
        self._blueprint, self._spec = blueprint, spec
        self._why_not = ""

    def start(self, ground: Ground) -> None:
        """Start the process; it waits until it is told where everybody is."""
        interval_s = self._blueprint.timing.interval_s
        spec = self._spec
        durations = {
            "latest_restorable_ns": spec.latest_restorable_s, "restore_ns": spec.restore_s, "backup_ns": spec.backup_s,
            "export_ns": spec.export_s, "import_ns": spec.import_s,
        }  # fmt: skip
        config = {
            "regions": list(self._blueprint.environment.databases),
            "durations": {name: to_ns(interval_s(seconds)) for name, seconds in durations.items()},
        }
        self._process: Process = ground.spawn(GROUP, self.name, MODULE, config)

    def endpoints(self) -> Mapping[str, Address]:
        """admin, and api.REGION for each region."""
        return listening(self.name, self._process)

    def connect(self, net: Net) -> None:
        """Take the calls of every region, or say why that cannot be."""
        servers = {server.region: server for server in net.of(RegionServer)}
        endpoints = self.endpoints()
        # Where replication is a part of its own, it says what tables are like; else it is told here what is restored.
        replicated = self._blueprint.environment.replication.kind is not None
        operations = (*CALLS, *(() if replicated else ("DescribeTable",)))
        changes, addresses = {}, {}
        for region in self._blueprint.environment.databases:
            server = servers[region]
            file, address = server.changes(), net.endpoint(server.name, "api")
            calls = {f"{DYNAMODB}:{operation}": endpoints[f"api.{region}"] for operation in operations}
            if file is None or address is None or not server.answer_elsewhere(calls):
                kind = self._blueprint.environment.region_servers.kind or "this region server"
                self._why_not = f"not measurable here: {kind} keeps no order of changes, so nothing can be restored"
                return
            changes[region], addresses[region] = str(file), list(address)
        self._admin().post("/connect", {"servers": addresses, "changes": changes})

    def _admin(self) -> AdminClient:
        return AdminClient(self.name, self.endpoints()["admin"])

    def reset(self) -> None:
        """Without backups, and without point-in-time recovery of any table."""
        if not self._why_not:
            self._admin().post("/reset")

    def capabilities(self) -> Mapping[str, bool | str]:
        """Whether tables can be restored."""
        return {NEED: self._why_not or True}

    def status(self) -> Sequence[StatusLine]:
        """Where it can be asked how far restores are."""
        host, port = self.endpoints()["admin"]
        return (StatusLine("backups", f"http://{host}:{port}/status", self._why_not or "restores, exports, imports"),)


def build(blueprint: Blueprint, spec: Backups) -> list[Part]:
    """One for the world."""
    return [Recovery(blueprint, spec)]
