"""How many operations a second this machine carries: a closed-loop burst through the edge, before any drill.

Keys start with `cal-` and appear in no history.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from harness.clock import monotonic_ns
from harness.outcome import Outcome
from harness.units import to_ns, to_s
from harness.witness import outcomes
from harness.witness.channel import ExchangeError
from harness.witness.client import render
from harness.witness.lateness import Durations
from harness.witness.ledger import Planned
from harness.witness.routes import Dial
from harness.workload import Workload

PREFIX = "cal-"


@dataclass
class Burst:
    """The result of a burst. Rates count acknowledged operations only; times are in nanoseconds."""

    done: int
    failed: int
    took_ns: int
    latency: Durations

    def as_json(self) -> dict[str, float]:
        """ops_per_s, ok, failed, and the latency's p50 and p99 in seconds."""
        return {
            "ops_per_s": self.done / to_s(self.took_ns),
            "ok": self.done,
            "failed": self.failed,
            "p50_s": to_s(self.latency.percentile_ns(0.5)),
            "p99_s": to_s(self.latency.percentile_ns(0.99)),
        }


@dataclass(frozen=True)
class Target:
    """Where the burst goes. address: as the name's current answer says."""

    address: str
    host: str
    workload: Workload
    timeout_s: float
    dial: Dial


async def calibrate(target: Target, seconds: float, concurrency: int, prefix: str) -> Burst:
    """Write and read in turn, `concurrency` at once, over new connections, for `seconds`."""
    burst = Burst(0, 0, 0, Durations())
    started_ns = monotonic_ns()
    until_ns = started_ns + to_ns(seconds)
    ids = iter(range(1_000_000_000))

    async def work() -> None:
        while monotonic_ns() < until_ns:
            key = f"{PREFIX}{prefix}-{next(ids)}"
            written = await _attempt(target, Planned(key, 0, "put", key, key), burst)
            if written:
                await _attempt(target, Planned(key, 0, "get", key, None), burst)

    await asyncio.gather(*(work() for _ in range(concurrency)))
    burst.took_ns = monotonic_ns() - started_ns
    return burst


async def _attempt(target: Target, planned: Planned, burst: Burst) -> bool:
    sent_ns = monotonic_ns()
    ok = await _acknowledged(target, planned)
    if ok:
        burst.done += 1
        burst.latency.add(monotonic_ns() - sent_ns)
    else:
        burst.failed += 1
        await asyncio.sleep(_BACKOFF_S)
    return ok


_BACKOFF_S = 0.01
"""After a failure: an edge that refuses at once must not turn the burst into a busy loop."""


async def _acknowledged(target: Target, planned: Planned) -> bool:
    template = target.workload.put if planned.f == "put" else target.workload.get
    request = render(template, target.host, planned, keepalive=False)
    try:
        async with asyncio.timeout(target.timeout_s):
            channel = await target.dial(target.address)
            try:
                response = await channel.exchange(request)
            finally:
                channel.close()
    except (TimeoutError, ExchangeError):
        return False
    value = target.workload.get.value
    seen = outcomes.with_answer(planned.f, response.status, response.headers, response.body, value)
    return seen.outcome is Outcome.OK
