"""The resiliency matrix in a terminal: a table, what has changed, and where the page lies."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from harness.drill.matrix import BETTER, WORSE, Cell, Change, Matrix, in_words
from harness.measurement.journeys import DEGRADED, FAILS, NOT_RUN, WORKS
from harness.reporting import matrix_page, matrix_svg, wording

_STYLES = {WORKS: "green", DEGRADED: "yellow", FAILS: "bold red", NOT_RUN: "dim"}


def show(
    matrix: Matrix, changes: Sequence[Change], compared_with: str, problems: Sequence[str], console: Console
) -> None:
    """The whole of it, on a console."""
    runs = "1 run" if len(matrix.runs) == 1 else f"{len(matrix.runs)} runs"
    head = f"{matrix.subject} in {matrix.environment} ({matrix.profile}), from {runs}"
    console.print(Text(f"Resiliency matrix of {wording.one_line(head)}", style="bold"))
    console.print(_table(matrix))
    for rule in matrix_page.rules(matrix.rules):
        console.print(Text(rule, style="dim"))
    console.print()
    console.print(Text(f"Not run: {len(matrix.not_run)} of {len(matrix.cells)} cells"))
    for dependency, failures in matrix_page.unrun(matrix):
        console.print(Text(f"  {wording.one_line(f'{dependency}: {failures}', 400)}", style="dim"))
    if compared_with:
        show_changes(changes, compared_with, console)
    else:
        console.print(Text("Nothing to compare with: no run before tells of journeys", style="dim"))
    for problem in problems:
        console.print(Text(f"left out: {wording.one_line(problem, 400)}", style="yellow"))


def _table(matrix: Matrix) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for name in ("Dependency", "Failure", *matrix.journeys, "Evidence"):
        table.add_column(Text(wording.one_line(name)), no_wrap=name not in ("Evidence", "Dependency"), overflow="fold")
    for dependency in matrix.dependencies:
        for failure in matrix.failures:
            cells = matrix.at(dependency, failure)
            told = {f"{one.drill} ({one.run})": None for cell in cells for one in cell.evidence[:1]}
            if told:
                words = (Text(wording.one_line(dependency.words)), Text(wording.one_line(failure)))
                table.add_row(*words, *map(_square, cells), Text(wording.one_line(", ".join(told)), style="dim"))
    return table


def _square(cell: Cell) -> Text:
    mark = matrix_svg.MARKS[cell.state]
    share = f" {matrix_svg.mark(cell)} %" if cell.state == DEGRADED and matrix_svg.mark(cell) != mark else ""
    return Text(f"{mark} {cell.state}{share}".strip(), style=_STYLES[cell.state])


def show_changes(changes: Sequence[Change], compared_with: str, console: Console) -> None:
    """What is not as it was."""
    if not changes:
        console.print(Text(f"No difference from {wording.one_line(compared_with)}"))
        return
    console.print(Text(f"Different from {wording.one_line(compared_with)}:"))
    for kind, words in in_words(changes):
        style = "bold red" if kind == WORSE else "green" if kind == BETTER else ""
        console.print(Text(f"  {kind}: ", style=style).append(wording.one_line(words, 400), style="not bold default"))


def show_files(paths: Sequence[Path], console: Console) -> None:
    """Where it was written."""
    page, data = paths
    console.print(Text(f"Page: {page}", overflow="fold"))
    console.print(Text(f"Data: {data}", overflow="fold"))
