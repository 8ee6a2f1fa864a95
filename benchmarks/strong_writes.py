"""What a strongly consistent write costs: CPU time of each process that has a hand in it.

    python benchmarks/strong_writes.py [--writes 400] [--at-once 6] [--json FILE]

Two region servers with a replica each, the process of global tables between them, a witness region, and no links. Rows
as the Shopify application writes them: a webhook of 3 kB is put under a condition, then settled by an update; both
regions must hold all of them in the end. CPU time is told, and not the rate, because that is what other work on the
machine changes least. Exit code 1 where a region lacks a row.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
from baseline import machine
from rich.console import Console
from rich.table import Table

from harness.engines.aws.clients import NewTable, RegionClients, create_tables
from harness.parts.data.global_tables.part import _ANSWERED, _STRONG
from harness.processes.forkserver import ForkServer, ServerProcess, stop_all
from harness.wire.admin_client import AdminClient
from reference.shopify_app import rows
from reference.shopify_app.intake import Webhook

REGION, TABLES = "harness.engines.moto.server", "harness.parts.data.global_tables.server"
EAST, WEST, OHIO = "us-east-1", "us-west-2", "us-east-2"
INBOX = "inbox"
ACTIVE_S = 30.0


@dataclass(frozen=True)
class World:
    """processes: by what they are."""

    processes: Mapping[str, ServerProcess]
    clients: Mapping[str, Any]

    def cpu_s(self) -> dict[str, float]:
        """CPU time of each so far, this one among them."""
        pids = {name: process.pid for name, process in self.processes.items()} | {"the caller": os.getpid()}
        return {name: sum(psutil.Process(pid).cpu_times()[:2]) for name, pid in pids.items()}

    def write(self, name: str) -> None:
        """Two writes: a webhook is put, and settled."""
        webhook = Webhook(name, "orders/create", "e" * 36, "2026-11-29T11:00:00Z", os.urandom(1_500).hex().encode())
        self.clients[EAST].put_item(**rows.inbox_put(INBOX, webhook, EAST, time.time_ns() // 1_000))
        self.clients[EAST].update_item(**rows.settle(INBOX, name, rows.DONE))

    def count(self, region: str) -> int:
        """Rows that a region holds."""
        pages = self.clients[region].get_paginator("scan").paginate(TableName=INBOX)
        return sum(len(page["Items"]) for page in pages)


def stand_up(servers: ForkServer, folder: Path) -> World:
    """Two regions and what replicates between them, with one table."""
    files = {region: str(folder / f"{region}.changes") for region in (EAST, WEST)}
    regions = {
        region: servers.spawn(region, REGION, {
            "region": region, "listen": ["127.0.0.1", 0], "commit_log": str(folder / f"{region}.commits"),
            "tables": {INBOX: {"key": "id", "value": "topic"}},
        })
        for region in (EAST, WEST)
    }  # fmt: skip
    tables = servers.spawn("tables", TABLES, {
        "regions": [EAST, WEST], "witness": OHIO, "consistency": "strong", "lag_median_ns": 60_000_000,
        "lag_sigma": 0.5, "events": str(folder / "events"), "metric_period_ns": 6_000_000_000,
    })  # fmt: skip
    at, of = tables.ready(60), {region: process.ready(60) for region, process in regions.items()}
    for region in regions:
        admin = AdminClient(region, tuple(of[region]["listen"]))
        admin.post("/drill/changes", {"file": files[region]})
        calls = {f"dynamodb:{one}": at[f"api.{region}"] for one in (*_ANSWERED, *_STRONG)}
        admin.post("/drill/elsewhere", {"calls": calls})
    nodes = (EAST, WEST, OHIO)
    AdminClient("tables", tuple(at["admin"])).post("/connect", {
        "servers": {region: of[region]["inner"] for region in regions}, "changes": files,
        "peers": {f"{one}->{other}": at[f"peer.{other}"] for one in nodes for other in nodes if one != other},
    })  # fmt: skip
    clients = {region: RegionClients(region, tuple(of[region]["listen"])).client("dynamodb") for region in regions}
    create_tables(clients[EAST], [NewTable(INBOX, "id")])
    clients[EAST].update_table(
        TableName=INBOX, ReplicaUpdates=[{"Create": {"RegionName": WEST}}], MultiRegionConsistency="STRONG",
        GlobalTableWitnessUpdates=[{"Create": {"RegionName": OHIO}}],
    )  # fmt: skip
    until = time.monotonic() + ACTIVE_S
    while [one["ReplicaStatus"] for one in _replicas(clients[EAST])] != ["ACTIVE"]:
        if time.monotonic() > until:
            raise SystemExit("the replica did not become active")
        time.sleep(0.05)
    return World({f"region {EAST}": regions[EAST], f"region {WEST}": regions[WEST], "global tables": tables}, clients)


def _replicas(client: Any) -> Sequence[Mapping[str, Any]]:
    found: Sequence[Mapping[str, Any]] = client.describe_table(TableName=INBOX)["Table"].get("Replicas", [])
    return found


def main() -> int:
    """See the module."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--writes", type=int, default=400)
    parser.add_argument("--at-once", type=int, default=6)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    names = [f"webhook-{number}" for number in range(given.writes // 2)]
    with tempfile.TemporaryDirectory() as folder, ForkServer([REGION, TABLES], Path(folder)) as servers:
        world = stand_up(servers, Path(folder))
        with ThreadPoolExecutor(given.at_once) as threads:
            list(threads.map(world.write, [f"warm-{number}" for number in range(20)]))
            before, began = world.cpu_s(), time.monotonic()
            list(threads.map(world.write, names))
            took_s, after = time.monotonic() - began, world.cpu_s()
        cost_ms = {name: 1e3 * (after[name] - before[name]) / (2 * len(names)) for name in after}
        held = {region: world.count(region) for region in (EAST, WEST)}
        stop_all(list(world.processes.values()))
    table = Table("process", "CPU ms a write")
    for name, ms in {**cost_ms, "together": sum(cost_ms.values())}.items():
        table.add_row(name, f"{ms:.2f}")
    console = Console(width=120)
    console.print(machine())
    console.print(table)
    console.print(f"{2 * len(names)} writes in {took_s:.1f} s; rows held: {held}")
    if given.json:
        told = {"machine": machine(), "cpu_ms_a_write": cost_ms, "writes": 2 * len(names), "took_s": took_s}
        given.json.write_text(json.dumps(told, indent=2), encoding="utf-8")
    return 0 if set(held.values()) == {len(names) + 20} else 1


if __name__ == "__main__":
    sys.exit(main())
