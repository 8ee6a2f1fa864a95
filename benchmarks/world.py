"""The world as a whole: from a command to the first served request, with and without the subject, down again, memory.

    python benchmarks/world.py [--rounds 5]

Each round starts, in turn: three bare `moto_server` processes side by side until each has answered one call; the world
in a fresh Python process until both regions have answered a call through every link; the same with the reference
subject until the edge serves a write. The ratio is world to bare servers, round by round.
"""

from __future__ import annotations

import argparse
import json
import secrets
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import psutil
from baseline import bare_timer_p999_ms, machine, steal_s
from region_server import start_bare
from rich.console import Console
from rich.table import Table

GOALS = {"ratio": "<= 1.3", "world": "", "subject": "<= 10 s", "down": "<= 0.5 s", "pss": "<= 700 MB"}


def child(begun_ns: int) -> None:
    """In the fresh process: start the world, then the subject; print what each took since the command, as JSON."""
    from harness.drill.options import resolve
    from harness.live.backend import LiveWorld
    from harness.live.ground import warm

    options = resolve({}, {}, Path.cwd(), secrets.randbelow(2**31))
    with ExitStack() as stack:
        with LiveWorld(options, warm(stack, options)) as world:
            served(world)
            took = {"world": elapsed_s(begun_ns)}
            world.start_subject()
            world.wait_serving()
            took["subject"] = elapsed_s(begun_ns)
            took["pss"] = pss_mb()
            down_ns = time.monotonic_ns()
        took["down"] = elapsed_s(down_ns)
    sys.stdout.write(json.dumps(took))


def served(world: object) -> None:
    """Both regions answer a call through the gateway and its links."""
    from harness.engines.aws.clients import RegionClients
    from harness.live.backend import LiveWorld

    assert isinstance(world, LiveWorld)
    address = next(iter(world.net.by_name["gateway"].endpoints().values()))
    for region in world.edges:
        RegionClients(region, address).client("dynamodb").list_tables()


def elapsed_s(since_ns: int) -> float:
    return (time.monotonic_ns() - since_ns) / 1e9


def pss_mb() -> float:
    """Proportional set size of this process and everything below it, in MB."""
    processes = [psutil.Process(), *psutil.Process().children(recursive=True)]
    return sum(process.memory_full_info().pss for process in processes) / 1e6


def one_round() -> dict[str, float]:
    bare = start_bare()
    begun_ns = time.monotonic_ns()
    output = subprocess.run(
        [sys.executable, __file__, "--child", str(begun_ns)], check=True, capture_output=True, text=True
    ).stdout
    took: dict[str, float] = json.loads(output)
    return {"bare": bare, **took, "ratio": took["world"] / bare}


def report(rounds: Sequence[dict[str, float]], stolen_s: float, timer_ms: float) -> None:
    table = Table("what", "median", "least", "most", "goal", title=f"The embedded world, {len(rounds)} rounds")
    rows = {
        "bare": "three bare moto_server, all answered (s)",
        "world": "world, first call served by both regions (s)",
        "ratio": "ratio world / bare",
        "subject": "with the reference subject, first write served (s)",
        "down": "world down (s)",
        "pss": "memory, PSS of all processes (MB)",
    }
    for key, text in rows.items():
        values = [one[key] for one in rounds]
        figures = (f"{value:.2f}" for value in (statistics.median(values), min(values), max(values)))
        table.add_row(text, *figures, GOALS.get(key, ""))
    console = Console()
    console.print(table)
    console.print(f"{machine()}; steal {stolen_s:.1f} s; bare timer p99.9 {timer_ms:.1f} ms late", highlight=False)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--child", type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child is not None:
        child(arguments.child)
        return
    before_s, timer_ms = steal_s(), bare_timer_p999_ms()
    rounds = [one_round() for _ in range(arguments.rounds)]
    report(rounds, steal_s() - before_s, timer_ms)


if __name__ == "__main__":
    main()
