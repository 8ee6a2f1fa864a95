"""The same drills on every environment whose programs are installed: they must end alike everywhere.

    python drills/everywhere.py [--environments NAME ...] [--drills NAME ...] [--reports DIR]

What is not installed is told with the command that installs it, and is no failure. Prints a table; exit code 1 when a
drill did not end as it did on the first environment, 2 when nothing but that one was there to compare with, else 0.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Column, Table

from harness.cli.parts_diagnosis import parts
from harness.drill.options import resolve
from harness.errors import InputError
from harness.scheduling import child
from harness.world.diagnosis import State

ENVIRONMENTS = ("embedded", "toxiproxy", "ministack", "dynoxide", "localstack")
DRILLS = (
    "region-lost-black-holed", "region-heals-failback", "control-failover-disabled", "control-fault-never-applied",
)  # fmt: skip
ROOT = Path(__file__).parents[1]
LIMIT_S = 4 * 3600.0
"""Of one `drill run`. It ends with the script that started it, however that ends."""


def lacking(environment: str) -> str | None:
    """Why an environment cannot be used on this machine; None: it can."""
    try:
        found = list(parts(resolve({"environment": environment}, {}, ROOT, 0)))
    except InputError as error:
        return str(error).partition("\n")[0]
    return next((f"{one.text}; {one.hint}".rstrip("; ") for one in found if one.state is State.FAIL), None)


def run(environment: str, drills: Sequence[str], reports: Path) -> Mapping[str, str]:
    """Run drills; by drill, how it ended. A run that left no evidence gives nothing."""
    latest = reports / environment / "latest"
    latest.unlink(missing_ok=True)
    options = ["--environment", environment, "--reports", str(reports / environment)]
    command = [sys.executable, "-m", "harness.cli.main", "run", *drills, *options]
    child.run(command, Path.cwd(), os.environ, LIMIT_S, None)
    if not latest.exists():
        return {}
    body = json.loads((latest / "run.json").read_text(encoding="utf-8"))
    left = {one["name"]: "not measurable here" for one in body["not_measured"]}
    return left | {drill["name"]: drill["verdict"] for drill in body["drills"]}


def differing(ended: Mapping[str, Mapping[str, str]], drills: Sequence[str]) -> list[str]:
    """Sentences on what did not end as on the first environment, or did not end at all."""
    first = next(iter(ended))
    return [
        f"{drill} ended {found.get(drill, 'without evidence')} on {name}, and {ended[first].get(drill)} on {first}"
        for name, found in ended.items()
        for drill in drills
        if drill not in found or found[drill] != ended[first].get(drill)
    ]


def main() -> int:
    """See the module's text."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--environments", nargs="+", default=ENVIRONMENTS)
    parser.add_argument("--drills", nargs="+", default=DRILLS)
    parser.add_argument("--reports", type=Path, default=Path("reports") / "everywhere")
    arguments = parser.parse_args()
    console = Console(highlight=False)
    missing = {name: why for name in arguments.environments if (why := lacking(name)) is not None}
    here = [name for name in arguments.environments if name not in missing]
    ended = {name: run(name, arguments.drills, arguments.reports) for name in here}
    table = Table(Column("drill", overflow="fold"), *here, box=None, pad_edge=False)
    for drill in arguments.drills:
        table.add_row(drill, *(ended[name].get(drill, "no evidence") for name in here))
    console.print(table)
    for name, why in missing.items():
        console.print(f"{name} is not here: {why}", markup=False)
    wrong = differing(ended, arguments.drills) if ended else []
    for sentence in wrong:
        console.print(sentence, markup=False)
    if wrong:
        return 1
    console.print(f"{len(arguments.drills)} drills ended alike on {', '.join(here) or 'nothing'}")
    return 0 if here[1:] else 2


if __name__ == "__main__":
    sys.exit(main())
