"""Drills broken designs, and prints the kill matrix: every one must go red, for the right reason.

    python tests/broken_designs/run.py [NAME ...] [--some N --seed N] [--reference] [--reports DIR] [--list]

Without names, all of them. --some N: a few only, others for each seed. --reference: the reference beside them, which
must be green in the same drills. Exit code 1 when a design survived, or is red for another reason.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from bank import EMBEDDED, Design, Written, designs, rotating, whole_in, write
from kill_matrix import Cell, Ended, show
from rich.console import Console

from harness.scheduling import child

LIMIT_S = 3600.0
UNCLEAR = "INVALID"
"""A machine that stalls proves nothing about a design; a design that ends so twice has survived."""


def drilled(drills: Sequence[str], written: Written, reports: Path) -> dict[str, Ended]:
    """Run drills with these files; how each ended. A run that left no evidence gives nothing."""
    command = [
        sys.executable, "-m", "harness.cli.main", "run", *drills, "--subject", str(written.subject),
        "--environment", str(written.environment or EMBEDDED), "--reports", str(reports),
    ]  # fmt: skip
    child.run(command, Path.cwd(), os.environ, LIMIT_S, Path(os.devnull))
    latest = reports / "latest" / "run.json"
    if not latest.exists():
        return {}
    found = json.loads(latest.read_text(encoding="utf-8"))["drills"]
    return {drill["name"]: Ended(drill["verdict"], tuple(drill["reasons"])) for drill in found}


def cells_of(design: Design, work: Path, reports: Path, console: Console) -> list[Cell]:
    """Drill one design."""
    drills = list(design.caught_by)
    console.print(f"{design.name} in {', '.join(drills)} ...", soft_wrap=True)
    written = write(design, work / design.name)
    found = drilled(drills, written, reports / design.name)
    if unclear := [drill for drill in drills if drill in found and found[drill].verdict == UNCLEAR]:
        console.print(f"  again, as the first try proved nothing: {', '.join(unclear)}", soft_wrap=True)
        found |= drilled(unclear, written, reports / design.name)
    cells = [Cell(design.name, design.rows, d, design.caught_by[d], found.get(d)) for d in drills]
    for cell in cells:
        said = "" if cell.ended is None else f": {cell.ended.verdict}: {cell.ended.said}"
        console.print(f"  {cell.fate.value}{said}", markup=False, soft_wrap=True)
    return cells


def drilled_whole(chosen: Sequence[Design], reports: Path) -> dict[str, Ended | None]:
    """The reference as it is, in each drill of the designs, and in the environment that a design is drilled in."""
    drills: dict[str, set[str]] = {}
    for design in chosen:
        drills.setdefault(design.environment, set()).update(design.caught_by)
    whole: dict[str, Ended | None] = {}
    for environment, names in drills.items():
        found = drilled(sorted(names), whole_in(environment), reports / "reference" / environment)
        suffix = "" if environment == EMBEDDED else f" on {environment}"
        whole |= {f"{drill}{suffix}": found.get(drill) for drill in sorted(names)}
    return whole


def main() -> int:
    """See the module's text."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--some", type=int)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--reference", action="store_true")
    parser.add_argument("--reports", type=Path, default=Path("reports") / "broken-designs")
    parser.add_argument("--list", action="store_true")
    arguments = parser.parse_args()
    known, console = designs(), Console(highlight=False)
    unknown = [name for name in arguments.names if name not in known]
    if unknown:
        parser.error(f"no broken design is called {', '.join(unknown)}; there are: {', '.join(known)}")
    chosen = arguments.names or list(known)
    if arguments.some is not None:
        chosen = rotating([name for name in chosen if not known[name].not_yet], arguments.some, arguments.seed)
    if arguments.list:
        for name in chosen:
            not_yet = f"; not yet: {known[name].not_yet}" if known[name].not_yet else ""
            console.print(f"{name}: {known[name].about} ({', '.join(known[name].caught_by)}{not_yet})", markup=False)
        return 0
    reports = arguments.reports.resolve()
    with tempfile.TemporaryDirectory() as work:
        cells = [cell for name in chosen for cell in cells_of(known[name], Path(work), reports, console)]
    whole: dict[str, Ended | None] = {}
    if arguments.reference:
        whole = drilled_whole([known[name] for name in chosen], reports)
    return show(cells, whole, console)


if __name__ == "__main__":
    sys.exit(main())
