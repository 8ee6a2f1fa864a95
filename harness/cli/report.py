"""`drill report`: what a run found, and its report drawn anew from its evidence."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from harness.drill.options import reports_folder
from harness.errors import InputError

EXAMPLES = """
Examples:

`drill report`

`drill report 20261124-092809-16090`

`drill report --reports /tmp/evidence latest`

`drill report --summary summary.md` (in GitHub Actions `drill run` adds it to the job's page by itself)

`drill report --allure` (a page of Allure 3 with the runs before it; `drill install allure` brings Allure)

`drill report --allure --no-single-file` (many files, for a web server)

Exit codes: 0 shown, whatever the verdict was; 3 no such run, it is no evidence, or its report cannot be written.
"""

LATEST = "latest"
_SHOWN = 10


def report(
    run: Annotated[str, typer.Argument(help="A run's id, or the path of its folder or run.json.")] = LATEST,
    reports: Annotated[str | None, typer.Option(help="Folder of the runs. Default: that of drill run.")] = None,
    summary: Annotated[
        str | None, typer.Option(metavar="FILE", help="Add the run in Markdown to this file, as for a CI job's page.")
    ] = None,
    allure: Annotated[bool, typer.Option("--allure", help="Make allure-report/ in its folder, too.")] = False,
    single_file: Annotated[
        bool, typer.Option(help="With --allure: one page that opens by itself, or many files for a web server.")
    ] = True,
) -> None:
    """Print the summary of a run, and draw its report.html anew from run.json."""
    from harness.reporting import report as html
    from harness.reporting import run_json_reader
    from harness.reporting.summary import show
    from harness.reporting.terminal import console

    folder = folder_of(run, reports_folder(reports, os.environ, Path.cwd()))
    result = run_json_reader.load(folder / "run.json")
    out = console()
    try:
        path = html.write(result, folder)
    except OSError as error:
        show(result, None, out)
        raise InputError(f"{folder / 'report.html'}: cannot be written: {error.strerror}") from error
    show(result, path, out)
    if summary is not None:
        from harness.cli.job_summary import add

        add(result, folder, Path(summary), os.environ)
    if allure:
        from harness.cli import allure_report

        page = allure_report.draw(result, folder, lambda text: out.print(Text(text)), single_file=single_file)
        out.print(Text(f"Allure: {page}", overflow="fold"))


def folder_of(run: str, reports: Path) -> Path:
    """The folder of a run. Raises InputError that lists the runs there are, newest first."""
    given = Path(run)
    named = (reports / run, given.parent if given.name == "run.json" else given)
    for candidate in named:
        if _is_run(candidate):
            return candidate
    # A run's id starts with its date and time, so the names sort by age.
    known = sorted((path.name for path in _folders(reports) if _is_run(path)), reverse=True)
    if run == LATEST and known:
        return reports / known[0]
    listed = ", ".join(known[:_SHOWN]) + (f" and {len(known) - _SHOWN} more" if len(known) > _SHOWN else "")
    raise InputError(f"no run {run} in {reports}: " + (f"there are {listed}" if known else "there are none yet"))


def runs_in(reports: Path) -> list[Path]:
    """The folders of all runs there."""
    return sorted(path for path in _folders(reports) if _is_run(path))


def _is_run(folder: Path) -> bool:
    try:
        return (folder / "run.json").is_file()
    except OSError:  # too long a name, for instance
        return False


def _folders(reports: Path) -> list[Path]:
    try:
        return [path for path in reports.iterdir() if not path.is_symlink()]
    except OSError:  # there is no such folder, or it is none of ours to read
        return []
