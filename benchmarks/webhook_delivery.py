"""How many webhooks a second the shop delivers, to a receiver that only says 200 over there, and what one costs.

    python benchmarks/webhook_delivery.py [--messages 3000] [--rounds 5] [--json FILE]

A real shop makes real orders, whose bodies are written, signed, sent over kept connections and noted in a history, as
in a drill. Three measures, each with new connections:

- messages that were told all at once, until the last is delivered (`--messages` of them);
- a burst with the making of its orders in it, one message each, as `burst` of a drill does;
- beside both, the receiver alone: the same bytes from a loop over as many connections, which does nothing else.

The receiver and the name server run in a process of their own. Printed are medians, least and most of the rounds.
Promised: at least 500 webhooks a second, and exit code 1 where they were not.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from baseline import machine, steal_s
from rich.console import Console
from rich.table import Table

from harness.kit.process import _new_event_loop
from harness.parts.commerce.shopify.deliveries import Deliveries
from harness.parts.commerce.shopify.delivery_config import DeliveryConfig, Way
from harness.parts.commerce.shopify.living import Living
from harness.parts.commerce.shopify.records.shop import Shop
from harness.parts.commerce.shopify.records.values import Changed
from harness.parts.commerce.shopify.subscribed import ShopSubscriptions
from harness.wire.exchange import render_request
from harness.witness.channel import dial

PROMISED = 500
ANSWERED = "192.0.2.10"
URL = "http://app.example.com/webhooks"
AT_ONCE = 64
ALL_AT_ONCE, BURST, ALONE = (
    "told at once, webhooks/s",
    "a burst with its making, webhooks/s",
    "the receiver alone, requests/s",
)


class Sink(asyncio.Protocol):
    """Says 200 to each request. Bodies have a length."""

    _OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"

    def __init__(self) -> None:
        self._data = bytearray()

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._data += data
        while (end := self._data.find(b"\r\n\r\n")) >= 0:
            at = self._data.lower().index(b"content-length:", 0, end) + 15
            length = int(bytes(self._data[at : self._data.index(b"\r", at)]))
            if len(self._data) < end + 4 + length:
                return
            del self._data[: end + 4 + length]
            self._transport.write(self._OK)


class Names(asyncio.DatagramProtocol):
    """Answers any question with one address."""

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        record = b"\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x3c\x00\x04" + bytes(map(int, ANSWERED.split(".")))
        self._transport.sendto(data[:2] + b"\x84\x00\x00\x01\x00\x01\x00\x00\x00\x00" + data[12:] + record, addr)


async def serve() -> None:
    """Until stdin closes; prints where."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Sink, "127.0.0.1", 0, backlog=1024)
    names, _ = await loop.create_datagram_endpoint(Names, local_addr=("127.0.0.1", 0))
    print(json.dumps([server.sockets[0].getsockname(), names.get_extra_info("sockname")]), flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


def fail(error: BaseException) -> None:
    """Nothing may go wrong in a benchmark."""
    sys.stderr.write(f"{error!r}\n")
    os._exit(2)


async def until(holds: Callable[[], bool]) -> None:
    """Look seldom: looking costs."""
    while not holds():  # noqa: ASYNC110
        await asyncio.sleep(0.005)


class Bench:
    """One round: a shop with one subscription, and its deliveries."""

    def __init__(self, folder: str, receiver: tuple[str, int], names: tuple[str, int]) -> None:
        self.receiver = receiver
        self.shop = Shop(lambda: time.time_ns() // 1000)
        self.shop.subscriptions.create("orders/create", URL)
        config = DeliveryConfig(
            history=str(Path(folder) / "history.jsonl"), dns=names, ways={ANSWERED: Way(place="p", address=receiver)},
            shop=self.shop.domain, api_version="2026-10", secret="secret", at_once=AT_ONCE,
            effects={"orders/create": ("erp:{id}",)},
        )  # fmt: skip
        self.deliveries = Deliveries(config, ShopSubscriptions(lambda: self.shop), fail)
        self.heard: Callable[[Sequence[Changed]], object] = self.deliveries.tell
        self.living = Living(self.shop, lambda changes: self.heard(changes), 7, fail)

    async def told_at_once(self, messages: int) -> tuple[float, bytes]:
        """Messages a second, and one body."""
        told: list[Sequence[Changed]] = []
        self.heard = told.append
        self.living.burst(messages, 0)
        await until(lambda: len(told) == messages)
        began = time.perf_counter()
        for changes in told:
            self.deliveries.tell(changes)
        await until(self.settled)
        rate = messages / (time.perf_counter() - began)
        return rate, json.dumps(told[0][0].body).encode()

    async def burst(self, messages: int) -> float:
        """Messages a second with the making of what they tell of."""
        self.heard = self.deliveries.tell
        began = time.perf_counter()
        self.living.burst(messages, 0)
        await until(lambda: not self.living.busy)
        await until(self.settled)
        return messages / (time.perf_counter() - began)

    def settled(self) -> bool:
        """Whether nothing is under way."""
        return bool(self.deliveries.unsettled()["settled"])

    async def alone(self, messages: int, body: bytes) -> float:
        """Requests a second that the receiver takes."""
        request = render_request("POST", "/webhooks", "app.example.com", {}, body, keepalive=True)
        channels = [await dial(self.receiver) for _ in range(AT_ONCE)]

        async def work(number: int) -> None:
            for _ in range(messages // AT_ONCE):
                await channels[number].exchange(request)

        began = time.perf_counter()
        await asyncio.gather(*(work(number) for number in range(AT_ONCE)))
        rate = messages // AT_ONCE * AT_ONCE / (time.perf_counter() - began)
        for channel in channels:
            channel.close()
        return rate


async def one_round(messages: int, receiver: tuple[str, int], names: tuple[str, int]) -> dict[str, float]:
    """What was measured, by what it is called."""
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(folder, receiver, names)
        await bench.deliveries.open()
        at_once, body = await bench.told_at_once(messages)
        await bench.deliveries.reset()
        burst = await bench.burst(messages)
        alone = await bench.alone(messages, body)
        await bench.deliveries.close()
    return {ALL_AT_ONCE: at_once, BURST: burst, ALONE: alone, "bytes of a body": len(body)}


def rounds(messages: int, count: int) -> list[dict[str, float]]:
    """All rounds, after one that warms everything up."""
    command = [sys.executable, __file__, "--serve"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        receiver, names = ((host, port) for host, port in json.loads(process.stdout.readline()))
        try:
            with asyncio.Runner(loop_factory=_new_event_loop) as runner:
                runner.run(one_round(messages // 10 + AT_ONCE, receiver, names))
                return [runner.run(one_round(messages, receiver, names)) for _ in range(count)]
        finally:
            process.kill()


def main() -> int:
    """See the module's text."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--messages", type=int, default=3000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.serve:
        asyncio.run(serve())
        return 0
    stolen_s = steal_s()
    found = rounds(arguments.messages, arguments.rounds)
    console = Console(highlight=False, width=110)
    console.print(f"{machine()}; {steal_s() - stolen_s:.1f} s stolen", markup=False)
    table = Table("what", f"median of {len(found)}", "least", "most", box=None, pad_edge=False)
    for name in found[0]:
        values = [one[name] for one in found]
        table.add_row(name, *(f"{value:,.0f}" for value in (median(values), min(values), max(values))))
    console.print(table)
    if arguments.json is not None:
        arguments.json.write_text(json.dumps(found, indent=1), encoding="utf-8")
    if median(one[ALL_AT_ONCE] for one in found) >= PROMISED:
        return 0
    sys.stdout.write(f"not kept: at least {PROMISED} webhooks a second\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
