"""The reference's replication by Lambda between two real regions: deployed, beaten for, given up to a queue,
redriven."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.engines.aws.clients import NewTable, RegionClients, create_tables
from harness.processes.forkserver import ForkServer, stop_all
from harness.wire.admin_client import AdminClient

pytestmark = [pytest.mark.live, pytest.mark.beside]

REGION_MODULE = "harness.engines.moto.server"
FUNCTIONS_MODULE = "harness.parts.data.event_sources.server"
GATEWAY_MODULE = "harness.parts.edge.gateway.server"
EAST, WEST = "us-east-1", "us-west-2"
RUN = Path(__file__).parents[2] / "reference" / "run.py"
BEAT = "replication-heartbeat."


class Bench:
    """Two regions with functions, a gateway for all who call, and a keeper in the east."""

    def __init__(self, servers: ForkServer, folder: Path) -> None:
        self.folder = folder
        spawned = [servers.spawn(r, REGION_MODULE, {"region": r, "listen": ["127.0.0.1", 0]}) for r in (EAST, WEST)]
        self.processes = list(spawned)
        self.addresses = {r: one.ready(60)["listen"] for r, one in zip((EAST, WEST), spawned, strict=True)}
        routes = {region: {"*": address} for region, address in self.addresses.items()}
        gateway = servers.spawn("gateway", GATEWAY_MODULE, {
            "admin": ["127.0.0.1", 0],
            "listeners": [{"instance": "all", "region": EAST, "listen": ["127.0.0.1", 0], "routes": routes}],
        })  # fmt: skip
        self.processes.append(gateway)
        self.gateway = gateway.ready(60)["listeners"]["all"]
        for region in (EAST, WEST):
            config = {
                "region": region, "folder": str(folder / region), "logs": str(folder / "logs"), "scale": 0.1,
                "events": str(folder / f"{region}.jsonl"), "repeated": 0.2,
            }  # fmt: skip
            functions = servers.spawn(f"functions.{region}", FUNCTIONS_MODULE, config)
            self.processes.append(functions)
            api = functions.ready(60)["api"]
            AdminClient("functions", api).post(
                "/drill/links", {"region": self.addresses[region], "functions": self.gateway}
            )
            region_admin = AdminClient(region, self.addresses[region])
            region_admin.post("/drill/elsewhere", {"calls": {"lambda:*": api}})
        self.db = {r: RegionClients(r, tuple(a)).client("dynamodb") for r, a in self.addresses.items()}
        self.sqs = RegionClients(EAST, tuple(self.addresses[EAST])).client("sqs")
        for client in self.db.values():
            create_tables(client, [NewTable("items", "id"), NewTable("app-health-status", "region_status")])
        self.started: list[subprocess.Popen[bytes]] = []

    def env(self, region: str) -> dict[str, str]:
        host, port = self.gateway
        return {
            "PATH": os.environ["PATH"], "AWS_ENDPOINT_URL": f"http://{host}:{port}", "AWS_REGION": region,
            "AWS_DEFAULT_REGION": region, "AWS_ACCESS_KEY_ID": "drill", "AWS_SECRET_ACCESS_KEY": "drill",
            "TIME_SCALE": "0.1", "PYTHONUNBUFFERED": "1",
        }  # fmt: skip

    def keep(self, region: str) -> None:
        with (self.folder / f"keeper.{region}.log").open("wb") as log:
            command = [sys.executable, str(RUN), "replication_lambda"]
            self.started.append(subprocess.Popen(command, env=self.env(region), stdout=log, stderr=log))

    def command(self, *words: str) -> int:
        command = [sys.executable, str(RUN), "replication_lambda", *words]
        return subprocess.run(command, env=self.env(EAST), timeout=60, check=False).returncode

    def write(self, key: str, value: str, seq: int, epoch: int = 1, region: str = EAST) -> None:
        item = {
            "id": {"S": key}, "value": {"S": value}, "epoch": {"N": str(epoch)}, "seq": {"N": str(seq)},
            "origin": {"S": region},
        }  # fmt: skip
        self.db[region].put_item(TableName="items", Item=item)

    def items(self, region: str, *, beats: bool = False) -> dict[str, Any]:
        found = self.db[region].scan(TableName="items", ConsistentRead=True)["Items"]
        return {item["id"]["S"]: item for item in found if beats or not item["id"]["S"].startswith(BEAT)}

    def status(self, region: str) -> dict[str, Any]:
        key = {"region_status": {"S": "replication"}}
        found = self.db[region].get_item(TableName="app-health-status", Key=key, ConsistentRead=True)
        return dict(found.get("Item", {}))

    def mark(self, region: str, **marks: int) -> None:
        item = {"region_status": {"S": region}, **{name: {"N": str(number)} for name, number in marks.items()}}
        self.db[region].put_item(TableName="app-health-status", Item=item)

    def logs(self) -> str:
        return "\n".join(path.read_text(encoding="utf-8") for path in self.folder.rglob("*.log"))

    def close(self) -> None:
        for process in self.started:
            process.terminate()
            process.wait(10)
        for client in (*self.db.values(), self.sqs):
            client.close()
        stop_all(self.processes)


def wait(condition: Callable[[], object], timeout_s: float = 30.0) -> None:
    until = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < until, "not in time"
        time.sleep(0.05)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with ForkServer([REGION_MODULE, FUNCTIONS_MODULE, GATEWAY_MODULE], tmp_path / "servers") as servers:
        bench = Bench(servers, tmp_path)
        yield bench
        bench.close()


def test_changes_arrive_by_version_whatever_comes_again_and_the_status_says_when(bench: Bench) -> None:
    bench.write("before", "there was no stream to read yet", 1)
    bench.keep(EAST)
    bench.keep(WEST)
    for number in range(30):
        bench.write("a", f"v{number}", number + 1)
        bench.write(f"k{number}", "x", 1)
    wait(lambda: bench.items(EAST) == bench.items(WEST))
    assert bench.items(WEST)["a"]["value"] == {"S": "v29"}
    wait(lambda: bench.status(WEST).get("caught_up", {}).get("BOOL"))
    bench.write("back", "from the other side", 1, epoch=2, region=WEST)
    wait(lambda: "back" in bench.items(EAST))
    bench.mark(EAST, drain_token=7)
    wait(lambda: bench.status(WEST)["drained_token"] == {"N": "7"})
    wait(lambda: bench.items(EAST, beats=True).keys() == bench.items(WEST, beats=True).keys())
    assert "not applied" not in bench.logs()


def test_poison_goes_to_the_queue_and_a_redrive_empties_it(bench: Bench) -> None:
    bench.keep(EAST)
    wait(lambda: bench.status(WEST))
    bench.db[EAST].put_item(
        TableName="items",
        Item={"id": {"S": "bad"}, "epoch": {"S": "no number"}, "seq": {"N": "1"}, "data": {"B": b"\x00\xff"}},
    )
    bench.write("good", "behind it", 1)
    wait(lambda: "good" in bench.items(WEST))
    wait(lambda: bench.status(WEST)["parked"] == {"N": "1"})
    parked = bench.db[WEST].scan(TableName="items-parked")["Items"]
    if not parked:  # the keeper has not come to it yet
        assert bench.command("redrive") == 0
    url = bench.sqs.get_queue_url(QueueName="replication-given-up")["QueueUrl"]
    wait(lambda: not bench.sqs.receive_message(QueueUrl=url, VisibilityTimeout=0).get("Messages"))
    (entry,) = bench.db[WEST].scan(TableName="items-parked")["Items"]
    assert "malformed" in entry["why"]["S"]
    assert "bad" not in bench.items(WEST)


def test_what_the_mapping_gave_up_is_read_again_from_the_stream(bench: Bench) -> None:
    bench.keep(EAST)
    wait(lambda: bench.status(WEST))
    functions = RegionClients(EAST, tuple(bench.addresses[EAST])).client("lambda")
    (mapping,) = functions.list_event_source_mappings()["EventSourceMappings"]
    functions.update_event_source_mapping(UUID=mapping["UUID"], MaximumRetryAttempts=0)
    functions.update_function_configuration(FunctionName="replicate", Handler="reference.nothing.handle")
    bench.write("a", "given up", 1)
    url = bench.sqs.get_queue_url(QueueName="replication-given-up")["QueueUrl"]
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]

    def waiting() -> int:
        told = bench.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
        return sum(int(told[name]) for name in names)

    wait(waiting)
    wait(lambda: bench.command("redrive") == 0 and "a" in bench.items(WEST), 60)
    functions.close()


def test_an_odd_command_is_refused(bench: Bench) -> None:
    assert bench.command("nonsense") == 2
