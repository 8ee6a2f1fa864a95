"""What a region costs: puts per second and start-up time, beside `moto_server` as it is shipped, in one run.

    python benchmarks/region_server.py [--rounds 5] [--seconds 2.0]

Rounds alternate between the two, so that a slow moment of the machine hits both. Start-up is from nothing to the
answer of the first DynamoDB call of the last of three regions: a fork server and three children, against three
`moto_server` processes started side by side.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from harness.processes.forkserver import ForkServer

MODULE = "harness.engines.moto.server"
REGIONS = ("us-east-1", "us-west-2", "eu-west-1")
SCOPE = "AWS4-HMAC-SHA256 Credential=x/20250101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=0"
START_TIMEOUT_S = 60.0


def moto_server(port: int) -> subprocess.Popen[bytes]:
    """`moto_server` as shipped, on a port of loopback."""
    command = str(Path(sys.executable).with_name("moto_server"))
    quiet = subprocess.DEVNULL
    return subprocess.Popen([command, "-H", "127.0.0.1", "-p", str(port)], stdout=quiet, stderr=quiet)


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def answers(port: int) -> bool:
    """One ListTables call, by hand: boto3's own start must not be measured."""
    body = b"{}"
    head = (
        f"POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Amz-Target: DynamoDB_20120810.ListTables\r\n"
        f"Content-Type: application/x-amz-json-1.0\r\nAuthorization: {SCOPE}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=START_TIMEOUT_S) as sock:
            sock.sendall(head.encode() + body)
            return b" 200 " in sock.recv(64)
    except ConnectionError:
        return False


def wait_for(ports: Sequence[int]) -> None:
    until = time.monotonic() + START_TIMEOUT_S
    for port in ports:
        while not answers(port):
            if time.monotonic() > until:
                raise TimeoutError(f"port {port} does not answer")
            time.sleep(0.005)


def start_bare() -> float:
    """Seconds until three bare servers have each answered one call."""
    ports = [free_port() for _ in REGIONS]
    begin = time.monotonic()
    servers = [moto_server(port) for port in ports]
    try:
        wait_for(ports)
        return time.monotonic() - begin
    finally:
        stop(servers)


def start_ours(folder: Path) -> float:
    """Seconds until a fork server and its three regions have each answered one call."""
    begin = time.monotonic()
    with ForkServer([MODULE], folder) as servers:
        config = {"listen": ["127.0.0.1", 0]}
        children = [servers.spawn(f"region.{name}", MODULE, {"region": name, **config}) for name in REGIONS]
        wait_for([child.ready(START_TIMEOUT_S)["listen"][1] for child in children])
        return time.monotonic() - begin


def stop(servers: Sequence[subprocess.Popen[bytes]]) -> None:
    for server in servers:
        server.kill()
    for server in servers:
        server.wait()


def _client(port: int) -> Any:
    config = Config(retries={"total_max_attempts": 1}, proxies={})
    keys = {"aws_access_key_id": "x", "aws_secret_access_key": "y"}
    return boto3.client(
        "dynamodb", region_name="us-east-1", endpoint_url=f"http://127.0.0.1:{port}", config=config, **keys
    )


def _put_for(port: int, seconds: float, worker: int, start: Any, counts: Any) -> None:
    client = _client(port)
    client.list_tables()
    start.wait()
    begin, number = time.monotonic(), 0
    while time.monotonic() - begin < seconds:
        client.put_item(TableName="items", Item={"id": {"S": f"{worker}.{number}"}, "value": {"S": "v"}})
        number += 1
    counts.put(number / (time.monotonic() - begin))


def puts_per_s(port: int, seconds: float, clients: int) -> float:
    """Closed loop, one process per client."""
    start = multiprocessing.Barrier(clients)
    counts: multiprocessing.Queue[float] = multiprocessing.Queue()
    workers = [
        multiprocessing.Process(target=_put_for, args=(port, seconds, worker, start, counts))
        for worker in range(clients)
    ]
    for worker in workers:
        worker.start()
    total = sum(float(counts.get()) for _ in workers)
    for worker in workers:
        worker.join()
    return total


@contextmanager
def both(folder: Path) -> Iterator[dict[str, int]]:
    """One server of each kind, with its table. Ours keeps a commit log, as in a drill."""
    port = free_port()
    bare = moto_server(port)
    try:
        with ForkServer([MODULE], folder) as servers:
            config = {
                "region": "us-east-1",
                "listen": ["127.0.0.1", 0],
                "commit_log": str(folder / "commits.jsonl"),
                "tables": {"items": {"key": "id", "value": "value"}},
            }
            ours = servers.spawn("region", MODULE, config).ready(START_TIMEOUT_S)["listen"][1]
            wait_for([port, ours])
            for each in (port, ours):
                client = _client(each)
                client.create_table(
                    TableName="items",
                    KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
                    AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
                    BillingMode="PAY_PER_REQUEST",
                    StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
                )
                client.close()
            yield {"moto_server": port, "region server": ours}
    finally:
        stop([bare])


def summary(values: Sequence[float]) -> dict[str, float]:
    """Median, and the spread from smallest to largest."""
    return {
        "median": round(statistics.median(values), 3),
        "min": round(min(values), 3),
        "max": round(max(values), 3),
    }


def measure(rounds: int, seconds: float, folder: Path) -> Mapping[str, Any]:
    rates: dict[str, list[float]] = {}
    with both(folder) as ports:
        for _ in range(rounds):
            for clients in (1, 8):
                for name, port in ports.items():
                    key = f"{name}, puts/s, {clients} client{'s' if clients > 1 else ''}"
                    rates.setdefault(key, []).append(puts_per_s(port, seconds, clients))
    starts: dict[str, Callable[[], float]] = {
        "three moto_server, s to first answers": start_bare,
        "fork server and three regions, s to first answers": lambda: start_ours(folder),
    }
    started: dict[str, list[float]] = {name: [] for name in starts}
    for _ in range(rounds):
        for name, start in starts.items():
            started[name].append(start())
    bare, ours = (statistics.median(values) for values in started.values())
    return {
        **{name: summary(values) for name, values in {**rates, **started}.items()},
        "start-up, ours / bare": round(ours / bare, 2),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2.0, help="length of one throughput measurement")
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="region-server-benchmark-"))
    try:
        print(json.dumps(measure(options.rounds, options.seconds, folder), indent=2))
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
