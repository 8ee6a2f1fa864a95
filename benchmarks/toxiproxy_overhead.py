"""What a link costs: latency and throughput through the embedded Toxiproxy, beside no proxy and beside a real one.

    python benchmarks/toxiproxy_overhead.py [--connections 1 10 100] [--rounds 5] [--seconds 1.0] [--megabytes 200]

Runs an echo server and a sink in a process of their own. Each figure is measured in rounds that take the routes in
turn, so that a noisy machine hits them alike; printed are the median over the rounds, and their range. With
TOXIPROXY_URL set, the server there is measured too.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import os
import statistics
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from typing import cast
from urllib.parse import quote
from urllib.request import Request, urlopen

import uvloop

PING = b"x" * 128
BLOCK = b"y" * (256 * 1024)
Route = tuple[int, int]
"""Ports of the way to the echo server and of the way to the sink."""


class Echo(asyncio.Protocol):
    """Sends back what it gets."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self.transport.write(data)


class Sink(asyncio.BufferedProtocol):
    """Reads an 8-byte length and so many bytes, then answers one byte (a real Toxiproxy loses half-closes)."""

    def __init__(self) -> None:
        self.buffer = memoryview(bytearray(1024 * 1024))
        self.missing: int | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def get_buffer(self, sizehint: int) -> memoryview:
        return self.buffer

    def buffer_updated(self, nbytes: int) -> None:
        if self.missing is None:
            self.missing = int.from_bytes(self.buffer[:8]) + 8
        self.missing -= nbytes
        if self.missing == 0:
            self.transport.write(b".")


def serve_targets(channel: Connection) -> None:
    """The process behind the proxies."""

    async def main() -> None:
        loop = asyncio.get_running_loop()
        servers = [await loop.create_server(kind, "127.0.0.1", 0) for kind in (Echo, Sink)]
        channel.send([server.sockets[0].getsockname()[1] for server in servers])
        await asyncio.Event().wait()

    uvloop.run(main())


class Pinger(asyncio.Protocol):
    """One request after the other until `deadline`."""

    def __init__(self, deadline: float, samples: list[float], done: asyncio.Future[None]) -> None:
        self.deadline = deadline
        self.samples = samples
        self.done = done
        self.missing = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self.send()

    def send(self) -> None:
        self.missing = len(PING)
        self.sent = time.perf_counter()
        self.transport.write(PING)

    def data_received(self, data: bytes) -> None:
        self.missing -= len(data)
        if self.missing > 0:
            return
        now = time.perf_counter()
        self.samples.append(now - self.sent)
        if now < self.deadline:
            self.send()
        else:
            self.transport.close()
            self.done.set_result(None)


async def latency(port: int, connections: int, seconds: float) -> list[float]:
    """Round trips in seconds: closed loop, `connections` at once."""
    loop = asyncio.get_running_loop()
    samples: list[float] = []
    deadline = time.perf_counter() + seconds
    finished = [loop.create_future() for _ in range(connections)]
    for done in finished:
        await loop.create_connection(lambda done=done: Pinger(deadline, samples, done), "127.0.0.1", port)  # type: ignore[misc]
    await asyncio.gather(*finished)
    return sorted(samples)


async def throughput(port: int, connections: int, megabytes: int) -> float:
    """Megabytes per second, upstream, until the sink has them all."""
    blocks = max(1, megabytes * 1_000_000 // len(BLOCK) // connections)

    async def pour() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write((blocks * len(BLOCK)).to_bytes(8))
        for _ in range(blocks):
            writer.write(BLOCK)
            await writer.drain()
        await reader.readexactly(1)
        writer.close()

    started = time.perf_counter()
    await asyncio.gather(*(pour() for _ in range(connections)))
    return blocks * len(BLOCK) * connections / (time.perf_counter() - started) / 1e6


@contextmanager
def targets() -> Iterator[tuple[int, int]]:
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=serve_targets, args=(theirs,), daemon=True)
    process.start()
    try:
        echo, sink = ours.recv()
        yield echo, sink
    finally:
        process.terminate()
        process.join()


@contextmanager
def embedded() -> Iterator[str]:
    command = [sys.executable, "-m", "harness.parts.links.toxiproxy", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            host, port = json.loads(process.stdout.readline())["api"]
            yield f"http://{host}:{port}"
        finally:
            process.terminate()


@contextmanager
def proxied(url: str, echo: int, sink: int) -> Iterator[tuple[int, int]]:
    """Two proxies on the server at `url`, removed in the end."""
    names = [f"benchmark-{uuid.uuid4()}" for _ in range(2)]
    try:
        ports = []
        for name, upstream in zip(names, (echo, sink), strict=True):
            body = {"name": name, "listen": "127.0.0.1:0", "upstream": f"127.0.0.1:{upstream}"}
            request = Request(f"{url}/proxies", json.dumps(body).encode(), {"Content-Type": "application/json"})
            with urlopen(request, timeout=5) as answer:
                ports.append(int(json.load(answer)["listen"].rpartition(":")[2]))
        yield ports[0], ports[1]
    finally:
        for name in names:
            urlopen(Request(f"{url}/proxies/{quote(name)}", method="DELETE"), timeout=5).close()


def percentile(values: list[float], share: float) -> float:
    return values[min(len(values) - 1, int(len(values) * share))]


def spread(values: list[float], digits: int) -> str:
    return f"{statistics.median(values):9.{digits}f} [{min(values):.{digits}f} .. {max(values):.{digits}f}]"


def measure(routes: dict[str, Route], connections: int, rounds: int, seconds: float, megabytes: int) -> None:
    """Print one row for each route."""
    p50: dict[str, list[float]] = {name: [] for name in routes}
    p99: dict[str, list[float]] = {name: [] for name in routes}
    speed: dict[str, list[float]] = {name: [] for name in routes}
    for _ in range(rounds):
        for name, (echo, sink) in routes.items():
            samples = uvloop.run(latency(echo, connections, seconds))
            p50[name].append(percentile(samples, 0.50) * 1e6)
            p99[name].append(percentile(samples, 0.99) * 1e6)
            speed[name].append(uvloop.run(throughput(sink, connections, megabytes)))
    for name in routes:
        added = statistics.median(p50[name]) - statistics.median(p50["direct"])
        columns = (spread(p50[name], 0), f"{added:+8.0f}", spread(p99[name], 0), spread(speed[name], 0))
        print(f"{connections:>5}  {name:<10}" + "".join(f"{column:<32}" for column in columns))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--connections", type=int, nargs="+", default=[1, 10, 100])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=1.0, help="of each latency measurement")
    parser.add_argument("--megabytes", type=int, default=200, help="of each throughput measurement")
    options = parser.parse_args()
    real = os.environ.get("TOXIPROXY_URL")
    titles = ("p50 us [range]", "added p50 us", "p99 us [range]", "MB/s [range]")
    print(f"{'conns':>5}  {'route':<10}" + "".join(f"{title:<32}" for title in titles))
    with targets() as (echo, sink), embedded() as url, proxied(url, echo, sink) as ours:
        routes: dict[str, Route] = {"direct": (echo, sink), "embedded": ours}
        if real is None:
            for connections in options.connections:
                measure(routes, connections, options.rounds, options.seconds, options.megabytes)
            return
        with proxied(real.rstrip("/"), echo, sink) as theirs:
            routes["real"] = theirs
            for connections in options.connections:
                measure(routes, connections, options.rounds, options.seconds, options.megabytes)


if __name__ == "__main__":
    main()
