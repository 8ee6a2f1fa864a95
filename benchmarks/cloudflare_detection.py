"""How soon Cloudflare's data centres notice a loss, and that it is over, beside the documented constants.

    python benchmarks/cloudflare_detection.py [--runs 1000]

The pure machines alone (checkers and majorities), in virtual time, seeded: in each run nine data centres of three
regions look at one origin at phases of their own, which is lost at another moment and comes back. Promised: no run is
later than the bound of harness/parts/steering/cloudflare/law.py or earlier than its soonest, and p50 and p95 are within
2 % of what the constants say by themselves (uniform phases: the second of three in the second of three regions). Exit
code 1 where that was not so.
"""

from __future__ import annotations

import argparse
import heapq
import random
import statistics
import sys
from dataclasses import dataclass
from functools import cache

from harness.engines.health_checks.checker import Checker, Due, Event, Finished, Probe, Sleep, step
from harness.measurement.prediction import Failure
from harness.parts.steering.cloudflare.health import PER_REGION, Health
from harness.parts.steering.cloudflare.law import CloudflareLaw
from harness.units import NS_PER_S, to_s

ORIGIN = "pool/origin"
REGIONS = 3
DRAWS = 40_000
Quantiles = tuple[float, float]
"""p50 and p95."""


@dataclass(frozen=True)
class Monitor:
    """interval, timeout: seconds; down, up: checks in a row."""

    interval: int
    timeout: int
    retries: int
    down: int = 1
    up: int = 1

    def law(self) -> CloudflareLaw:
        """The law of it in production, of three regions."""
        return CloudflareLaw(
            self.interval * NS_PER_S, self.timeout * NS_PER_S, self.retries, self.down, self.up, REGIONS, 30 * NS_PER_S
        )


MONITORS = (Monitor(60, 5, 2), Monitor(15, 5, 2, 2, 2), Monitor(5, 2, 1, 3, 3))
WAYS: tuple[Failure, ...] = ("refused", "black-hole")


def run(monitor: Monitor, how: Failure, seed: int) -> tuple[float, float]:
    """Seconds from a loss until the origin is unhealthy, and from its end until it is healthy again."""
    stream = random.Random(f"{monitor}/{how}/{seed}")
    interval_ns = monitor.interval * NS_PER_S
    fresh = Checker(
        interval_ns, monitor.down, healthy=False, up_threshold=monitor.up, retries=monitor.retries, paced=True
    )
    checkers = [fresh] * (REGIONS * PER_REGION)
    queue: list[tuple[int, int, int, Event]] = [
        (round(stream.random() * interval_ns), who, who, Due()) for who in range(len(checkers))
    ]
    heapq.heapify(queue)
    lost_ns = round((monitor.up + 2 + stream.random()) * interval_ns)
    over_ns = lost_ns + round((monitor.down + 3 + stream.random()) * (interval_ns + 3 * monitor.timeout * NS_PER_S))
    order, healthy = len(checkers), False
    turned: list[int] = []
    while len(turned) < 3:
        now_ns, _, who, event = heapq.heappop(queue)
        checkers[who], effects = step(checkers[who], event, now_ns)
        for effect in effects:
            order += 1
            if isinstance(effect, Probe):
                at_ns, result = _result(monitor, how, now_ns, gone=lost_ns <= now_ns < over_ns)
                heapq.heappush(queue, (at_ns, order, who, result))
            elif isinstance(effect, Sleep):
                heapq.heappush(queue, (effect.until_ns, order, who, Due()))
        if Health({ORIGIN: checkers}).endpoint(ORIGIN) != healthy:
            healthy = not healthy
            turned.append(now_ns)
    return to_s(turned[1] - lost_ns), to_s(turned[2] - over_ns)


def _result(monitor: Monitor, how: Failure, now_ns: int, *, gone: bool) -> tuple[int, Finished]:
    if not gone:
        return now_ns, Finished(True, "No failures")
    if how == "refused":
        return now_ns, Finished(False, "TCP connection failed", "connection")
    return now_ns + monitor.timeout * NS_PER_S, Finished(False, "HTTP timeout occurred", "timeout")


@cache
def shares() -> Quantiles:
    """p50 and p95 of the share of an interval after which the second of three regions has its second data centre."""
    stream = random.Random("shares")
    drawn = [
        sorted(sorted(stream.random() for _ in range(PER_REGION))[1] for _ in range(REGIONS))[1] for _ in range(DRAWS)
    ]
    return quantiles(drawn)


def quantiles(found: list[float]) -> Quantiles:
    """p50 and p95."""
    return statistics.median(found), statistics.quantiles(found, n=20)[-1]


def expected(monitor: Monitor, how: Failure) -> tuple[Quantiles, Quantiles]:
    """p50 and p95 of noticing and of accepting, by the constants alone.

    A check that was being retried when a black hole ended succeeds at once: as if it had begun that much earlier.
    """
    failed_s = 0 if how == "refused" else monitor.timeout * (1 + monitor.retries)
    retried_s = 0 if how == "refused" else monitor.timeout * monitor.retries
    rest_s = (monitor.down - 1) * max(monitor.interval, failed_s) + failed_s
    middle, late = (share * monitor.interval for share in shares())
    again_s = (monitor.up - 1) * monitor.interval - retried_s
    return (middle + rest_s, late + rest_s), (max(0.0, middle + again_s), max(0.0, late + again_s))


def told(what: str, found: list[float], wanted: Quantiles, limits_s: tuple[float, float], interval_s: float) -> bool:
    """Print one line; whether it is as promised: within 2 %, of the interval where that is more."""
    middle, late = quantiles(found)
    pairs = ((middle, wanted[0]), (late, wanted[1]))
    near = all(abs(seen - want) <= 0.02 * max(want, interval_s) for seen, want in pairs)
    within = all(limits_s[0] - 1e-6 <= seconds <= limits_s[1] for seconds in found)
    print(
        f"{what}: p50 {middle:.1f} s ({wanted[0]:.1f}), p95 {late:.1f} s ({wanted[1]:.1f}), "
        f"{'all' if within else 'NOT ALL'} of {len(found)} within {limits_s[0]:.1f} to {limits_s[1]:.1f} s"
    )
    return near and within


def main() -> int:
    """See the module's text."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=1_000)
    runs = parser.parse_args().runs
    kept = []
    for monitor in MONITORS:
        law = monitor.law()
        for how in WAYS:
            name = f"{monitor.interval} s, {monitor.timeout} s x {1 + monitor.retries}, {monitor.down}/{monitor.up}"
            found = [run(monitor, how, seed) for seed in range(runs)]
            noticing, accepting = expected(monitor, how)
            limits_s = to_s(law.earliest_detect_ns(how)), to_s(law.detect_ns(how, typical=False))
            noticed = [seconds for seconds, _ in found]
            kept.append(told(f"{name}, {how}, noticed", noticed, noticing, limits_s, monitor.interval))
            limits_s = to_s(law.earliest_accept_ns()), to_s(law.accept_ns(typical=False))
            accepted = [seconds for _, seconds in found]
            kept.append(told(f"{name}, {how}, accepted", accepted, accepting, limits_s, monitor.interval))
    return 0 if all(kept) else 1


if __name__ == "__main__":
    sys.exit(main())
