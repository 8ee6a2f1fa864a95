"""The same drill on every environment that is installed: recovery time, how wide its bracket is, how long it takes.

    python benchmarks/environments.py [--rounds 3] [--environments NAME ...] [--drill NAME] [--json FILE]

Rounds take the environments in turn, so that a slow moment of the machine hits all. Printed are medians over the
rounds, with their range: the middle and the width of the RTO bracket, the time of the whole drill and of the part that
is no waiting for clients (start, calibration, judging, teardown), and the writes that were acknowledged. Memory and
speed of the servers themselves: benchmarks/region_servers.py. What is not installed is told, and is no failure unless
nothing is there to be measured (exit code 2).
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from baseline import machine
from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).parents[1] / "drills"))

import everywhere

FIGURES: Mapping[str, Callable[[Any], float]] = {
    "RTO, middle, s": lambda drill: (drill["rto"]["low_s"] + drill["rto"]["high_s"]) / 2,
    "RTO, bracket's width, s": lambda drill: drill["rto"]["high_s"] - drill["rto"]["low_s"],
    "drill, s": lambda drill: drill["duration_s"],
    "overhead, s": lambda drill: drill["overhead_s"],
    "acknowledged writes": lambda drill: drill["rpo"]["acknowledged"],
}


def figures(run: Path) -> Mapping[str, float] | None:
    """What one run's only drill was measured at; None where it has no recovery time."""
    if not run.exists():
        return None
    drills = json.loads(run.read_text(encoding="utf-8"))["drills"]
    if len(drills) != 1 or not drills[0]["rto"] or drills[0]["rto"]["high_s"] is None:
        return None
    return {name: float(take(drills[0])) for name, take in FIGURES.items()}


def spread(values: Sequence[float]) -> str:
    """Median and range."""
    return f"{statistics.median(values):.2f} ({min(values):.2f}-{max(values):.2f})"


def main() -> int:
    """See the module's text."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--environments", nargs="+", default=everywhere.ENVIRONMENTS)
    parser.add_argument("--drill", default="region-lost-black-holed")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    if arguments.rounds < 1:
        parser.error(f"--rounds {arguments.rounds}: at least 1")
    console = Console(highlight=False)
    missing = {name: why for name in arguments.environments if (why := everywhere.lacking(name)) is not None}
    found: dict[str, list[Mapping[str, float]]] = {
        name: [] for name in arguments.environments if name not in missing
    }  # fmt: skip
    for name, why in missing.items():  # told first: what is measured takes minutes
        console.print(f"{name} is not here: {why}", markup=False)
    if not found:
        console.print("none of them is here, so nothing was measured")
        return 2
    ended: dict[str, list[str]] = {name: [] for name in found}
    for number in range(arguments.rounds):
        for name, measured in found.items():
            console.print(f"round {number + 1} of {arguments.rounds}: {name}")
            with tempfile.TemporaryDirectory() as folder:
                verdicts = everywhere.run(name, [arguments.drill], Path(folder))
                ended[name].append(verdicts.get(arguments.drill, "no evidence"))
                if (one := figures(Path(folder) / name / "latest" / "run.json")) is not None:
                    measured.append(one)
    table = Table(f"{arguments.drill}, median (range)", *found, box=None, pad_edge=False)
    table.add_row("verdicts", *(" ".join(ended[name]) for name in found))
    for figure in FIGURES:
        table.add_row(figure, *(spread([one[figure] for one in of]) if of else "-" for of in found.values()))
    console.print(table)
    console.print(machine(), markup=False)
    if arguments.json:
        arguments.json.write_text(json.dumps({"ended": ended, "figures": found}, indent=2), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
