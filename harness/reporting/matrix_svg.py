"""The resiliency matrix as a picture: a row for each dependency, a block for each failure, a square for each journey.

Written by hand and not drawn by matplotlib: squares are links, and take their colours from the page, light or dark.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from html import escape

from harness.drill.matrix import Cell, Change, Evidence, Matrix
from harness.measurement.dependencies import Dependency
from harness.measurement.journeys import DEGRADED, FAILS, NOT_RUN, WORKS
from harness.reporting.wording import clean, one_line

Link = Callable[[Evidence], str]
"""Where a piece of evidence is shown, seen from the page."""
MARKS = {WORKS: "✓", DEGRADED: "~", FAILS: "✗", NOT_RUN: ""}
CLASSES = {WORKS: "works", DEGRADED: "degraded", FAILS: "fails", NOT_RUN: "unrun"}
_SQUARE, _GAP, _BLOCK_GAP, _ROW = 30, 3, 18, 40
_LEFT, _TOP, _EDGE = 216, 100, 62
_LETTER = 6.4
"""Roughly the width of a letter of the slanted names; they must not leave the picture."""


def draw(matrix: Matrix, link: Link, changed: Mapping[tuple[Dependency, str, str], Change]) -> str:
    """The picture. changed: by cell, what is not as it was."""
    block = len(matrix.journeys) * (_SQUARE + _GAP) - _GAP
    lefts = {failure: _LEFT + n * (block + _BLOCK_GAP) for n, failure in enumerate(matrix.failures)}
    top = max([_TOP, 44 + max((len(name) for name in matrix.journeys), default=0) * _LETTER * 0.71 + 14])
    width = max(lefts.values(), default=_LEFT) + block + _EDGE
    height = top + len(matrix.dependencies) * _ROW + 8
    parts = [f'<svg class="matrix" viewBox="0 0 {width:.0f} {height:.0f}" role="group" aria-label="{_label(matrix)}">']
    for failure, left in lefts.items():
        parts.append(_text(left, 18, failure, "head"))
        parts.append(f'<line class="rule" x1="{left}" y1="26" x2="{left + block}" y2="26"/>')
        for n, journey in enumerate(matrix.journeys):
            x, y = left + n * (_SQUARE + _GAP) + _SQUARE / 2 - 2, top - 10
            parts.append(_text(x, y, one_line(journey, 24), "slant", f' transform="rotate(-45 {x:.1f} {y:.1f})"'))
    for row, dependency in enumerate(matrix.dependencies):
        y = top + row * _ROW
        if row % 2 == 0:
            parts.append(f'<rect class="band" x="0" y="{y - 5:.0f}" width="{width:.0f}" height="{_ROW}"/>')
        parts.append(_text(8, y + 20, one_line(dependency.words, 30), "side"))
        for failure, left in lefts.items():
            parts += _block(matrix.at(dependency, failure), left, y, block, link, changed)
    return "\n".join([*parts, "</svg>"])


def _block(
    cells: Sequence[Cell],
    left: float,
    top: float,
    width: float,
    link: Link,
    changed: Mapping[tuple[Dependency, str, str], Change],
) -> Iterator[str]:
    """The squares of one dependency and failure; one field where nobody has run any of them."""
    if not cells:
        return
    if all(not cell.evidence for cell in cells):
        title = f"{cells[0].dependency.words} ({cells[0].failure}): not run"
        yield f'<g><title>{_plain(title)}</title><rect class="unrun" x="{left}" y="{top}" width="{width}" '
        yield f'height="{_SQUARE}" rx="3"/>{_text(left + width / 2, top + 19, "not run", "none")}</g>'
        return
    for n, cell in enumerate(cells):
        yield _square(cell, left + n * (_SQUARE + _GAP), top, link, changed.get(cell.where))


def _square(cell: Cell, x: float, y: float, link: Link, change: Change | None) -> str:
    title = sentence(cell, change)
    corner = "" if change is None else _corner(x, y, change)
    inner = (
        f"<title>{_plain(title)}</title>"
        f'<rect class="{CLASSES[cell.state]}" x="{x:.1f}" y="{y:.1f}" width="{_SQUARE}" height="{_SQUARE}" rx="3"/>'
        f"{_text(x + _SQUARE / 2, y + 20, mark(cell), 'mark ' + CLASSES[cell.state])}{corner}"
    )
    if not cell.evidence:
        return f"<g>{inner}</g>"
    return f'<a href="{escape(link(cell.evidence[0]))}" aria-label="{_plain(title)}">{inner}</a>'


def _corner(x: float, y: float, change: Change) -> str:
    """A mark at the upper right of a square that is not as it was."""
    right = x + _SQUARE
    return f'<path class="corner {change.kind}" d="M{right - 13:.1f} {y:.1f}H{right:.1f}V{y + 13:.1f}z"/>'


def mark(cell: Cell) -> str:
    """What stands in a square: a mark, or of a degraded journey how many of a hundred visits worked."""
    if cell.state == DEGRADED and cell.evidence and cell.evidence[0].share < 0.995:
        return f"{100 * cell.evidence[0].share:.0f}"
    return MARKS[cell.state] or "–"


def sentence(cell: Cell, change: Change | None = None) -> str:
    """A cell in words."""
    said = f"{cell.dependency.words} ({cell.failure}), {cell.journey}: {cell.state}"
    if cell.evidence:
        told = cell.evidence[0]
        said += f" ({told.text}; {told.drill}, run {told.run})"
    return said if change is None else f"{said}; before: {change.before}"


def _text(x: float, y: float, text: str, style: str, more: str = "") -> str:
    return f'<text class="{style}" x="{x:.1f}" y="{y:.1f}"{more}>{_plain(text)}</text>'


def _label(matrix: Matrix) -> str:
    count = f"{len(matrix.dependencies)} dependencies, {len(matrix.journeys)} journeys"
    return _plain(f"Resiliency matrix of {matrix.subject}: {count}; the table below says the same in words")


def _plain(text: str) -> str:
    return escape(clean(text), quote=True)
