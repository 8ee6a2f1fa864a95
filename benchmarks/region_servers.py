"""Region servers side by side in one run: start, memory, puts and gets a second by 1 and 8 clients.

    python benchmarks/region_servers.py [--rounds 5] [--seconds 2.0] [--servers moto dynoxide ...] [--json FILE]

Each server is started as its part starts it in a world; one that is not installed is told. `moto_server` is moto as it
is shipped. Rounds alternate between them, so that a slow moment of the machine hits all. Start is from nothing to the
first answered call (of a part, with the fork server that starts it); memory is the proportional set size of its
processes, before and after the load. Clients are closed loops, each a process with one connection, kept where
the server keeps it, and requests made beforehand, so that what they cost is small beside the server.
"""

from __future__ import annotations

import argparse
import importlib
import itertools
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
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import psutil
from rich.console import Console
from rich.table import Table as Grid

from harness.engines.addresses import choose_port
from harness.engines.aws.calls import DYNAMODB, call, not_dynamodb
from harness.kit.address import Address, join_address
from harness.wire.exchange import ResponseCollector, render_request

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "conformance"))
rig: Any = importlib.import_module("region_rig")

SHIPPED = "moto_server"
START_TIMEOUT_S = 60.0
CLIENTS = (1, 8)
_TABLE = {
    "TableName": "items",
    "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
    "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
    "BillingMode": "PAY_PER_REQUEST",
    "StreamSpecification": {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
}
_KEYS = 200
"""Keys that a client writes and reads in turn."""

Started = tuple[Address, list[int]]
"""Where a server listens, and its processes."""


@contextmanager
def shipped(folder: Path) -> Iterator[Started]:
    """`moto_server`, as its package starts it."""
    address = ("127.0.0.1", choose_port(["127.0.0.1"], 0, ""))
    command = [str(Path(sys.executable).with_name(SHIPPED)), "-H", address[0], "-p", str(address[1])]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            _wait_for(address)
            yield address, [process.pid]
        finally:
            process.kill()


@contextmanager
def of_a_part(kind: str, folder: Path) -> Iterator[Started]:
    """One region of a part, with the tables' stream or its log followed as in a drill."""
    with rig.running(kind, folder) as region:
        address = region.endpoints()["api"]
        _wait_for(address)
        process: Any = getattr(region, "_process")  # noqa: B009 - nobody else needs it
        yield address, [getattr(process, "process", process).pid]


def _wait_for(address: Address) -> None:
    until = time.monotonic() + START_TIMEOUT_S
    while (wrong := not_dynamodb(address, rig.EAST)) is not None:
        if time.monotonic() > until:
            raise TimeoutError(wrong)
        time.sleep(0.005)


def memory_mb(pids: Sequence[int]) -> float:
    """The proportional set size of some processes and their descendants."""
    every = [one for pid in pids for one in (psutil.Process(pid), *psutil.Process(pid).children(recursive=True))]
    return sum(one.memory_full_info().pss for one in every) / 2**20


def _requests(operation: str, address: Address, worker: int) -> list[bytes]:
    found = []
    for number in range(_KEYS):
        key = {"id": {"S": f"{worker}.{number}"}}
        body = {
            "TableName": "items",
            **({"Item": key | {"value": {"S": "v"}}} if operation == "PutItem" else {"Key": key}),
        }
        headers = {
            "X-Amz-Target": f"{DYNAMODB}.{operation}",
            "X-Amz-Date": "20260101T000000Z",
            "Content-Type": "application/x-amz-json-1.0",
            "Authorization": f"AWS4-HMAC-SHA256 Credential=x/20260101/{rig.EAST}/dynamodb/aws4_request, "
            f"SignedHeaders=host, Signature={'0' * 64}",
        }
        found.append(
            render_request("POST", "/", join_address(address), headers, json.dumps(body).encode(), keepalive=True)
        )
    return found


def _work(address: Address, operation: str, seconds: float, worker: int, start: Any, counts: Any) -> None:
    requests = itertools.cycle(_requests(operation, address, worker))
    sock: socket.socket | None = None
    start.wait()
    begin, done = time.monotonic(), 0
    while time.monotonic() - begin < seconds:
        if sock is None:
            sock = socket.create_connection(address, timeout=10)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.sendall(next(requests))
        answer = ResponseCollector(method=b"POST")
        while answer.response is None:
            data = sock.recv(65536)
            if not data:
                raise ConnectionError("the server ended the connection in the middle of an answer")
            answer.feed(data)
        if answer.response.status != 200:
            raise RuntimeError(f"{operation} is answered {answer.response.status}")
        done += 1
        if not answer.response.reusable:
            sock.close()
            sock = None
    counts.put(done / (time.monotonic() - begin))


def rate_per_s(address: Address, operation: str, seconds: float, clients: int) -> float:
    """Of all clients together."""
    start = multiprocessing.Barrier(clients)
    counts: multiprocessing.Queue[float] = multiprocessing.Queue()
    workers = [
        multiprocessing.Process(target=_work, args=(address, operation, seconds, worker, start, counts))
        for worker in range(clients)
    ]
    for worker in workers:
        worker.start()
    total = sum(float(counts.get(timeout=seconds + 30)) for _ in workers)
    for worker in workers:
        worker.join()
    return total


def measure(names: Sequence[str], rounds: int, seconds: float, folder: Path) -> Mapping[str, Mapping[str, list[float]]]:
    """By server, by what was measured: a value of each round."""
    found: dict[str, dict[str, list[float]]] = {name: {} for name in names}
    numbers = itertools.count()

    def started(name: str) -> Any:
        own = folder / f"{name}-{next(numbers)}"
        own.mkdir()
        return shipped(own) if name == SHIPPED else of_a_part(name, own)

    def keep(name: str, what: str, value: float) -> None:
        found[name].setdefault(what, []).append(value)

    for _ in range(rounds):
        for name in names:
            begin = time.monotonic()
            with started(name):
                keep(name, "start, s", time.monotonic() - begin)
    with ExitStack() as stack:
        servers: dict[str, Started] = {name: stack.enter_context(started(name)) for name in names}
        for name, (address, pids) in servers.items():
            keep(name, "memory at start, MB", memory_mb(pids))
            call(address, rig.EAST, DYNAMODB, "CreateTable", _TABLE, timeout_s=30)
        kinds: Mapping[str, str] = {"puts/s": "PutItem", "gets/s": "GetItem"}
        for _, clients, (what, operation), name in itertools.product(range(rounds), CLIENTS, kinds.items(), names):
            many = f"{clients} client{'s' if clients > 1 else ''}"
            keep(name, f"{what}, {many}", rate_per_s(servers[name][0], operation, seconds, clients))
        for name, (_, pids) in servers.items():
            keep(name, "memory after the load, MB", memory_mb(pids))
    return found


def _told(values: Sequence[float]) -> str:
    digits = 2 if max(values) < 10 else 0
    median = f"{statistics.median(values):.{digits}f}"
    return median if len(values) == 1 else f"{median} ({min(values):.{digits}f}-{max(values):.{digits}f})"


def show(found: Mapping[str, Mapping[str, list[float]]], console: Console) -> None:
    """Medians with the smallest and the largest value."""
    grid = Grid("median (spread)", *found, box=None, pad_edge=False)
    for what in next(iter(found.values())):
        grid.add_row(what, *(_told(values[what]) for values in found.values()))
    console.print(grid)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2.0, help="length of one throughput measurement")
    parser.add_argument("--servers", nargs="+", default=[SHIPPED, *rig.SERVERS], choices=[SHIPPED, *rig.SERVERS])
    parser.add_argument("--json", type=Path, help="where to write every value")
    options = parser.parse_args()
    console = Console(highlight=False, width=160)
    lacks: dict[str, Callable[[], str | None]] = {SHIPPED: lambda: None}
    names = []
    for name in options.servers:
        why = lacks.get(name, lambda name=name: rig.missing(name))()
        if why is None:
            names.append(name)
        else:
            console.print(f"{name} is left out: {why}")
    folder = Path(tempfile.mkdtemp(prefix="region-servers-benchmark-"))
    try:
        found = measure(names, options.rounds, options.seconds, folder)
    finally:
        shutil.rmtree(folder)
    show(found, console)
    if options.json is not None:
        options.json.write_text(json.dumps(found, indent=2), encoding="utf-8")


if __name__ == "__main__":
    main()
