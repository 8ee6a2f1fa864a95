"""500 health checks and 5,000 records in one data plane: does any checker miss its turn, and are questions answered?

    python benchmarks/dns_scale.py [--checks 500] [--records 5000] [--seconds 30] [--interval 10]

Each check has 16 checkers, as Route 53's have, which ask an endpoint in another process: 800 requests a second at an
interval of 10 s. Printed: requests made beside those due; how late turns were taken (a turn is missed when it is taken
later than a tenth of the interval); how long questions for random names of the zone took meanwhile; and how long after
an endpoint began to fail the answer of its names changed, which the threshold allows three intervals and more for.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import random
import statistics
import time
from typing import Any

import dns.message
import uvloop

from harness.clock import monotonic_ns
from harness.engines.dns.server import Responder
from harness.engines.dns.zone import Configuration, Failover, HealthCheck, RecordSet, Zone
from harness.engines.health_checks.checking import Fleet
from harness.engines.health_checks.fleet import Due, Effect, Event, Seat, Sleep
from harness.parts.steering.route53.config import DataPlaneConfig
from harness.parts.steering.route53.plane import DataPlane

_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"
_ASKED_EVERY_S = 0.005
LATE_SHARE = 0.1


def _endpoint(announce: Any) -> None:
    """Answers 200 to everything."""

    class Answering(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            self._transport = transport

        def data_received(self, data: bytes) -> None:
            self._transport.write(_ANSWER)  # type: ignore[attr-defined]
            self._transport.close()

    async def run() -> None:
        server = await asyncio.get_running_loop().create_server(Answering, "127.0.0.1", 0, backlog=4096)
        announce.put(server.sockets[0].getsockname()[:2])
        await server.serve_forever()

    uvloop.run(run())


class Watch:
    """Notes of every checker when its turn was due, and how late it was taken."""

    def __init__(self, fleet: Fleet[HealthCheck]) -> None:
        self.late_ms: list[float] = []
        self._due: dict[Seat, int] = {}
        self._do, self._step = fleet._do, fleet._step
        fleet._do, fleet._step = self.do, self.step  # type: ignore[method-assign]

    def do(self, effect: Effect[HealthCheck]) -> None:
        if isinstance(effect, Sleep):
            self._due[effect.seat] = effect.until_ns
        self._do(effect)

    def step(self, event: Event[HealthCheck]) -> None:
        if isinstance(event, Due):
            self.late_ms.append((monotonic_ns() - self._due[event.seat]) / 1e6)
        self._step(event)


SIDES: tuple[tuple[int, Failover], ...] = ((1, "PRIMARY"), (2, "SECONDARY"))


def configuration(checks: int, records: int, at: tuple[str, int], interval_s: int) -> Configuration:
    """PRIMARY and SECONDARY pairs, whose checks are shared evenly."""
    found = {
        f"check-{n}": HealthCheck(f"check-{n}", "HTTP", at[0], at[1], "/health", interval_s=interval_s)
        for n in range(checks)
    }
    pairs = [
        RecordSet(
            f"n{n}.example.com", "A", ttl_s=60, values=(f"127.0.{side}.10",), failover=role,
            set_identifier=role, health_check_id=f"check-{(2 * n + side - 1) % checks}",
        )
        for n in range(records // 2)
        for side, role in SIDES
    ]  # fmt: skip
    return Configuration((Zone.of("Z", "example.com", pairs),), found)


async def measured(options: argparse.Namespace, at: tuple[str, int]) -> None:
    """Run for so long, and print."""
    plane = DataPlane(DataPlaneConfig.model_validate({"control_plane": ("127.0.0.1", 9)}), lambda _: None)
    watch, responder, rng = Watch(plane.fleet), Responder(plane), random.Random(1)
    plane.configure(configuration(options.checks, options.records, at, options.interval))
    took_ms, until = [], time.monotonic() + options.seconds
    while time.monotonic() < until:
        wire = dns.message.make_query(f"n{rng.randrange(options.records // 2)}.example.com", "A").to_wire()
        began = time.perf_counter()
        assert responder.respond(wire, 0) is not None
        took_ms.append((time.perf_counter() - began) * 1e3)
        await asyncio.sleep(_ASKED_EVERY_S)
    due = options.checks * plane.settings.checkers * options.seconds / options.interval
    missed = sum(late > options.interval * 1e3 * LATE_SHARE for late in watch.late_ms)
    print(json.dumps({"figure": "turns of checkers", "taken": len(watch.late_ms), "due": round(due), "missed": missed}))
    print(json.dumps({"figure": "late by, ms", **_spread(watch.late_ms)}))
    print(json.dumps({"figure": "a question took, ms", **_spread(took_ms)}))
    healthy = sum(plane.now.checks.values()) if hasattr(plane.now, "checks") else None
    print(json.dumps({"figure": "healthy checks", "count": healthy, "of": options.checks}))
    await plane.fleet.close()


def _spread(samples: list[float]) -> dict[str, float]:
    cut = statistics.quantiles(samples, n=1000)
    return {"median": round(cut[499], 3), "p99": round(cut[989], 3), "max": round(max(samples), 3)}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checks", type=int, default=500)
    parser.add_argument("--records", type=int, default=5000)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--interval", type=int, default=10, choices=(10, 30))
    options = parser.parse_args()
    context = multiprocessing.get_context("fork")
    announce = context.SimpleQueue()
    process = context.Process(target=_endpoint, args=(announce,), daemon=True)
    process.start()
    try:
        uvloop.run(measured(options, announce.get()))
    finally:
        process.terminate()
        process.join()


if __name__ == "__main__":
    main()
