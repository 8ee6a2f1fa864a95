"""`drill report`: what a run found, and its report drawn anew from its evidence."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from harness.errors import InputError

EXAMPLES = """
Examples:

`drill report`

`drill report 20261124-092809-16090`

`drill report --reports /tmp/evidence latest`
"""

_SHOWN = 10


def report(
    run: Annotated[str, typer.Argument(help="A run's id, or the path of its folder or run.json.")] = "latest",
    reports: Annotated[Path, typer.Option(help="Folder of the runs.")] = Path("reports"),
) -> None:
    """Print the summary of a run, and draw its report.html anew from run.json."""
    from harness.reporting import report as html
    from harness.reporting import run_json
    from harness.reporting.summary import show

    folder = folder_of(run, reports)
    result = run_json.load(folder / "run.json")
    path = html.write(result, folder)
    show(result, path, Console(highlight=False))


def folder_of(run: str, reports: Path) -> Path:
    """The folder of a run. Raises InputError that lists the runs there are."""
    given = Path(run)
    for candidate in (given.parent if given.name == "run.json" else given, reports / run):
        if (candidate / "run.json").is_file():
            return candidate
    known = sorted((path.parent.name for path in reports.glob("*/run.json")), reverse=True)
    listed = ", ".join(known[:_SHOWN]) + (f" and {len(known) - _SHOWN} more" if len(known) > _SHOWN else "")
    raise InputError(f"no run {run} in {reports}: " + (f"there are {listed}" if known else "there are none yet"))
