"""Global tables in model time: does replication keep up with 1,000 writes/s, and does what is lost follow the law?

    python benchmarks/global_tables.py [--seconds 60] [--losses 1000] [--repeat 3]

Prints how much faster than model time the machines of 1,000 writes/s run, how far behind the other region is then, and
the loss of a region, predicted and simulated. Promised: faster than model time, with no more writes on their way than
the delays explain; and the number of items that a loss takes along (its mean and its variance: Poisson's are the
same), and the age of the oldest one, within the intervals in which 99 of 100 such samples lie. Exit code 1 where it was
not so.
"""

from __future__ import annotations

import argparse
import math
import random
import sys
import time
from statistics import fmean, median, variance

from baseline import machine
from rich.console import Console
from rich.table import Table

from harness.parts.data.global_tables.lag import Expected, LagLaw, normal_quantile
from harness.parts.data.global_tables.simulation import Simulation
from harness.units import NS_PER_S

EAST, WEST = "us-east-1", "us-west-2"
_SHARES = (0.5, 0.9, 0.99)
_LAWS = {
    "0.6 s, sigma 0.5": LagLaw(6 * NS_PER_S // 10, 0.5),
    "0.5 s, sigma 1.0": LagLaw(NS_PER_S // 2, 1.0),
}
_KEYS = 5_000
_WRITES_PER_S, _LOSS_WRITES_PER_S = 1_000, 10.0
_Z = normal_quantile(0.995)


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


def keeps_up(console: Console, seconds: int, repeat: int) -> list[str]:
    """Print the throughput; what was not kept."""
    runs = [throughput(_WRITES_PER_S, seconds) for _ in range(repeat)]
    faster, (_, waiting, p99_s) = [one[0] for one in runs], runs[0]
    expected = Expected(LagLaw(6 * NS_PER_S // 10, 0.5), _WRITES_PER_S).items
    most = expected + _Z * math.sqrt(expected)
    console.print(
        f"{_WRITES_PER_S:,} writes/s: {median(faster):.1f} times as fast as model time, median of {repeat} "
        f"({min(faster):.1f} to {max(faster):.1f}); at the end {waiting:,} items behind, as the delays have it: "
        f"{expected:,.0f}, at most {most:,.0f}; latency p99 {p99_s:.2f} s"
    )
    missed = ["replication falls behind the clock"] if median(faster) < 1 else []
    return missed if waiting <= most else [*missed, f"{waiting:,} items are behind, more than the delays explain"]


def follows_the_law(console: Console, count: int) -> list[str]:
    """Print what losses take along; what was not kept."""
    table = Table("delay", "writes/s", "what", "predicted", "simulated", "interval of 99 %", box=None, pad_edge=False)
    missed = []
    for name, lag in _LAWS.items():
        expected, found = Expected(lag, _LOSS_WRITES_PER_S), losses(lag, _LOSS_WRITES_PER_S, count)
        items, ages = [one for one, _ in found], [age for _, age in found]
        rows = [
            ("items, mean", expected.items, fmean(items), _Z * math.sqrt(expected.items / count)),
            # Of a Poisson distribution: 2 m^2/(n - 1) + m/n is the variance of a sample's variance.
            ("items, variance", expected.items, variance(items),
             _Z * math.sqrt(2 * expected.items**2 / (count - 1) + expected.items / count)),
            *(
                (f"share of losses within {expected.quantile_ns(share) / NS_PER_S:.2f} s", share,
                 sum(age <= expected.quantile_ns(share) for age in ages) / count,
                 _Z * math.sqrt(share * (1 - share) / count))
                for share in _SHARES
            ),
        ]  # fmt: skip
        for what, predicted, simulated, error in rows:
            table.add_row(
                name, f"{_LOSS_WRITES_PER_S:.0f}", what, f"{predicted:.3f}", f"{simulated:.3f}",
                f"{predicted - error:.3f} to {predicted + error:.3f}",
            )  # fmt: skip
            if abs(simulated - predicted) > error:
                missed.append(f"{name}, {what}: {simulated:.3f}, predicted {predicted:.3f} ± {error:.3f}")
            name = ""
    console.print(table)
    return missed


def main() -> int:
    """See the module's text."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--losses", type=int, default=1000)
    parser.add_argument("--repeat", type=int, default=3)
    arguments = parser.parse_args()
    console = Console(highlight=False, width=140)
    console.print(machine(), markup=False)
    missed = [
        *keeps_up(console, arguments.seconds, arguments.repeat),
        *follows_the_law(console, arguments.losses),
    ]
    for one in missed:
        console.print(f"not kept: {one}", markup=False)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
