"""`drill compare`: the same outage under several ways to lead clients, side by side."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness.cli import options as shared
from harness.errors import InputError
from harness.processes.interruption import EXIT_INTERRUPTED, held

if TYPE_CHECKING:
    from harness.cli.compare_plan import Plan
    from harness.cli.compare_variants import Known
    from harness.drill.compared import Comparison, Row, Way

EXAMPLES = """
Examples:

`drill compare` (the primary region goes dark, under every way to lead clients that is shipped)

`drill compare -e embedded -e digitalocean --outage region-lost-refused`

`drill compare -e embedded --interval 10 --interval 30 --threshold 1 --threshold 3`

`drill compare -e mine.yaml -e embedded --seed 7 --reports comparison`

Each is one `drill run` in a world of its own, one after the other, in the profile fast about a minute each; one that
ended INVALID is run once more. Measured are the wall seconds of the profile; expected are production seconds by the
documented constants alone. The page is compare.html in the folder of the runs, and compare.json the same as data; after
Ctrl-C they tell of what has been run.

Exit codes: 0 every drill was MET, 1 one was MISSED, 2 one was unknown, invalid, aborted or not run, 3 input or harness
(nothing was run), 130 interrupted.
"""
PAGE, DATA = "compare.html", "compare.json"
OUTAGE = "region-lost-black-holed"
LIMIT_S = 4 * 3600.0
_INTERRUPTED = "interrupted"
_EXIT = {"MET": 0, "MISSED": 1}
_EXIT_UNPROVEN = 2


def compare(
    environment: Annotated[
        list[str] | None,
        typer.Option(
            "--environment", "-e", help="A way to lead clients: a name, or a .yaml file. Default: all shipped ones."
        ),
    ] = None,
    outage: Annotated[list[str] | None, typer.Option(help=f"A drill. Default: {OUTAGE}.")] = None,
    ttl: Annotated[
        list[str] | None, typer.Option(metavar="SECONDS", help="TTL of the answer, in production seconds.")
    ] = None,
    interval: Annotated[
        list[str] | None, typer.Option(metavar="SECONDS", help="Time between health checks, in production seconds.")
    ] = None,
    threshold: Annotated[
        list[str] | None, typer.Option(metavar="INTEGER", help="Failed checks until it counts.")
    ] = None,
    profile: shared.ProfileName = None,
    seed: shared.Seed = None,
    reports: Annotated[
        str | None, typer.Option(help="Folder of the runs. Default: compare in that of drill run.")
    ] = None,
    yes: Annotated[
        bool, typer.Option("--yes", help="Agree beforehand to what is done to a stack that is not ours.")
    ] = False,
) -> None:
    """Run the same outage under each way to lead clients, and compare: detect, decide, propagate, the last client.

    Each option of a way may be given several times: every combination is run. What a way does not have is left as it is
    there, and said.
    """
    from harness.cli import compare_plan, compare_view
    from harness.cli.compare_plan import Given
    from harness.drill.compared import Comparison
    from harness.reporting.terminal import console

    asked = {"ttl": ttl or (), "interval": interval or (), "threshold": threshold or ()}
    given = Given(environment or compare_view.shipped(), outage or [OUTAGE], asked, profile, seed, reports)
    plan = compare_plan.plan(given)
    out = console()
    compare_view.show_plan(plan, out)
    rows: list[Row] = []
    interrupted = False
    runs = [way for way, _ in plan.ways if way.label not in plan.left_out]
    for way, known in plan.ways:
        if interrupted or way.label in plan.left_out:
            rows += _left_out(way, plan, plan.left_out.get(way.label, _INTERRUPTED))
            continue
        compare_view.began(runs.index(way) + 1, len(runs), way, out)
        try:
            rows += _ran(way, known, plan, yes)
        except KeyboardInterrupt:
            interrupted = True
            rows += _left_out(way, plan, _INTERRUPTED)
    found = Comparison(tuple(rows), plan.profile.value, plan.seed, interrupted)
    with held():
        compare_view.show(found, out)
        _write(found, plan.folder)
        compare_view.show_files((plan.folder / PAGE, plan.folder / DATA), out)
    raise typer.Exit(EXIT_INTERRUPTED if interrupted else _EXIT.get(found.verdict.value, _EXIT_UNPROVEN))


def _left_out(way: Way, plan: Plan, why: str) -> list[Row]:
    from harness.drill.compared import Row

    return [Row(way, outage, "", why) for outage in plan.outages]


def _ran(way: Way, known: Known, plan: Plan, yes: bool) -> list[Row]:
    """Run one way: the rows of its evidence, and where it left none, rows that say so."""
    from harness.cli import compare_variants
    from harness.drill.compared import rows_of
    from harness.reporting import run_json_reader
    from harness.scheduling import child, filed

    where = plan.folder / way.folder
    try:
        file = compare_variants.file_of(way, known, where)
        command = [
            sys.executable, "-m", "harness.cli.main", "run", *plan.typed, "--environment", str(file), "--trials", "1",
            "--profile", plan.profile.value, "--seed", str(plan.seed), "--reports", str(where),
            "--rerun-invalid", str(plan.reruns), *(["--yes"] if yes else []),
        ]  # fmt: skip
        before = filed.known(where)
        finished = child.run(command, Path.cwd(), os.environ, LIMIT_S, None)
        evidence = filed.folder_of(where, finished.pid, before)
        if finished.exit_code == EXIT_INTERRUPTED:
            raise KeyboardInterrupt
        if evidence is None or not (evidence / "run.json").is_file():
            return _left_out(way, plan, f"drill run left no evidence: it ended with exit code {finished.exit_code}")
        return rows_of(way, run_json_reader.load(evidence / "run.json"), plan.outages)
    except (InputError, OSError) as error:
        return _left_out(way, plan, str(error).partition("\n")[0])


def _write(found: Comparison, folder: Path) -> None:
    from harness.reporting import compare_page

    try:
        folder.mkdir(parents=True, exist_ok=True)
        compare_page.write(found, folder / PAGE)
        compare_page.write_data(found, folder / DATA)
    except OSError as error:
        raise InputError(f"{error.filename or folder}: cannot be written: {error.strerror}") from error
