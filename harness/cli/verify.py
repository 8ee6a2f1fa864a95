"""`drill verify`: whether a run's numbers and verdicts still follow from the files that it left."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.text import Text

from harness.cli.report import LATEST, folder_of
from harness.drill.options import reports_folder
from harness.reporting.wording import clean

if TYPE_CHECKING:
    from harness.reporting.verification import Verified

EXAMPLES = """
Examples:

`drill verify`

`drill verify 20261124-092809-16090`

`drill verify --reports /tmp/evidence latest`

Exit codes: 0 everything is as it was filed, whatever the verdict was; 1 something differs, or the seal is missing; 2
nothing differs, but a drill without its case cannot be judged again; 3 no such run, or its files cannot be read.
A drill whose judging broke off when it ended is judged anew: what it comes to now is told as a difference.
Watches and drills that broke off left nothing to judge: it says what was checked instead, and the exit code is 0.
"""

EXIT_DIFFERS = 1
EXIT_NOT_VERIFIABLE = 2
_SHOWN = 200


def verify(
    run: Annotated[str, typer.Argument(help="A run's id, or the path of its folder or run.json.")] = LATEST,
    reports: Annotated[str | None, typer.Option(help="Folder of the runs. Default: that of drill run.")] = None,
) -> None:
    """Judge every drill of a run again from its files alone, and say what differs from run.json."""
    from harness.reporting.verification import verify as check

    folder = folder_of(run, reports_folder(reports, os.environ, Path.cwd()))
    found = check(folder)
    console = Console(highlight=False, soft_wrap=True)
    for difference in found.differences[:_SHOWN]:
        console.print(Text(clean(str(difference)), style="red"))
    left = len(found.differences) - _SHOWN
    if left > 0:
        console.print(Text(f"and {left} more {'difference' if left == 1 else 'differences'}"))
    for sentence in (*found.not_judged, *found.unverifiable):
        console.print(Text(clean(sentence)))
    if found.differences:
        count = len(found.differences)
        differ = "1 value differs" if count == 1 else f"{count} values differ"
        console.print(Text(f"{folder}: {differ} from what the files say"))
        raise typer.Exit(EXIT_DIFFERS)
    if found.unverifiable:
        text = f"{drills(len(found.unverifiable))} cannot be judged again, so nobody can say whether all is as filed"
        console.print(Text(f"{folder}: {text}"))
        raise typer.Exit(EXIT_NOT_VERIFIABLE)
    console.print(Text(f"{folder}: {_all_well(found)}"))


def _all_well(found: Verified) -> str:
    """What may be said where nothing differs: no more than what was checked."""
    if not found.not_judged:
        return f"{drills(len(found.judged))} judged again, everything is as it was filed"
    if not found.judged:
        return "nothing to judge again; what was checked is as it was filed"
    return f"{drills(len(found.judged))} judged again; that and what was checked of the others is as it was filed"


def drills(count: int) -> str:
    """`1 drill`, `2 drills`."""
    return "1 drill" if count == 1 else f"{count} drills"
