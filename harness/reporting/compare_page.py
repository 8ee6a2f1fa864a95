"""compare.html: the same outage under several ways to lead clients, as one page by itself; and the same as data."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from harness.drill.compared import DECIDE, DETECT, PROPAGATE, SCHEMA, Comparison, Row, lacking
from harness.drill.plain import to_plain
from harness.reporting import compare_svg, wording
from harness.reporting.compare_words import in_production, settings, soonest
from harness.reporting.pages import environment
from harness.storable_text import write_json, write_text
from harness.units import to_s

if TYPE_CHECKING:
    from markupsafe import Markup


@dataclass(frozen=True)
class Cell:
    """One figure of the table: what was measured, what is expected of production, and typical there, if anything is."""

    measured: str
    expected: str = ""
    typical: str = ""


@dataclass(frozen=True)
class RowView:
    """One row of the table. cells: detect, decide, propagate, last client. link: to the run's report, from the page.
    settings: with what it was run."""

    label: str
    verdict: str
    cells: tuple[Cell, ...]
    why: str
    link: str
    settings: str


@dataclass(frozen=True)
class OutageView:
    """One outage. svg: None where nothing was run."""

    name: str
    svg: Markup | None
    rows: tuple[RowView, ...]
    soonest: str
    in_production: str


def view(found: Comparison) -> tuple[OutageView, ...]:
    """What the template wants."""
    from markupsafe import Markup

    shown = []
    for outage in found.outages:
        rows = [row for row in found.rows if row.outage == outage]
        drawn = any(row.verdict for row in rows)
        picture = Markup(compare_svg.draw(rows, found.profile)) if drawn else None  # noqa: S704 - ours, texts escaped
        shown.append(OutageView(outage, picture, tuple(map(_row, rows)), soonest(rows), in_production(rows)))
    return tuple(shown)


def _row(row: Row) -> RowView:
    return RowView(
        row.way.label,
        row.verdict,
        tuple(_cells(row)) if row.verdict else (Cell("–"),) * 4,
        row.why,
        f"./{quote(row.way.folder)}/{quote(row.run)}/report.html#d{row.number}-{wording.slug(row.outage)}"
        if row.run
        else "",
        settings(row.way),
    )


def _cells(row: Row) -> Iterator[Cell]:
    phases, expected = row.phases_ns or {}, row.expected_phases or {}
    for name in (DETECT, DECIDE, PROPAGATE):
        measured = f"{to_s(phases[name]):.2f} s" if name in phases else "–"
        yield Cell(measured, f"{wording.whole_seconds(expected[name])} s" if name in expected else "")
    last = wording.NOT_MEASURED if row.recovery is None else wording.bracket(row.recovery)
    if row.expected is None:
        yield Cell(last, "nothing documented")
        return
    typical = "" if row.expected.point_ns is None else f"typically {to_s(row.expected.point_ns):.0f} s"
    yield Cell(last, f"{wording.whole_seconds(row.expected)} s", typical)


def write(found: Comparison, path: Path) -> None:
    """Write the page."""
    template = environment().get_template("compare.html.j2")
    write_text(path, template.render(shown=view(found), found=found, lacking=lacking(found.ways)))


def write_data(found: Comparison, path: Path) -> None:
    """Write it as data."""
    write_json(path, {"schema": SCHEMA} | to_plain(found), indent=1)
