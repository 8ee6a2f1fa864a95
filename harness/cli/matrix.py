"""`drill matrix`: what can still be done while each dependency fails, from all drills that were filed."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from harness.drill.options import reports_folder
from harness.errors import InputError

if TYPE_CHECKING:
    from harness.drill.evidence import RunResult
    from harness.drill.matrix import Matrix

EXAMPLES = """
Examples:

`drill matrix`

`drill matrix 20261129-114313-25390` (as it was after that run, of what was drilled there)

`drill matrix --compare 20261128-101500-999 --fail-on worse`

`drill matrix --compare ../main/reports/matrix.json --fail-on worse --fail-on not-run`

It is of one subject, environment and profile: those of the newest run whose subject file names journeys. Each cell is
dependency, failure and journey, and has the evidence of the newest run that tells of it. Without --compare it is
compared with itself before the newest run.

Exit codes: 0 shown, 1 what --fail-on says has come about, 3 no run tells of journeys, or something cannot be read or
written.
"""

PAGE, DATA = "matrix.html", "matrix.json"
WORSE, NOT_RUN = "worse", "not-run"


def matrix(
    run: Annotated[
        str | None, typer.Argument(help="The run up to which evidence counts. Default: the newest.", show_default=False)
    ] = None,
    reports: Annotated[str | None, typer.Option(help="Folder of the runs. Default: that of drill run.")] = None,
    compare: Annotated[
        str | None,
        typer.Option(metavar="RUN", help="Compare with the matrix as of this run, or with a matrix.json of before."),
    ] = None,
    fail_on: Annotated[
        list[str] | None,
        typer.Option(metavar="worse|not-run", help="Exit with 1 when a cell is worse than before, or was never run."),
    ] = None,
) -> None:
    """Show the resiliency matrix: dependency, failure, and what can still be done; write it as a page and as data."""
    from harness.cli import matrix_view
    from harness.cli.report import runs_in
    from harness.drill.matrix import changes, kind_of, matrix_of
    from harness.reporting import matrix_page, matrix_runs
    from harness.reporting.terminal import console

    if wrong := [word for word in fail_on or () if word not in (WORSE, NOT_RUN)]:
        raise InputError(f"--fail-on {wrong[0]}: either {WORSE} or {NOT_RUN}")
    folder = reports_folder(reports, os.environ, Path.cwd())
    runs, problems = matrix_runs.read(runs_in(folder))
    until = _until(runs, run, folder)
    shown = matrix_of(until)
    if shown is None:
        raise InputError(f"no run in {folder} tells of journeys: a subject file names them in `workload.journeys`")
    same = [one for one in until if kind_of(one) == (shown.subject, shown.environment, shown.profile)]
    before, compared_with = _before(same, runs, compare, folder)
    found = [] if before is None else changes(before, shown)
    page = matrix_page.view(shown, matrix_page.of_report, found, compared_with)
    out = console()
    try:
        matrix_page.write(page, folder / PAGE)
        matrix_page.write_data(shown, found, compared_with, folder / DATA)
    except OSError as error:
        matrix_view.show(shown, found, compared_with, problems, out)
        raise InputError(f"{error.filename or folder}: cannot be written: {error.strerror}") from error
    matrix_view.show(shown, found, compared_with, problems, out)
    matrix_view.show_files((folder / PAGE, folder / DATA), out)
    worse = WORSE in (fail_on or ()) and any(change.kind == WORSE for change in found)
    raise typer.Exit(1 if worse or (NOT_RUN in (fail_on or ()) and shown.not_run) else 0)


def _until(runs: Sequence[RunResult], run: str | None, folder: Path) -> list[RunResult]:
    """The runs up to that one. Raises InputError where it is none of them."""
    if run is None:
        return list(runs)
    known = [one.run_id for one in runs]
    name = _named(run, folder)
    if name not in known:
        told = ", ".join(reversed(known[-10:])) or "none"
        raise InputError(f"no run {run} in {folder} that tells of journeys; there are: {told}")
    return list(runs[: known.index(name) + 1])


def _named(run: str, folder: Path) -> str:
    from harness.cli.report import folder_of

    try:
        return folder_of(run, folder).resolve().name
    except InputError:
        return run


def _before(
    same: Sequence[RunResult], runs: Sequence[RunResult], compare: str | None, folder: Path
) -> tuple[Matrix | None, str]:
    """What to compare with, and what that is in words."""
    from harness.drill.matrix import kind_of, matrix_of
    from harness.reporting import matrix_page, matrix_runs

    if compare is None:
        earlier = matrix_of(same[:-1])
        return earlier, "" if earlier is None else matrix_runs.compared_with(earlier)
    if Path(compare).is_file() and Path(compare).name != "run.json":
        return matrix_page.read_data(Path(compare)), compare
    until = [one for one in _until(runs, compare, folder) if kind_of(one) == kind_of(same[-1])]
    found = matrix_of(until)
    if found is None:
        raise InputError(f"--compare {compare}: that run is of another subject, environment or profile")
    return found, matrix_runs.compared_with(found)
