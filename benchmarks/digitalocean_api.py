"""How many requests a second DigitalOcean's API answers over plain HTTP, and how soon a changed record is answered.

    python benchmarks/digitalocean_api.py [--seconds 3] [--changes 100]

Beside it a bare server on the same HTTP library that answers a constant, which is as fast as this can be. Each server
has a process of its own; four kept connections have a request under way each. Change: from a PUT being sent to the
first changed answer at a resolver that asks without pause. Prints one line of JSON for each figure; exit code 1 below
500 a second.
"""

from __future__ import annotations

import argparse
import http.client
import json
import multiprocessing
import socket
import statistics
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any

import dns.message
import dns.query

TOKEN = "benchmark"
APP = "app.example.com"
LEAST_PER_S = 500
CONNECTIONS = 4
HEADERS = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
RECORDS = "/v2/domains/example.com/records"


def _provider(told: Any) -> None:
    from harness.parts.steering.digitalocean.server import serve

    quota = {"requests_per_hour": 100_000_000, "requests_per_minute": 100_000_000}
    serve({"token": TOKEN, "watch": [APP], **quota}, lambda addresses: told.put(dict(addresses)))


def _bare(told: Any) -> None:
    import asyncio
    from contextlib import AsyncExitStack

    from aiohttp import web

    from harness.kit.admin import serve_application
    from harness.kit.process import run_until_signal

    async def constant(_: web.Request) -> web.Response:
        return web.Response(body=b"{}", content_type="application/json")

    async def run(stop: asyncio.Event) -> None:
        async with AsyncExitStack() as stack:
            app = web.Application()
            app.router.add_route("*", "/{path:.*}", constant)
            told.put({"api": list(await serve_application(stack, "bare", app, ("127.0.0.1", 0)))})
            await stop.wait()

    run_until_signal(run)


def started(target: Callable[[Any], None]) -> tuple[Any, Mapping[str, Any]]:
    """A server in a process of its own, and where it listens."""
    context = multiprocessing.get_context("spawn")
    told = context.Queue()
    process = context.Process(target=target, args=(told,), daemon=True)
    process.start()
    return process, told.get(timeout=60)


def call(connection: http.client.HTTPConnection, method: str, path: str, body: Any = None) -> tuple[int, Any]:
    """One request over a kept connection."""
    connection.request(method, path, None if body is None else json.dumps(body), HEADERS)
    answer = connection.getresponse()
    data = answer.read()
    return answer.status, json.loads(data) if data else None


def rate(address: tuple[str, int], method: str, path: str, body: Any, seconds: float) -> float:
    """Answered requests a second over several connections, each with one request under way."""
    data = b"" if body is None else json.dumps(body).encode()
    fields = "".join(f"{name}: {value}\r\n" for name, value in {**HEADERS, "Content-Length": str(len(data))}.items())
    request = f"{method} {path} HTTP/1.1\r\nHost: api\r\n{fields}\r\n".encode() + data
    connections = [socket.create_connection(address, timeout=10) for _ in range(CONNECTIONS)]
    answered, began = 0, time.monotonic()
    while time.monotonic() - began < seconds:
        for connection in connections:
            connection.sendall(request)
        for connection in connections:
            if not _answer(connection).startswith(b"HTTP/1.1 200"):
                raise SystemExit(f"{method} {path} was not answered 200")
        answered += CONNECTIONS
    took = time.monotonic() - began
    for connection in connections:
        connection.close()
    return answered / took


def _answer(connection: socket.socket) -> bytes:
    """One whole answer."""
    data = b""
    while b"\r\n\r\n" not in data:
        data += connection.recv(65_536)
    head, _, rest = data.partition(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
    while len(rest) < length:
        rest += connection.recv(65_536)
    return head


def changes(api: tuple[str, int], name_server: tuple[str, int], record: str, times: int) -> list[float]:
    """Milliseconds from a change to the first changed answer."""
    connection, found = http.client.HTTPConnection(*api, timeout=10), []
    query = dns.message.make_query(APP, "A")
    for number in range(times):
        address = f"127.0.{1 + number % 2}.10"
        began = time.monotonic()
        call(connection, "PUT", record, {"type": "A", "data": address})
        while str(dns.query.udp(query, name_server[0], port=name_server[1], timeout=5).answer[0][0]) != address:
            pass
        found.append((time.monotonic() - began) * 1000)
    return found


def main() -> int:
    """See the module's text."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--changes", type=int, default=100)
    arguments = parser.parse_args()
    process, told = started(_provider)
    bare_process, bare = started(_bare)
    api: tuple[str, int] = (told["api"][0], told["api"][1])
    connection = http.client.HTTPConnection(*api, timeout=10)
    call(connection, "POST", "/v2/domains", {"name": "example.com"})
    _, made = call(connection, "POST", RECORDS, {"type": "A", "name": "app", "data": "127.0.3.10"})
    record = f"{RECORDS}/{made['domain_record']['id']}"
    constant = rate((bare["api"][0], bare["api"][1]), "GET", "/", None, arguments.seconds)
    slowest = constant
    for method, path, body in (
        ("GET", record, None),
        ("GET", RECORDS, None),
        ("PUT", record, {"type": "A", "ttl": 60}),
    ):
        found = rate(api, method, path, body, arguments.seconds)
        slowest = min(slowest, found)
        print(json.dumps({"what": f"{method} {path}", "per_s": round(found), "bare_server_per_s": round(constant)}))
    took = changes(api, (told["dns"][0], told["dns"][1]), record, arguments.changes)
    print(
        json.dumps(
            {"what": "change to answer", "p50_ms": round(statistics.median(took), 2), "max_ms": round(max(took), 2)}
        )
    )
    for server in (process, bare_process):
        server.terminate()
        server.join(5)
    return 0 if slowest >= LEAST_PER_S else 1


if __name__ == "__main__":
    sys.exit(main())
