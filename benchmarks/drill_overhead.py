"""What the harness adds to a drill: wall time minus the waits that the drill itself prescribes.

    python benchmarks/drill_overhead.py [--rounds 3] [--drill control-fault-never-applied]

A fresh world: the whole command with one drill. A shared world: what each further drill adds to such a command. Beside
it, how late the witness sent at the drills' own rate with the whole world on the same machine (half a probe period is
the most that a drill allows).
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from baseline import bare_timer_p999_ms, machine, steal_s
from rich.console import Console
from rich.table import Table

MORE = 2
"""Drills after the first, in the shared world."""


def run(drill: str, trials: int) -> tuple[float, list[dict[str, Any]]]:
    """Wall seconds of `drill run`, and its drills."""
    with tempfile.TemporaryDirectory() as folder:
        began = time.monotonic()
        command = ["-m", "harness.cli.main", "run", drill, "--trials", str(trials), "--reports", folder]
        subprocess.run([sys.executable, *command], check=True, capture_output=True)
        wall_s = time.monotonic() - began
        drills: list[dict[str, Any]] = json.loads((Path(folder) / "latest" / "run.json").read_text())["drills"]
        return wall_s, drills


def waited_s(drill: dict[str, Any]) -> float:
    """How long it waited for clients to see something."""
    return float(drill["duration_s"]) - float(drill["overhead_s"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--drill", default="control-fault-never-applied")
    arguments = parser.parse_args()
    before_s, timer_ms = steal_s(), bare_timer_p999_ms()
    fresh: list[float] = []
    shared: list[float] = []
    late: list[float] = []
    for _ in range(arguments.rounds):
        one_s, one = run(arguments.drill, 1)
        fresh.append(one_s - waited_s(one[0]))
        many_s, many = run(arguments.drill, 1 + MORE)
        # What the further drills added to the command, drawing and filing included, without their waits.
        shared.append((many_s - waited_s(many[0]) - fresh[-1] - sum(map(waited_s, many[1:]))) / MORE)
        late.extend(1000 * float(drill["witness"]["p999"]) for drill in (*one, *many))
    table = Table("overhead of a drill (s)", "median", "least", "most", "goal", title=arguments.drill)
    rows: Sequence[tuple[str, list[float], str]] = (
        ("fresh world (the whole command)", fresh, "<= 6 s"),
        ("shared world (each drill after the first)", shared, "<= 3 s"),
        ("witness lateness p99.9 beside the world (ms)", late, "<= 100"),
    )
    for name, values, goal in rows:
        table.add_row(name, *(f"{v:.2f}" for v in (statistics.median(values), min(values), max(values))), goal)
    console = Console()
    console.print(table)
    stolen_s = steal_s() - before_s
    console.print(f"{machine()}; steal {stolen_s:.1f} s; bare timer p99.9 {timer_ms:.1f} ms late", highlight=False)


if __name__ == "__main__":
    main()
