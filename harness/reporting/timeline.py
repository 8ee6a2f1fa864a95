"""Draws the timeline of a drill: who was served, who wrote, what DNS said, what the health checks thought.

matplotlib's object-oriented interface only, imported when something is drawn (its import takes 0.3 s). Two drawings
of the same history are equal byte for byte: fixed hash salt, no date in the file.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.drill.evidence import DrillResult
from harness.history.events import Commit, Event
from harness.reporting import palette
from harness.reporting.lanes import Lanes, arrange
from harness.reporting.timeline_body import (
    CHARACTER_PX,
    LEFT_PX,
    RIGHT_PX,
    WIDTH_PX,
    Body,
    height_units,
    spread,
)
from harness.reporting.wording import adding_up
from harness.storable_text import write_text

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_DPI = 100
_STYLE: Any = {
    "svg.hashsalt": "drill-timeline",
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 8.5,
    "text.parse_math": False,
    "axes.unicode_minus": False,
}
_STRIP_ROW_PX, _TOP_PX, _BOTTOM_PX, _UNIT_PX = 17, 20, 44, 30
_TOLD = 6
_SPACE = "\N{NO-BREAK SPACE}"  # plain ones would collapse in SVG


def svg(events: Sequence[Event | Commit], drill: DrillResult) -> str:
    """The timeline as an SVG document, text kept as text."""
    return _svg(arrange(events, drill))


def png(events: Sequence[Event | Commit], drill: DrillResult) -> bytes:
    """The timeline as a PNG, 900 pixels wide at twice the density."""
    return _render(arrange(events, drill), "png")


def write_svg(events: Sequence[Event | Commit], drill: DrillResult, path: Path) -> None:
    """Write timeline.svg."""
    write_text(path, svg(events, drill))


def describe(lanes: Lanes) -> str:
    """The picture in words, for those who cannot see it."""
    faults = "; ".join(f"{f.label} from {f.start_s:.1f} s to {f.end_s:.1f} s" for f in lanes.faults) or "no fault"
    writers = "; ".join(
        f"{row.name} acknowledged writes " + ", ".join(f"{s.start_s:.1f} to {s.end_s:.1f} s" for s in row.spans[:4])
        for row in lanes.writers
    )
    told = [f"Timeline in seconds after the {lanes.origin}", faults, writers or "No write was acknowledged"]
    return ". ".join([*told, *_described(lanes)]) + "."


def _described(lanes: Lanes) -> list[str]:
    """What the things of the world were, but for what was well."""
    found = []
    for group in lanes.things:
        rows = [(row.name, [span for span in row.spans if span.good is not True][:_TOLD]) for row in group.rows[:_TOLD]]
        found += [
            f"{name} " + ", ".join(f"is {s.label} from {s.start_s:.1f} s" for s in spans if not s.moment)
            for name, spans in rows
            if any(not span.moment for span in spans)
        ]
    return found


def warm() -> None:
    """Import matplotlib now rather than at the first drawing."""
    import matplotlib.backends.backend_agg
    import matplotlib.backends.backend_svg
    import matplotlib.figure  # noqa: F401


@lru_cache(maxsize=32)
def _svg(lanes: Lanes) -> str:
    """A drill's picture is wanted again for the page of its run."""
    return _render(lanes, "svg").decode("utf-8")


def _render(lanes: Lanes, kind: str) -> bytes:
    import matplotlib

    with matplotlib.rc_context(_STYLE), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of signs that the font lacks: strict projects make errors of that
        figure = _draw(lanes)
        buffer = io.BytesIO()
        metadata = {"Date": None, "Creator": None} if kind == "svg" else {"Software": None}
        figure.savefig(buffer, format=kind, dpi=2 * _DPI, metadata=metadata, facecolor=palette.PAPER)
    return buffer.getvalue()


def _draw(lanes: Lanes) -> Figure:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    units = height_units(lanes)
    legend = _legend_lines(lanes)
    strip_px = (_STRIP_ROW_PX * (2 + len(legend)) + 8) if lanes.phases else 0
    height_px = _TOP_PX + strip_px + units * _UNIT_PX + _BOTTOM_PX
    figure = Figure(figsize=(WIDTH_PX / _DPI, height_px / _DPI), dpi=_DPI)
    FigureCanvasAgg(figure)
    left, width = LEFT_PX / WIDTH_PX, (WIDTH_PX - LEFT_PX - RIGHT_PX) / WIDTH_PX
    body = figure.add_axes((left, _BOTTOM_PX / height_px, width, units * _UNIT_PX / height_px))
    Body(body, lanes, units).draw()
    if lanes.phases:
        bottom = (_BOTTOM_PX + units * _UNIT_PX + _STRIP_ROW_PX * len(legend) + 6) / height_px
        strip = figure.add_axes((left, bottom, width, 2 * _STRIP_ROW_PX / height_px))
        _strip(strip, lanes)
        for number, line in enumerate(legend):
            y = bottom - (number + 0.75) * _STRIP_ROW_PX / height_px
            figure.text(left, y, line, ha="left", va="center", color=palette.INK)
    return figure


def _legend_lines(lanes: Lanes) -> list[str]:
    """`1 detection 2.31 s   2 DNS answer 0.20 s ...` on as few lines as fit."""
    lengths = adding_up([round((span.end_s - span.start_s) * 1e9) for span in lanes.phases])
    lines: list[str] = []
    for number, (span, length) in enumerate(zip(lanes.phases, lengths, strict=True), start=1):
        word = f"{number}{_SPACE}{span.label} {length} s"
        if lines and (len(lines[-1]) + len(word) + 4) * CHARACTER_PX < WIDTH_PX - LEFT_PX:
            lines[-1] += f"{_SPACE * 4}{word}"
        else:
            lines.append(word)
    return lines


def _strip(axes: Any, lanes: Lanes) -> None:
    """The phases of the recovery as one bar, numbered above."""
    axes.set_xlim(lanes.start_s, lanes.end_s)
    axes.set_ylim(0, 2)
    axes.axis("off")
    numbers = spread([(p.start_s + p.end_s) / 2 for p in lanes.phases], (lanes.end_s - lanes.start_s) / 55)
    for index, (phase, x) in enumerate(zip(lanes.phases, numbers, strict=True)):
        axes.barh(0.4, phase.end_s - phase.start_s, left=phase.start_s, height=0.8, color=palette.phase_colour(index))
        axes.plot([(phase.start_s + phase.end_s) / 2, x], [0.82, 1.08], color=palette.MUTED, linewidth=0.6)
        axes.text(x, 1.42, str(index + 1), ha="center", va="center", color=palette.INK, weight="bold")
    axes.text(-0.012, 0.2, "Recovery", transform=axes.transAxes, ha="right", va="center", color=palette.INK)
