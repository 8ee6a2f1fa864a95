"""matrix.html: the resiliency matrix as one self-contained page, and the same as a part of a run's report."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from harness.drill.matrix import SCHEMA, Change, Evidence, Matrix, in_words
from harness.drill.plain import from_plain, to_plain
from harness.errors import InputError, Problem
from harness.measurement.dependencies import Dependency
from harness.measurement.journeys import NOT_RUN, STATES
from harness.regular_files import read_text
from harness.reporting import matrix_svg, wording
from harness.reporting.pages import environment
from harness.storable_text import write_json, write_text

if TYPE_CHECKING:
    from jinja2 import Template
    from markupsafe import Markup


@dataclass(frozen=True)
class CellView:
    """One journey in a row of the table. links: to all evidence, with what each is called."""

    state: str
    style: str
    mark: str
    text: str
    links: tuple[tuple[str, str], ...]
    change: str


@dataclass(frozen=True)
class RowView:
    """One dependency and failure. cells: none where nobody has run any of them."""

    dependency: str
    failure: str
    cells: tuple[CellView, ...]
    id: str


@dataclass(frozen=True)
class MatrixView:
    """What the template wants. unrun: of each dependency, the failures that nobody has run, in words."""

    matrix: Matrix
    svg: Markup
    rows: tuple[RowView, ...]
    unrun: tuple[tuple[str, str], ...]
    changes: tuple[tuple[str, str], ...]
    compared_with: str
    rules: tuple[str, ...]


def view(
    matrix: Matrix, link: Callable[[Evidence], str], changes: Sequence[Change] = (), compared_with: str = ""
) -> MatrixView:
    """A matrix for a page. link: where evidence is shown, seen from there. compared_with: in words; "": nothing."""
    from markupsafe import Markup

    by_cell = {change.cell.where: change for change in changes}
    return MatrixView(
        matrix=matrix,
        svg=Markup(matrix_svg.draw(matrix, link, by_cell)),  # noqa: S704 - our own drawing, its texts escaped
        rows=tuple(_rows(matrix, link, by_cell)),
        unrun=tuple(unrun(matrix)),
        changes=tuple(in_words(changes)),
        compared_with=compared_with,
        rules=rules(matrix.rules),
    )


def _rows(
    matrix: Matrix, link: Callable[[Evidence], str], changed: Mapping[tuple[Dependency, str, str], Change]
) -> list[RowView]:
    found: list[RowView] = []
    for dependency in matrix.dependencies:
        for failure in matrix.failures:
            cells = matrix.at(dependency, failure)
            if not any(cell.evidence for cell in cells):
                continue
            views = []
            for cell in cells:
                change = changed.get(cell.where)
                views.append(
                    CellView(
                        state=cell.state,
                        style=matrix_svg.CLASSES[cell.state],
                        mark=matrix_svg.MARKS[cell.state],
                        text=cell.evidence[0].text if cell.evidence else "",
                        links=tuple((link(one), f"{one.drill}, {one.run}") for one in cell.evidence),
                        change="" if change is None else f"{change.kind}; before: {change.before}",
                    )
                )
            found.append(RowView(dependency.words, failure, tuple(views), f"m{len(found) + 1}"))
    return found


def unrun(matrix: Matrix) -> list[tuple[str, str]]:
    """Of each dependency, the failures of which nobody has run anything."""
    found = []
    for dependency in matrix.dependencies:
        of_it = [
            failure
            for failure in matrix.failures
            if (cells := matrix.at(dependency, failure)) and not any(cell.evidence for cell in cells)
        ]
        if of_it:
            found.append((dependency.words, "; ".join(of_it)))
    return found


def rules(found: Mapping[str, float]) -> tuple[str, ...]:
    """By which states were told, in sentences."""
    if not found:
        return ()
    share, fails, before = (
        wording.percent(found.get(name, 0.0)) for name in ("works_share", "fails_share", "before_share")
    )
    least = f"{found.get('visits_min', 0):.0f}"
    return (
        f"works: at least {share} of the visits did, no slower than before",
        f"degraded: fewer did, or 95 of 100 took more than {found.get('slower_times', 0):g} times as long as before, "
        f"and {found.get('slower_s', 0):g} s longer",
        f"does not work: less than {fails} did, or none of the last {least} before the heal",
        f"not run: no drill, fewer than {least} visits, or less than {before} of them worked before the fault",
    )


def anchor(evidence: Evidence) -> str:
    """Where a run's report shows what a drill found of journeys, within that page."""
    return f"#d{evidence.number}-{wording.slug(evidence.drill)}-journeys"


def of_report(evidence: Evidence) -> str:
    """The same, seen from the folder of all runs."""
    return f"./{quote(evidence.run)}/report.html{anchor(evidence)}"


def write(shown: MatrixView, path: Path) -> None:
    """Write the page."""
    write_text(path, _template().render(shown=shown, matrix=shown.matrix, NOT_RUN=NOT_RUN))


@cache
def _template() -> Template:
    return environment().get_template("matrix.html.j2")


def write_data(matrix: Matrix, changes: Sequence[Change], compared_with: str, path: Path) -> None:
    """Write it as data."""
    told = [{**to_plain(change.cell), "before": change.before, "change": change.kind} for change in changes]
    write_json(path, to_plain(matrix) | {"compared_with": compared_with, "changes": told}, indent=1)


def read_data(path: Path) -> Matrix:
    """A matrix that was written as data. Raises InputError for anything else."""
    try:
        body = json.loads(read_text(path))
    except OSError as error:
        raise InputError(Problem(str(path), None, f"cannot be read: {error.strerror}")) from error
    except (ValueError, RecursionError) as error:
        raise InputError(Problem(str(path), None, f"not JSON: {error}")) from error
    if not isinstance(body, dict) or body.get("schema") != SCHEMA:
        raise InputError(Problem(str(path), None, f"is no matrix of the schema {SCHEMA}"))
    try:
        found = from_plain(Matrix, body)
    except ValueError as error:
        raise InputError(Problem(str(path), None, str(error))) from error
    if strange := next((cell.state for cell in found.cells if cell.state not in STATES), None):
        raise InputError(Problem(str(path), None, f"{strange!r:.80} is no state of a cell"))
    return found
