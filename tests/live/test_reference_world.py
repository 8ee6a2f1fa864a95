"""A small world for the reference subject: one moto process holds both regions, a router stands in front of it.

The router reads the region from the signature of each connection's first request (an SDK client has a pool of its own
per region) and breaks what the test tells it to break, for each pair of component and region. It is this file's own,
so that the subject is tested without the harness.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import re
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import botocore.session

EAST, WEST = "us-east-1", "us-west-2"
REFERENCE = Path(__file__).resolve().parents[2] / "reference"
MOTO = """
import time
from moto.server import ThreadedMotoServer
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
print(server.get_host_and_port()[1], flush=True)
while True:
    time.sleep(60)
"""
SCOPE = re.compile(rb"Credential=[^/]+/\d+/([a-z0-9-]+)/")


class Router:
    """Routes to moto, or breaks: `faults` maps (component, region) to black-hole, refuse or gray."""

    def __init__(self, upstream: int) -> None:
        self.faults: dict[tuple[str, str], str] = {}
        self._upstream = upstream
        self._dice = random.Random(7)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        self._servers: list[asyncio.Server] = []
        self._tasks: set[asyncio.Task[None]] = set()

    def listen(self, component: str) -> int:
        """A port for one component."""

        async def open_port() -> int:
            def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                task = self._loop.create_task(self._serve(component, reader, writer))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)

            server = await asyncio.start_server(accept, "127.0.0.1", 0, backlog=256)
            self._servers.append(server)
            port: int = server.sockets[0].getsockname()[1]
            return port

        return asyncio.run_coroutine_threadsafe(open_port(), self._loop).result(30)

    async def _serve(self, component: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        up: asyncio.StreamWriter | None = None
        try:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError):
                while True:
                    head = await reader.readuntil(b"\r\n\r\n")
                    found = SCOPE.search(head)
                    length = re.search(rb"(?i)content-length: *(\d+)", head)
                    body = await reader.readexactly(int(length[1])) if length else b""
                    region = found[1].decode() if found else EAST
                    fault = self.faults.get((component, region))
                    if fault == "refuse" or (fault == "gray" and self._dice.random() < 0.35):
                        return
                    if fault == "black-hole":
                        await reader.read()  # until the client gives up
                        return
                    down, up = await asyncio.open_connection("127.0.0.1", self._upstream)
                    up.write(head + body)  # moto closes after the answer
                    answer = await down.read()
                    up.close()
                    if self.faults.get((component, region)) == "black-hole":
                        await reader.read()
                        return
                    writer.write(answer)
                    await writer.drain()
                    return
        finally:
            if up is not None:
                up.close()
            writer.close()

    def close(self) -> None:
        async def shut() -> None:
            for server in self._servers:
                server.close()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            await asyncio.sleep(0.05)

        asyncio.run_coroutine_threadsafe(shut(), self._loop).result(30)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(30)
        self._loop.close()


class World:
    """Both regions, the router, and the subject's processes."""

    def __init__(self, moto_port: int, folder: Path) -> None:
        self.router = Router(moto_port)
        self.moto_port = moto_port
        self.folder = folder
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.ports: dict[str, int] = {}
        self.endpoints: dict[str, int] = {}

    def start(self, component: str, region: str, *arguments: str, **env: str) -> subprocess.Popen[bytes]:
        """Start a component; its output goes to a file of its name."""
        name = f"{component}.{region}"
        if name not in self.endpoints:
            self.endpoints[name] = self.router.listen(name)
        with (self.folder / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "run.py", component, *arguments],
                cwd=REFERENCE,
                stdout=log,
                stderr=log,
                env={**os.environ, **self.environment(self.endpoints[name], region), "COMPONENT": component, **env},
            )
        self.processes[name] = process
        return process

    def environment(self, port: int, region: str) -> dict[str, str]:
        return {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
            "AWS_REGION": region,
            "AWS_DEFAULT_REGION": region,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "PRIMARY_REGION": EAST,
            "SECONDARY_REGION": WEST,
            "TIME_SCALE": "0.1",
        }

    def start_all(self, database: str = "local") -> None:
        for region in (EAST, WEST):
            self.start("storefront", region, PORT="0", DATABASE=database)
            self.start("replicator", region)
        for region in (EAST, WEST):
            wait_until(lambda name=region: self._find_port(name), 30, "the storefront serves")
        # Not before: to a monitor, storefronts that take their time to start are a lost region.
        self.start("monitor", "outside", AWS_REGION=EAST)

    def _find_port(self, region: str) -> bool:
        """A storefront that may listen anywhere says where it does."""
        lines = (self.folder / f"storefront.{region}.log").read_text().splitlines()
        said = [json.loads(line) for line in lines if line.startswith("{") and '"serving"' in line]
        if said:
            self.ports[region] = said[-1]["address"][1]
        return bool(said)

    def stop(self, name: str) -> int:
        """SIGTERM a component; its exit code."""
        process = self.processes.pop(name)
        process.terminate()
        return process.wait(30)

    def break_region(self, region: str, mode: str) -> None:
        """Everything that goes to the region's database, from whichever component, fails."""
        self.router.faults = {(name, region): mode for name in self.endpoints}

    def heal(self) -> None:
        self.router.faults = {}

    def request(self, region: str, method: str, path: str, value: str | None = None) -> tuple[int, Any, int]:
        """Status (0: no answer), JSON body and epoch."""
        body = None if value is None else json.dumps({"value": value}).encode()
        request = urllib.request.Request(f"http://127.0.0.1:{self.ports[region]}{path}", data=body, method=method)
        try:
            with urllib.request.urlopen(request, timeout=4) as answer:
                return answer.status, json.load(answer), int(answer.headers["X-Epoch"])
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.load(error), int(error.headers["X-Epoch"])
        except OSError:
            return 0, None, 0

    def put(self, region: str, item: str, value: str = "x") -> bool:
        return self.request(region, "PUT", f"/items/{item}", value)[0] == 200

    def active(self, region: str) -> bool:
        return self.request(region, "GET", "/health")[0] == 200

    def table(self, region: str) -> dict[str, Any]:
        """What the region's table really holds, past the router: id -> (value or None, version)."""
        client = client_of(self.moto_port, region)
        items = client.scan(TableName="items")["Items"]
        client.close()
        return {
            item["id"]["S"]: (
                item.get("value", {}).get("S"),
                int(item["epoch"]["N"]),
                int(item["seq"]["N"]),
                item["origin"]["S"],
            )
            for item in items
        }

    def logs(self) -> str:
        return "\n".join(f"== {path.name}\n{path.read_text()}" for path in sorted(self.folder.glob("*.log")))

    def close(self) -> None:
        for process in self.processes.values():
            process.terminate()
        for process in self.processes.values():
            try:
                process.wait(3)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.router.close()


def client_of(port: int, region: str) -> Any:
    return botocore.session.get_session().create_client(
        "dynamodb",
        region_name=region,
        endpoint_url=f"http://127.0.0.1:{port}",
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )


def wait_until(condition: Callable[[], object], timeout_s: float, what: str, pause_s: float = 0.05) -> float:
    """Seconds until the condition held. Fails the test when it does not in time."""
    began = time.monotonic()
    while not condition():
        if time.monotonic() - began > timeout_s:
            raise AssertionError(f"not within {timeout_s} s: {what}")
        time.sleep(pause_s)
    return time.monotonic() - began


@contextlib.contextmanager
def world_of(folder: Path, *, start: bool = True, database: str = "local") -> Iterator[World]:
    """A world whose tables exist; with `start`, one that has reached its steady state."""
    moto = subprocess.Popen([sys.executable, "-c", MOTO], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        assert moto.stdout is not None
        port = int(moto.stdout.readline())
        for region in (EAST, WEST):
            client = client_of(port, region)
            client.create_table(
                TableName="items",
                KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
                AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
                BillingMode="PAY_PER_REQUEST",
            )
            client.close()
        world = World(port, folder)
        try:
            if start:
                world.start_all(database)
                wait_until(lambda: world.active(EAST), 30, "the primary is active")
                wait_until(lambda: world.put(EAST, "canary"), 30, "it takes a write")
                wait_until(lambda: "canary" in world.table(WEST), 30, "the canary was replicated")
            yield world
        except BaseException:
            sys.stdout.write(world.logs())
            raise
        finally:
            world.close()
    finally:
        moto.terminate()
        moto.wait(10)
        if moto.stdout is not None:
            moto.stdout.close()
