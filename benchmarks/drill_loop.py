"""What a look of the drill's loop costs after 1, 10 and 60 minutes: it must not grow with the drill.

    python benchmarks/drill_loop.py [--rate 40]

The drill runs in the tests' world in fast forward, whose clients and canaries cost CPU themselves; the same world
without a loop is measured beside it, and taken off. Python's full garbage collections are left out of a look (there are
a few in an hour, each as long as what is remembered) and counted in the last column.
"""

from __future__ import annotations

import argparse
import gc
import importlib
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from harness.drill.facade import Drill
from harness.drill.settings import Settings
from harness.units import to_ns

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "unit"))
tests: Any = importlib.import_module("simulated_backend")

MINUTES = (1, 10, 60)
MEASURED_S = 60.0


def looks(rate_per_s: float, folder: Path) -> list[tuple[int, float, int, float]]:
    """Per length: minutes, microseconds per look of the minute after them, events by then, seconds of CPU so far."""
    drill = Drill(tests.SimulatedBackend(tests.Story(), tests.slow_environment(rate_per_s, 0.5)), tests.plan(), folder)
    begun_s = time.process_time()
    drill.open()
    drill.reach_steady_state(tests.EAST)
    found = []
    passed_s = 0.0
    for minutes in MINUTES:
        drill.watch(60 * minutes - passed_s)
        gc.disable()
        before_s, before = time.process_time(), drill._loop.ticks
        drill.watch(MEASURED_S)
        passed_s = 60 * minutes + MEASURED_S
        now_s = time.process_time()
        gc.enable()
        each_us = 1e6 * (now_s - before_s) / (drill._loop.ticks - before)
        found.append((minutes, each_us, len(drill._loop.observation.events), now_s - begun_s))
    drill.abandon()
    return found


def world_alone_us(rate_per_s: float, folder: Path) -> float:
    """Microseconds of CPU that the simulated world itself costs between two looks."""
    world = tests.SimulatedBackend(tests.Story(), tests.slow_environment(rate_per_s, 0.5))
    world.open_drill(folder, Settings())
    until_ns = world.clock.now_ns() + to_ns(MEASURED_S)
    begun_s, waits = time.process_time(), 0
    while world.clock.now_ns() < until_ns:
        world.wait(until_ns)
        world.poll()
        waits += 1
    return 1e6 * (time.process_time() - begun_s) / waits


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rate", type=float, default=40.0, help="operations per second of the judged clients")
    rate_per_s = parser.parse_args().rate
    with tempfile.TemporaryDirectory() as folder:
        alone_us = world_alone_us(rate_per_s, Path(folder))
        table = Table("after", "a look", "without the world", "events so far", "CPU so far")
        for minutes, each_us, events, spent_s in looks(rate_per_s, Path(folder)):
            table.add_row(
                f"{minutes} min", f"{each_us:.0f} us", f"{each_us - alone_us:.0f} us", str(events), f"{spent_s:.2f} s"
            )
    Console().print(table)


if __name__ == "__main__":
    main()
