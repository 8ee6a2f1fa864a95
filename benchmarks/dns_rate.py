"""How fast the Route 53 data plane answers over UDP, and how soon after a health flip its answer changes.

    python -m benchmarks.dns_rate [--seconds 3] [--flips 100]

Queries per second: one client with a window of queries under way, in a process of its own. Two rows: one question
repeated (the answer is remembered until the state changes), and a new question each time (computed). Flip: from a
change of health becoming known in the data plane to the first changed answer at a client that asks without pause.
Prints one line of JSON per figure.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import socket
import statistics
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import dns.message

from harness.engines.dns.server import Responder
from harness.engines.dns.zone import AliasTarget, Configuration, RecordSet, Zone
from harness.parts.steering.route53.config import DataPlaneConfig
from harness.parts.steering.route53.plane import DataPlane

APP = "app.example.com"
EAST, WEST = "127.0.1.10", "127.0.2.10"
WINDOW = 16
BALANCERS = {f"lb-{side}.example.net": {"address": address} for side, address in (("east", EAST), ("west", WEST))}


SETTINGS: Mapping[str, Any] = {"load_balancers": BALANCERS}
FLIP_EVERY_S = 0.03


def configuration() -> Configuration:
    """A PRIMARY and SECONDARY alias pair, and a wildcard for questions that are new each time."""
    east, west = (AliasTarget("Z", name, True) for name in BALANCERS)
    pair = [
        RecordSet(APP, "A", alias=east, failover="PRIMARY", set_identifier="east"),
        RecordSet(APP, "A", alias=west, failover="SECONDARY", set_identifier="west"),
    ]
    wildcard = RecordSet("*.many.example.com", "A", ttl_s=60, values=("192.0.2.1",))
    return Configuration((Zone.of("Z", "example.com", [*pair, wildcard]),))


def _serve(announce: Any, flips: int) -> None:
    """A data plane without a control plane: its configuration is put in place directly. Flips health `flips` times,
    and announces when."""
    import asyncio

    import uvloop

    from harness.engines.dns.server import DnsServer

    async def run() -> None:
        plane = DataPlane(
            DataPlaneConfig.model_validate({"control_plane": ("127.0.0.1", 9), **SETTINGS}), lambda _: None
        )
        plane.configure(configuration())
        server = DnsServer(Responder(plane))
        announce.put(await server.start("127.0.0.1", 0))
        for turn in range(flips):
            await asyncio.sleep(FLIP_EVERY_S)
            stamp_ns = time.monotonic_ns()
            plane.set_load_balancer("lb-east.example.net", healthy=bool(turn % 2))
            announce.put(stamp_ns)
        await asyncio.Event().wait()

    uvloop.run(run())


@dataclass(frozen=True)
class Running:
    """A DNS server in a process of its own. flips: the queue of the times at which it flips."""

    address: tuple[str, int]
    flips: Any
    pid: int


@contextmanager
def server(flips: int = 0) -> Iterator[Running]:
    """One that flips health so many times."""
    context = multiprocessing.get_context("fork")
    announce = context.SimpleQueue()
    process = context.Process(target=_serve, args=(announce, flips), daemon=True)
    process.start()
    try:
        yield Running(announce.get(), announce, process.pid or 0)
    finally:
        process.terminate()
        process.join()


def rate(address: tuple[str, int], seconds: float, question: Callable[[int], bytes]) -> float:
    """Answers per second with WINDOW queries under way."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.connect(address)
        client.settimeout(2)
        sent = 0
        while sent < WINDOW:
            client.send(question(sent))
            sent += 1
        start, answered = time.perf_counter(), 0
        while (elapsed := time.perf_counter() - start) < seconds:
            client.recv(4096)
            answered += 1
            client.send(question(sent))
            sent += 1
        return answered / elapsed


def repeated() -> Callable[[int], bytes]:
    """One question, with a new id each time."""
    wire = dns.message.make_query(APP, "A").to_wire()
    return lambda number: (number & 0xFFFF).to_bytes(2) + wire[2:]


def fresh() -> Callable[[int], bytes]:
    """A name that was never asked for before, each time; patched into the wire, so that the client stays cheap."""
    wire = dns.message.make_query("x0000000.many.example.com", "A").to_wire()
    return lambda number: wire[:14] + f"{number:07}".encode() + wire[21:]


def flips_seen(address: tuple[str, int], flips: Any, count: int) -> list[float]:
    """Milliseconds from each flip to the first changed answer."""
    question, found = repeated(), []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.connect(address)
        client.settimeout(2)

        def ask() -> bytes:
            client.send(question(0))
            return client.recv(4096)

        before = ask()
        for _ in range(count):
            while (after := ask()) == before:
                pass
            seen_ns, before = time.monotonic_ns(), after
            found.append((seen_ns - flips.get()) / 1e6)
    return found


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--flips", type=int, default=100)
    options = parser.parse_args()
    with server() as running:
        for name, question in (("repeated", repeated()), ("fresh", fresh())):
            runs = [rate(running.address, options.seconds / 3, question) for _ in range(3)]
            figure = {"figure": f"queries/s, {name}", "median": round(statistics.median(runs))}
            print(json.dumps({**figure, "min": round(min(runs)), "max": round(max(runs))}))
    with server(options.flips) as running:
        seen = flips_seen(running.address, running.flips, options.flips)
        print(json.dumps({"figure": "flip to answer, ms", **_spread(seen)}))


def _spread(samples: list[float]) -> dict[str, float]:
    return {
        "median": round(statistics.median(samples), 3),
        "p95": round(statistics.quantiles(samples, n=20)[-1], 3),
        "max": round(max(samples), 3),
    }


if __name__ == "__main__":
    main()
