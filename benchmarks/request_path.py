"""What the gateway and the load balancer cost: `python benchmarks/request_path.py [--requests N] [--connections N]`.

The same upstream is asked directly, through the gateway and through the load balancer, over kept connections.
Latency is taken one request at a time, in rounds that alternate between the three, so that a noisy machine hits all
alike; throughput with several connections at once. CPU is user and system time of the process in between.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any, cast

import psutil
import uvloop

Address = tuple[str, int]

BODY = json.dumps({"TableName": "items", "Item": {"id": {"S": "u1"}, "value": {"S": "w" * 64}}}).encode()
REQUEST = (
    b"POST / HTTP/1.1\r\nHost: 127.0.0.1:4566\r\nAccept-Encoding: identity\r\n"
    b"X-Amz-Target: DynamoDB_20120810.PutItem\r\nContent-Type: application/x-amz-json-1.0\r\n"
    b"User-Agent: Boto3/1.44 md/Botocore#1.44 ua/2.1 os/linux lang/python#3.11 md/pyimpl#CPython cfg/retry-mode#legacy"
    b"\r\nX-Amz-Date: 20260101T000000Z\r\nAuthorization: AWS4-HMAC-SHA256 "
    b"Credential=AKID/20260101/us-east-1/dynamodb/aws4_request, "
    b"SignedHeaders=content-type;host;x-amz-date;x-amz-target, Signature=" + b"0" * 64 + b"\r\n"
    b"amz-sdk-invocation-id: 00000000-0000-0000-0000-000000000000\r\namz-sdk-request: attempt=1\r\n"
    b"Content-Length: %d\r\n\r\n" % len(BODY)
) + BODY
RESPONSE = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/x-amz-json-1.0\r\nX-Region: us-east-1\r\n"
    b"Content-Length: 64\r\n\r\n" + b"{" + b" " * 62 + b"}"
)


class Upstream(asyncio.Protocol):
    """Answers as soon as a whole request is there; every request must end with BODY."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is not a subclass

    def data_received(self, data: bytes) -> None:
        self._transport.write(RESPONSE * data.count(BODY))


async def serve_upstream() -> None:
    server = await asyncio.get_running_loop().create_server(Upstream, "127.0.0.1", 0)
    print(json.dumps({"listen": server.sockets[0].getsockname()}), flush=True)
    await asyncio.Event().wait()


@contextmanager
def running(*arguments: str) -> Iterator[tuple[Mapping[str, Any], psutil.Process]]:
    """A Python process that prints its ready payload as a line of JSON."""
    with subprocess.Popen([sys.executable, *arguments], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        try:
            yield json.loads(process.stdout.readline()), psutil.Process(process.pid)
        finally:
            process.kill()


def cpu_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def ask(sock: socket.socket) -> None:
    sock.sendall(REQUEST)
    got = b""
    while not got.endswith(b"}"):
        data = sock.recv(65536)
        if not data:
            raise ConnectionError("the server hung up")
        got += data


def latencies(sock: socket.socket, requests: int) -> list[float]:
    durations = []
    for _ in range(requests):
        began = time.perf_counter()
        ask(sock)
        durations.append(time.perf_counter() - began)
    return durations


class Flood(asyncio.Protocol):
    """Sends the next request as soon as the one before is answered."""

    def __init__(self, left: int, done: asyncio.Future[None]) -> None:
        self._left = left
        self._done = done

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is not a subclass
        self._transport.write(REQUEST)

    def data_received(self, data: bytes) -> None:
        if data.endswith(b"}"):
            self._left -= 1
            if self._left > 0:
                self._transport.write(REQUEST)
            elif not self._done.done():
                self._done.set_result(None)
                self._transport.close()


async def flood(address: Address, connections: int, requests: int) -> float:
    """Requests per second."""
    loop = asyncio.get_running_loop()
    futures: list[asyncio.Future[None]] = [loop.create_future() for _ in range(connections)]
    began = time.perf_counter()
    for future in futures:
        await loop.create_connection(lambda future=future: Flood(requests // connections, future), *address)  # type: ignore[misc]
    await asyncio.gather(*futures)
    return requests / (time.perf_counter() - began)


def measure(paths: Mapping[str, tuple[Address, psutil.Process]], requests: int, connections: int) -> None:
    samples: dict[str, list[float]] = {name: [] for name in paths}
    with ExitStack() as stack:
        sockets = {name: stack.enter_context(socket.create_connection(to)) for name, (to, _) in paths.items()}
        for sock in sockets.values():
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            latencies(sock, 50)
        for _ in range(10):
            for name, sock in sockets.items():
                samples[name] += latencies(sock, requests // 10)
    titles = f"{'p50 ms':>9}{'p99 ms':>9}{'added p50':>11}{'added p99':>11}{'requests/s':>12}{'CPU us/request':>16}"
    print(f"{'path':<14}{titles}")
    base: tuple[float, float] | None = None
    for name, (address, process) in paths.items():
        cuts = statistics.quantiles(samples[name], n=100)
        p50, p99 = cuts[49] * 1e3, cuts[98] * 1e3
        base = base or (p50, p99)
        before_s = cpu_s(process)
        rate = uvloop.run(flood(address, connections, requests))
        spent_us = (cpu_s(process) - before_s) / requests * 1e6
        added = f"{p50 - base[0]:>11.3f}{p99 - base[1]:>11.3f}"
        print(f"{name:<14}{p50:>9.3f}{p99:>9.3f}{added}{rate:>12.0f}{spent_us:>16.1f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=5000)
    parser.add_argument("--connections", type=int, default=8)
    parser.add_argument("--upstream", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.upstream:
        uvloop.run(serve_upstream())
        return
    with ExitStack() as stack:
        upstream, upstream_process = stack.enter_context(running(__file__, "--upstream"))
        target = upstream["listen"]
        routes = {"us-east-1": {"dynamodb": target}}
        gateway_config = {"listeners": [{"instance": "bench", "region": "us-east-1", "routes": routes}]}
        balancer_config = {
            "region": "us-east-1",
            "listen": ["127.0.0.1", 0],
            "targets": [{"id": "t", "address": target}],
        }
        command = ("-m", "harness.parts.edge.gateway", "--config", json.dumps(gateway_config))
        gateway, gateway_process = stack.enter_context(running(*command))
        command = ("-m", "harness.parts.edge.load_balancer", "--config", json.dumps(balancer_config))
        balancer, balancer_process = stack.enter_context(running(*command))
        paths = {
            "direct": (tuple(target), upstream_process),
            "gateway": (tuple(gateway["listeners"]["bench"]), gateway_process),
            "load balancer": (tuple(balancer["listen"]), balancer_process),
        }
        measure(paths, options.requests, options.connections)


if __name__ == "__main__":
    main()
