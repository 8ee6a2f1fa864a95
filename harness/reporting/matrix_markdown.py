"""What the drills of a run showed of journeys, as a table in Markdown."""

from __future__ import annotations

from collections.abc import Iterator

from harness.drill.evidence import RunResult
from harness.drill.matrix import Cell, matrix_of
from harness.measurement.journeys import DEGRADED
from harness.reporting import matrix_svg
from harness.reporting.markdown import table, text

ROWS_MAX = 40


def lines(run: RunResult) -> Iterator[str]:
    """A row for each dependency and failure that was drilled; nothing without journeys."""
    found = matrix_of([run])
    if found is None:
        return
    rows: list[tuple[str, ...]] = []
    for dependency in found.dependencies:
        for failure in found.failures:
            cells = found.at(dependency, failure)
            if any(cell.evidence for cell in cells):
                rows.append((text(dependency.words, 80), text(failure, 40), *map(_square, cells)))
    yield "What could still be done:"
    yield ""
    yield from table(("Dependency", "failure", *(text(name, 40) for name in found.journeys)), rows[:ROWS_MAX])
    yield f"{len(found.not_run)} of {len(found.cells)} cells of the resiliency matrix were not run here."
    yield ""


def _square(cell: Cell) -> str:
    share = f" {matrix_svg.mark(cell)} %" if cell.state == DEGRADED and matrix_svg.mark(cell).isdigit() else ""
    return f"{matrix_svg.MARKS[cell.state]} {cell.state}{share}".strip()
