"""How fast the reference's Shopify application answers webhooks, with DynamoDB as it is and with DynamoDB slowed.

    python benchmarks/webhook_intake.py [--seconds 8] [--rates 25,50,100,200] [--slow-ms 500] [--json FILE]

The application runs in a process of its own, as a drill starts it, on a region server; its calls to DynamoDB go through
a pipe that delays each by `--slow-ms`, its calls to SQS do not. Signed webhooks are sent open loop: each at its time,
whether or not those before it were answered, and how long one took counts from that time. Where DynamoDB is slow, the
region's queue lets webhooks be answered (docs/SHOPIFY_APP.md); all of them must be in the inbox in the end.
Promised: a sustained rate with the 99th percentile under 100 ms although DynamoDB is slowed by 500 ms, and exit code 1
where none was found.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import quantiles

import aiohttp
from baseline import machine
from rich.console import Console
from rich.table import Table

from harness.engines.aws.clients import NewTable, RegionClients, create_tables
from harness.processes.forkserver import ForkServer, stop_all
from reference.shopify_app.signature import sign

REGION, EAST = "harness.engines.moto.server", "us-east-1"
RUN = Path(__file__).resolve().parents[1] / "reference" / "run.py"
TABLES = ("items", "orders", "products", "customers", "fulfillments", "effects", "inbox", "shop")
DOMAIN, SECRET = "drill-shop.myshopify.com", "hush"
PROMISED_MS = 100.0
DRAINED_S = 120.0


@dataclass(frozen=True)
class Measured:
    """One rate. answers: how many of each; drained_s: until all were in the inbox; None: they never were."""

    slow_ms: float
    rate: float
    p50_ms: float
    p99_ms: float
    worst_ms: float
    answers: dict[str, int]
    drained_s: float | None

    @property
    def kept(self) -> bool:
        """As promised: all taken, and fast."""
        taken = sum(count for what, count in self.answers.items() if what.startswith("200"))
        return self.p99_ms < PROMISED_MS and taken == sum(self.answers.values()) and self.drained_s is not None


async def pipe(stack: AsyncExitStack, to: tuple[str, int], delay_s: float) -> str:
    """A URL, behind which is `to`, and everything that is sent arrives later."""
    loop = asyncio.get_running_loop()

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, late_s: float) -> None:
        while data := await reader.read(65_536):
            loop.call_later(late_s, writer.write, data)
        loop.call_later(late_s, writer.close)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection(*to)
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.gather(pump(reader, back, delay_s), pump(there, writer, 0.0), return_exceptions=True)

    server = await stack.enter_async_context(await asyncio.start_server(serve, "127.0.0.1", 0, backlog=512))
    return "http://{}:{}".format(*server.sockets[0].getsockname())


async def measured(address: tuple[str, int], slow_ms: float, rate: float, seconds: float, round_: int) -> Measured:
    """One rate against an application of its own."""
    async with AsyncExitStack() as stack:
        with socket.socket() as found:
            found.bind(("127.0.0.1", 0))
            port = found.getsockname()[1]
        url = "http://{}:{}".format(*address)
        env = {
            **os.environ, "AWS_ENDPOINT_URL": url, "AWS_REGION": EAST, "PORT": str(port), "COMPONENT": "shopify-app",
            "AWS_ENDPOINT_URL_DYNAMODB": await pipe(stack, address, slow_ms / 1000), "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test", "SHOP_DOMAIN": DOMAIN, "SHOP_ADMIN_URL": "http://127.0.0.1:9",
            "SHOP_CLIENT_ID": "app", "SHOP_CLIENT_SECRET": SECRET, "SHOP_APP_URL": "http://app.example",
        }  # fmt: skip
        start(stack, env)
        limits = aiohttp.TCPConnector(limit=0)
        session = await stack.enter_async_context(aiohttp.ClientSession(f"http://127.0.0.1:{port}", connector=limits))
        await _ready(session)
        names = [f"{round_}-{slow_ms:g}-{rate:g}-{number}" for number in range(round(rate * seconds))]
        for number in range(5):
            await _post(session, f"warm-{names[0]}-{number}", number)
        begin = time.perf_counter() + 0.1
        sent = [_at(session, begin + number / rate, name, number) for number, name in enumerate(names)]
        answers = await asyncio.gather(*sent)
        drained_s = await asyncio.to_thread(_drained, address, set(names), time.perf_counter())
    times = sorted(ms for ms, _ in answers)
    cuts = quantiles(times, n=100, method="inclusive")
    counted = dict(Counter(what for _, what in answers))
    return Measured(slow_ms, rate, cuts[49], cuts[98], times[-1], counted, drained_s)


def start(stack: AsyncExitStack, env: dict[str, str]) -> None:
    """The application, until the stack is left."""
    app = subprocess.Popen([sys.executable, str(RUN), "shopify_app"], env=env, stdout=subprocess.DEVNULL)
    stack.callback(app.wait, 10)
    stack.callback(app.terminate)


async def _ready(session: aiohttp.ClientSession) -> None:
    until = time.monotonic() + 30
    while time.monotonic() < until:
        try:
            async with session.get("/ready") as reply:
                if reply.status == 200:
                    return
        except aiohttp.ClientError:
            pass
        await asyncio.sleep(0.1)
    raise SystemExit("the application did not start")


async def _at(session: aiohttp.ClientSession, when: float, name: str, number: int) -> tuple[float, str]:
    await asyncio.sleep(max(0.0, when - time.perf_counter()))
    what = await _post(session, name, number)
    return (time.perf_counter() - when) * 1000, what


async def _post(session: aiohttp.ClientSession, name: str, number: int) -> str:
    body = json.dumps({"id": number + 1, "updated_at": "2026-11-29T11:00:00Z", "note": "x" * 3_000}).encode()
    headers = {
        "Content-Type": "application/json", "X-Shopify-Hmac-Sha256": sign(body, SECRET),
        "X-Shopify-Topic": "orders/create", "X-Shopify-Shop-Domain": DOMAIN, "X-Shopify-Webhook-Id": name,
    }  # fmt: skip
    async with session.post("/webhooks", data=body, headers=headers) as reply:
        return f"{reply.status} {(await reply.json())['webhook']}"


def _drained(address: tuple[str, int], names: set[str], began: float) -> float | None:
    """How long it takes until all of them are in the inbox."""
    client = RegionClients(EAST, address).client("dynamodb")
    while time.perf_counter() - began < DRAINED_S:
        pages = client.get_paginator("scan").paginate(TableName="inbox", ProjectionExpression="id")
        if names <= {item["id"]["S"] for page in pages for item in page["Items"]}:
            client.close()
            return time.perf_counter() - began
        time.sleep(0.2)
    client.close()
    return None


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, and say whether a rate was found."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=8.0)
    parser.add_argument("--rates", default="25,50,100,200")
    parser.add_argument("--slow-ms", type=float, default=500.0)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args(arguments)
    rates = [float(rate) for rate in given.rates.split(",")]
    found = []
    with tempfile.TemporaryDirectory() as folder, ForkServer([REGION], Path(folder)) as servers:
        for round_, (slow_ms, rate) in enumerate((slow, rate) for slow in (0.0, given.slow_ms) for rate in rates):
            region = servers.spawn(f"region{round_}", REGION, {"region": EAST, "listen": ["127.0.0.1", 0]})
            host, port = region.ready(60)["listen"]
            client = RegionClients(EAST, (host, port)).client("dynamodb")
            create_tables(client, [NewTable(table, "id") for table in TABLES])
            client.close()
            found.append(asyncio.run(measured((str(host), int(port)), slow_ms, rate, given.seconds, round_)))
            stop_all([region])
    show(found)
    if given.json:
        given.json.write_text(json.dumps({"machine": machine(), "measured": [asdict(one) for one in found]}, indent=2))
    return 0 if any(one.kept for one in found if one.slow_ms) else 1


def show(found: Sequence[Measured]) -> None:
    """As a table."""
    table = Table("DynamoDB later by", "webhooks/s", "p50", "p99", "worst", "answers", "all in the inbox after")
    for one in found:
        said = ", ".join(f"{count} x {what}" for what, count in sorted(one.answers.items()))
        drained = "never" if one.drained_s is None else f"{one.drained_s:.1f} s"
        times = (f"{ms:.0f} ms" for ms in (one.p50_ms, one.p99_ms, one.worst_ms))
        table.add_row(f"{one.slow_ms:g} ms", f"{one.rate:g}", *times, said, drained)
    Console().print(table)


if __name__ == "__main__":
    raise SystemExit(main())
