"""Global tables in model time: does replication keep up with 1,000 writes/s, and does what is lost follow the law?

    python benchmarks/global_tables.py [--seconds 60] [--losses 1000]

Prints how much faster than model time the machines of 1,000 writes/s run, how far behind the other region is then, and
the loss of a region, predicted and simulated.
"""

from __future__ import annotations

import argparse
import math
import random
import time

from rich.console import Console
from rich.table import Table

from harness.parts.data.global_tables.lag import Expected, LagLaw
from harness.parts.data.global_tables.simulation import Simulation
from harness.units import NS_PER_S

EAST, WEST = "us-east-1", "us-west-2"
_SHARES = (0.5, 0.9, 0.99)
_LAWS = {
    "0.6 s, sigma 0.5": LagLaw(6 * NS_PER_S // 10, 0.5),
    "0.5 s, sigma 1.0": LagLaw(NS_PER_S // 2, 1.0),
}
_KEYS = 5_000


def throughput(rate_per_s: int, seconds: int) -> tuple[float, float, float]:
    """(model seconds per second, writes that wait at the end, p99 of the latency in s) at so many writes a second."""
    world = Simulation((EAST, WEST), LagLaw(6 * NS_PER_S // 10, 0.5), seed=1)
    began = time.perf_counter()
    for number in range(rate_per_s * seconds):
        world.run_until(number * NS_PER_S // rate_per_s)
        world.write(EAST, f"k{number % _KEYS}", {"v": number})
    took_s = time.perf_counter() - began
    waiting = sum(1 for _ in world.behind(EAST, WEST))
    latencies = sorted(world.latencies_ns)
    return seconds / took_s, waiting, latencies[int(len(latencies) * 0.99)] / NS_PER_S


def losses(lag: LagLaw, rate_per_s: float, count: int) -> list[tuple[int, int]]:
    """(items, age in ns) of so many independent losses of a region."""
    draws, found = random.Random(1), []
    for loss in range(count):
        world, at_s = Simulation((EAST, WEST), lag, seed=loss), 0.0
        while (at_s := at_s + draws.expovariate(rate_per_s)) < 20:
            world.run_until(round(at_s * NS_PER_S))
            world.write(EAST, str(at_s), {})
        world.run_until(20 * NS_PER_S)
        lost = world.loss(EAST, WEST)
        found.append((lost.items, lost.age_ns))
    return found


def main() -> None:
    """See the module's text."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--losses", type=int, default=1000)
    arguments = parser.parse_args()
    console = Console(highlight=False)
    faster, waiting, p99_s = throughput(1000, arguments.seconds)
    console.print(
        f"1,000 writes/s: {faster:.1f} times as fast as model time; at the end {waiting} items behind, "
        f"as many as are on their way; latency p99 {p99_s:.2f} s"
    )
    table = Table("delay", "writes/s", "what", "predicted", "simulated", box=None, pad_edge=False)
    for name, lag in _LAWS.items():
        expected, found = Expected(lag, 10.0), losses(lag, 10.0, arguments.losses)
        mean = sum(items for items, _ in found) / len(found)
        error = 1.96 * math.sqrt(expected.items / len(found))
        table.add_row(name, "10", "items, mean", f"{expected.items:.2f}", f"{mean:.2f} ± {error:.2f}")
        ages = sorted(age for _, age in found)
        for share in _SHARES:
            at = ages[min(int(len(ages) * share), len(ages) - 1)] / NS_PER_S
            table.add_row(
                "", "", f"seconds, p{share * 100:.0f}", f"{expected.quantile_ns(share) / NS_PER_S:.2f}", f"{at:.2f}"
            )
    console.print(table)


if __name__ == "__main__":
    main()
