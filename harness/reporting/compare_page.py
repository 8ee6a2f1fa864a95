"""compare.html: the same outage under several ways to lead clients, as one page by itself; and the same as data."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from harness.drill.compared import DECIDE, DETECT, PROPAGATE, SCHEMA, Comparison, Row, fastest
from harness.drill.plain import to_plain
from harness.reporting import compare_svg, wording
from harness.reporting.pages import environment
from harness.storable_text import write_json, write_text
from harness.units import to_s

if TYPE_CHECKING:
    from markupsafe import Markup


@dataclass(frozen=True)
class RowView:
    """One row of the table. parts: detect, decide, propagate. link: to the run's report, seen from the page."""

    label: str
    verdict: str
    parts: tuple[str, ...]
    last: str
    expected: str
    why: str
    link: str


@dataclass(frozen=True)
class OutageView:
    """One outage."""

    name: str
    svg: Markup
    rows: tuple[RowView, ...]
    soonest: str


def view(found: Comparison) -> tuple[OutageView, ...]:
    """What the template wants."""
    from markupsafe import Markup

    shown = []
    for outage in found.outages:
        rows = [row for row in found.rows if row.outage == outage]
        best = fastest(rows)
        picture = Markup(compare_svg.draw(rows, found.profile))  # noqa: S704 - our own drawing, its texts escaped
        soonest = "" if best is None or len(rows) < 2 else f"{best.way.label}: {wording.bracket(best.recovery)}"
        shown.append(OutageView(outage, picture, tuple(map(_row, rows)), soonest))
    return tuple(shown)


def _row(row: Row) -> RowView:
    phases = row.phases_ns or {}
    return RowView(
        row.way.label,
        row.verdict,
        tuple(f"{to_s(phases[name]):.2f} s" if name in phases else "–" for name in (DETECT, DECIDE, PROPAGATE)),
        wording.NOT_MEASURED if row.recovery is None else wording.bracket(row.recovery),
        "nothing is documented of it" if row.expected is None else wording.bracket(row.expected),
        row.why,
        f"./{quote(row.way.folder)}/{quote(row.run)}/report.html#d{row.number}-{wording.slug(row.outage)}"
        if row.run
        else "",
    )


def write(found: Comparison, path: Path) -> None:
    """Write the page."""
    template = environment().get_template("compare.html.j2")
    write_text(path, template.render(shown=view(found), found=found))


def write_data(found: Comparison, path: Path) -> None:
    """Write it as data."""
    write_json(path, {"schema": SCHEMA} | to_plain(found), indent=1)
