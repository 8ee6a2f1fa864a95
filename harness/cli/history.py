"""`drill history`: what clients saw, in the forms of other people's programs."""

from __future__ import annotations

import os
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli.report import LATEST, folder_of
from harness.drill.options import reports_folder
from harness.errors import InputError

if TYPE_CHECKING:
    from harness.drill.evidence import DrillResult

EXAMPLES = """
Examples:

`drill history export --form elle-edn`

`drill history export --form elle-json 20261124-092809-16090 --drill region-heals-failback`

`drill history export --form elle-edn latest --output /tmp/elle`

Then, with elle-cli: `java -jar elle-cli.jar --model rw-register --consistency-models serializable FILE`

Exit codes: 0 written; 3 no such run or drill, or a file that cannot be read or written.
"""

app = typer.Typer(help="Histories in the forms of other people's checkers.", no_args_is_help=True)


class Form(StrEnum):
    """What a history can be written as."""

    ELLE_EDN = "elle-edn"
    ELLE_JSON = "elle-json"


@app.callback()
def _group() -> None:
    """Keeps `export` a subcommand of its own."""


@app.command("export", epilog=EXAMPLES)
def export(
    form: Annotated[Form, typer.Option(help="Elle's transactions over registers, as EDN or as JSON.")],
    run: Annotated[str, typer.Argument(help="A run's id, or the path of its folder or run.json.")] = LATEST,
    drill: Annotated[str | None, typer.Option(help="Of this drill alone. Default: of each.")] = None,
    output: Annotated[
        str | None, typer.Option(metavar="FOLDER", help="Where the files go. Default: beside each history.")
    ] = None,
    reports: Annotated[str | None, typer.Option(help="Folder of the runs. Default: that of drill run.")] = None,
) -> None:
    """Write the history of each drill of a run for Elle, Jepsen's checker of transactions."""
    from harness.reporting import run_json_reader

    folder = folder_of(run, reports_folder(reports, os.environ, Path.cwd()))
    drills = run_json_reader.load(folder / "run.json").drills
    chosen = [one for one in drills if drill is None or one.name == drill]
    if not chosen:
        names = ", ".join(dict.fromkeys(one.name for one in drills)) or "none"
        raise InputError(f"{folder}: no drill {drill or ''} in this run; there are: {names}".replace("  ", " "))
    for one in chosen:
        typer.echo(_export(one, folder, form.value, None if output is None else Path(output)))


def _export(drill: DrillResult, folder: Path, form: str, output: Path | None) -> str:
    """Write one drill's; what was written, in a sentence. Raises InputError."""
    from harness.history import elle
    from harness.history.codec import read
    from harness.history.log import pair

    history = folder / drill.history
    found = elle.exported(pair(read(history)))
    name = f"{Path(drill.history).stem}{elle.SUFFIX[form]}"
    path = history.with_name(name) if output is None else output / f"{Path(drill.history).parent.name}-{name}"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w", encoding="utf-8") as file:
            file.writelines(elle.lines(found.rows, "elle-edn" if form == "elle-edn" else "elle-json"))
    except OSError as error:
        raise InputError(f"{path}: cannot be written: {error.strerror or error}") from error
    left = f", {found.left_out} left out, of {found.keys_left_out} keys that were deleted or counted on"
    return f"{path}: {found.kept} operations of {drill.name}{left if found.left_out else ''}"
