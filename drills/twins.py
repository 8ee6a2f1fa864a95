"""Every drill as it is, and its negative twins: without failover it must go red, without its fault it must be INVALID.

    python drills/twins.py [NAME ...] [--environment NAME] [--reports DIR]

A green that nobody has seen red is no evidence. Prints a line for each run that did not end as it must, then a table;
exit code 0 when all did, else 1. A control is its own twin, and runs as it is only.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from harness.drill.catalogue import select

TWINS: Mapping[str, tuple[str, ...]] = {
    "MET": (),
    "MISSED": ("--set", "failover=off"),
    "INVALID": ("--set", "fault=none"),
}
_CONTROL = "control-"
_CONTROLS = ("record-replaced-nxdomain",)
"""Those that are controls by another name."""
LEFT_OUT = "not measurable here"


@dataclass(frozen=True)
class Ended:
    """How one drill of one run ended, and why."""

    drill: str
    verdict: str
    reason: str


def run(names: Sequence[str], options: Sequence[str], reports: Path) -> list[Ended]:
    """Run drills; how each ended. A run that left no evidence gives nothing."""
    latest = reports / "latest"
    latest.unlink(missing_ok=True)
    command = [sys.executable, "-m", "harness.cli.main", "run", *names, *options, "--reports", str(reports)]
    subprocess.run(command, check=False)
    if not latest.exists():
        return []
    body = json.loads((latest / "run.json").read_text(encoding="utf-8"))
    ended = [Ended(drill["name"], drill["verdict"], "; ".join(drill["reasons"])[:200]) for drill in body["drills"]]
    return ended + [Ended(left["name"], LEFT_OUT, left["reason"]) for left in body["not_measured"]]


def is_control(name: str) -> bool:
    """Whether a drill is broken on purpose, and so its own twin."""
    return name.startswith(_CONTROL) or name in _CONTROLS


def main() -> int:
    """See the module's text."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--environment", default="embedded")
    parser.add_argument("--reports", type=Path, default=Path("reports"))
    arguments = parser.parse_args()
    wanted = [drill.name for drill in select(arguments.names)]
    found: dict[tuple[str, str], Ended] = {}
    for expected, options in TWINS.items():
        names = [name for name in wanted if expected == "MET" or not is_control(name)]
        if names:
            for ended in run(names, [*options, "--environment", arguments.environment], arguments.reports):
                found[ended.drill, expected] = ended
    return report(wanted, found, Console(highlight=False))


def report(wanted: Sequence[str], found: Mapping[tuple[str, str], Ended], console: Console) -> int:
    """Show what ended how. Returns the exit code."""
    table = Table("drill", "as it is", "failover=off", "fault=none", box=None, pad_edge=False)
    wrong = []
    for name in wanted:
        row = []
        for expected in TWINS:
            if expected != "MET" and is_control(name):
                row.append("-")
                continue
            ended = found.get((name, expected))
            row.append("not run" if ended is None else ended.verdict)
            if ended is None or ended.verdict not in (expected, LEFT_OUT):
                why = "left no evidence" if ended is None else f"ended {ended.verdict}: {ended.reason}"
                wrong.append(f"{name} must end {expected}, and {why}")
        table.add_row(name, *row)
    console.print(table)
    for sentence in wrong:
        console.print(sentence, markup=False)
    console.print(f"{len(wrong)} runs ended wrongly" if wrong else "every drill and every twin ended as it must")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
