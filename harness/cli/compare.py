"""`drill compare`: the same outage under several ways to lead clients, side by side."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli import options as shared
from harness.drill.options import reports_folder
from harness.errors import InputError

if TYPE_CHECKING:
    from harness.drill.compared import Comparison, Row, Way

EXAMPLES = """
Examples:

`drill compare` (the primary region goes dark, under every way to lead clients that is shipped)

`drill compare -e embedded -e digitalocean --outage region-lost-refused`

`drill compare -e embedded --interval 10 --interval 30 --threshold 1 --threshold 3`

`drill compare -e external -e embedded --seed 7 --reports comparison`

Each is one `drill run` in a world of its own, one after the other, about a minute each. Measured are the wall seconds
of the profile; expected are production seconds by the documented constants alone. The page is compare.html in the
folder of the runs, and compare.json the same as data.

Exit codes: 0 every drill was MET, 1 one was not, 3 none could be run.
"""
PAGE, DATA = "compare.html", "compare.json"
OUTAGE = "region-lost-black-holed"
LIMIT_S = 4 * 3600.0
EXIT_NOT_MET = 1


def compare(
    environment: Annotated[
        list[str] | None, typer.Option("--environment", "-e", help="A way to lead clients. Default: all shipped ones.")
    ] = None,
    outage: Annotated[list[str] | None, typer.Option(help=f"A drill. Default: {OUTAGE}.")] = None,
    ttl: Annotated[list[float] | None, typer.Option(min=1, help="TTL of the answer, in production seconds.")] = None,
    interval: Annotated[
        list[float] | None, typer.Option(min=1, help="Time between health checks, in production seconds.")
    ] = None,
    threshold: Annotated[list[float] | None, typer.Option(min=1, help="Failed checks until it counts.")] = None,
    profile: shared.ProfileName = None,
    seed: shared.Seed = None,
    reports: Annotated[
        str | None, typer.Option(help="Folder of the runs. Default: compare in that of drill run.")
    ] = None,
) -> None:
    """Run the same outage under each way to lead clients, and compare: detect, decide, propagate, the last client."""
    from harness.cli import compare_variants, compare_view
    from harness.drill.compared import Comparison
    from harness.reporting.terminal import console

    options = shared.resolved(profile=profile, seed=seed)
    folder = Path(reports) if reports else reports_folder(None, os.environ, Path.cwd()) / "compare"
    outages = outage or [OUTAGE]
    asked = {"ttl": ttl or (), "interval": interval or (), "threshold": threshold or ()}
    out = console()
    rows: list[Row] = []
    ways = list(compare_variants.ways(environment or compare_view.shipped(), asked))
    for number, way in enumerate(ways, start=1):
        compare_view.began(number, len(ways), way, out)
        rows += _ran(way, outages, folder, ["--profile", options.timing.profile.value, "--seed", str(options.seed)])
    found = Comparison(tuple(rows), options.timing.profile.value, options.seed)
    _write(found, folder)
    compare_view.show(found, out)
    compare_view.show_files((folder / PAGE, folder / DATA), out)
    if not any(row.verdict for row in rows):
        raise InputError("none of these could be run: what each lacks is said above")
    raise typer.Exit(0 if found.proven else EXIT_NOT_MET)


def _ran(way: Way, outages: Sequence[str], folder: Path, options: Sequence[str]) -> list[Row]:
    """Run one way; where it cannot be run, rows that say why."""
    from harness.cli import compare_variants
    from harness.cli.parts_diagnosis import parts
    from harness.drill.compared import Row, rows_of
    from harness.drill.options import resolve
    from harness.reporting import run_json_reader
    from harness.scheduling import child
    from harness.world.diagnosis import State

    def left_out(why: str) -> list[Row]:
        return [Row(way, outage, "", why) for outage in outages]

    try:
        with compare_variants.file_of(way) as file:
            lacks = [
                one for one in parts(resolve({"environment": str(file)}, {}, Path.cwd(), 0)) if one.state is State.FAIL
            ]
            if lacks:
                return left_out(f"{lacks[0].text}; {lacks[0].hint}".rstrip("; "))
            command = [sys.executable, "-m", "harness.cli.main", "run", *outages, "--environment", str(file)]
            where = folder / way.folder
            finished = child.run([*command, *options, "--reports", str(where)], Path.cwd(), os.environ, LIMIT_S, None)
            latest = where / "latest" / "run.json"
            if not latest.exists():
                return left_out(f"drill run left no evidence (exit code {finished.exit_code})")
            return rows_of(way, run_json_reader.load(latest), outages)
    except InputError as error:
        return left_out(str(error).partition("\n")[0])


def _write(found: Comparison, folder: Path) -> None:
    from harness.reporting import compare_page

    try:
        folder.mkdir(parents=True, exist_ok=True)
        compare_page.write(found, folder / PAGE)
        compare_page.write_data(found, folder / DATA)
    except OSError as error:
        raise InputError(f"{error.filename or folder}: cannot be written: {error.strerror}") from error
