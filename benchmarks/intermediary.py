"""How soon the intermediary notices a loss, and how soon it has rewritten the record, beside the stated bounds.

    python benchmarks/intermediary.py [--runs 100]

The decisions alone, in a world of numbers with production's constants (tests/unit/intermediary_world.py): a data centre
is lost at another phase of every look in each run. Promised: within the bound of
harness/world/intermediary.py in all runs. Exit code 1 where one was not.
"""

from __future__ import annotations

import argparse
import importlib
import statistics
import sys
from functools import partial
from pathlib import Path

from harness.measurement.prediction import Failure
from harness.units import NS_PER_S
from harness.world.intermediary import WatchingLaw

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "unit"))
world_of_numbers = importlib.import_module("intermediary_world")

S, NYC, SFO = NS_PER_S, "nyc3", "sfo3"
LAW = WatchingLaw(
    look_ns=5 * S, timeout_ns=2 * S, unhealthy_after=3, healthy_after=2, vantage_points=3, agree=2,
    round_ns=5 * S // 2, ttl_ns=60 * S,
)  # fmt: skip
"""Of the numbers that the world has, which are those of environments/digitalocean.yaml."""
AGREED_S = 120.0
WAYS: tuple[Failure, ...] = ("refused", "black-hole")


def run(seed: int, how: Failure) -> tuple[float, float]:
    """Seconds from a loss until it is noticed, and until the record leads to the other place. The application follows
    the active database, so that nobody but the intermediary has to decide anything."""
    world = world_of_numbers.World("a", seed=seed, DATABASE="active")
    world.places[SFO] = "well"
    world.go(AGREED_S + seed / 7)
    instance, lost_ns = world.instances["a"], world.now_ns
    world.lose_platform(NYC, how, decided_after_s=None)
    world.go(60, partial(instance.has_testified, NYC, False, lost_ns))
    noticed_s = (world.now_ns - lost_ns) / S
    world.go(60, lambda: world.addresses == [world_of_numbers.ADDRESS[SFO]])
    return noticed_s, (world.now_ns - lost_ns) / S


def told(what: str, found: list[float], bound_s: float) -> bool:
    """Print one line; whether all runs were within the bound."""
    within = sum(seconds <= bound_s for seconds in found)
    print(
        f"{what}: {within} of {len(found)} within {bound_s:.2f} s "
        f"(p50 {statistics.median(found):.2f} s, latest {max(found):.2f} s)"
    )
    return within == len(found)


def main() -> int:
    """See the module's text."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=100)
    arguments = parser.parse_args()
    kept = []
    for how in WAYS:
        found = [run(seed, how) for seed in range(arguments.runs)]
        detect_ns = LAW.detect_ns(how, typical=False)
        kept.append(told(f"{how}, noticed", [noticed for noticed, _ in found], detect_ns / S))
        kept.append(told(f"{how}, record rewritten", [done for _, done in found], (detect_ns + LAW.publish_ns) / S))
    return 0 if all(kept) else 1


if __name__ == "__main__":
    sys.exit(main())
