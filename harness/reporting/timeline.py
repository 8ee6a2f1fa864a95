"""Draws the timeline of a drill: who was served, who wrote, what DNS said, what the health checks thought.

matplotlib's object-oriented interface only, imported when something is drawn (its import takes 0.3 s). Two drawings
of the same history are equal byte for byte: fixed hash salt, no date in the file.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.drill.evidence import DrillResult
from harness.history.events import Commit, Event
from harness.reporting import palette
from harness.reporting.lanes import Cohort, Lanes, arrange
from harness.reporting.pod_lanes import FAILED, READY
from harness.reporting.spans import Row, Span
from harness.reporting.wording import adding_up, one_line
from harness.storable_text import write_text

if TYPE_CHECKING:
    from matplotlib.figure import Figure

WIDTH_PX = 900
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
_ROW, _COHORT, _TITLE, _GAP, _TOP = 0.62, 0.92, 0.66, 0.3, 0.5
_STRIP_ROW_PX, _TOP_PX, _BOTTOM_PX, _UNIT_PX = 17, 20, 44, 30
_LEFT_PX, _RIGHT_PX = 176, 16
_CHARACTER_PX = 7.0
_FAULTS_SHADED = 200
_SPACE = "\N{NO-BREAK SPACE}"  # plain ones would collapse in SVG


def svg(events: Sequence[Event | Commit], drill: DrillResult) -> str:
    """The timeline as an SVG document, text kept as text."""
    return _render(events, drill, "svg").decode("utf-8")


def png(events: Sequence[Event | Commit], drill: DrillResult) -> bytes:
    """The timeline as a PNG, 900 pixels wide at twice the density."""
    return _render(events, drill, "png")


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
    return f"Timeline in seconds after the {lanes.origin}. {faults}. {writers or 'No write was acknowledged'}."


def warm() -> None:
    """Import matplotlib now rather than at the first drawing."""
    import matplotlib.backends.backend_agg
    import matplotlib.backends.backend_svg
    import matplotlib.figure  # noqa: F401


def _render(events: Sequence[Event | Commit], drill: DrillResult, kind: str) -> bytes:
    import matplotlib

    with matplotlib.rc_context(_STYLE), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of signs that the font lacks: strict projects make errors of that
        figure = _draw(arrange(events, drill))
        buffer = io.BytesIO()
        metadata = {"Date": None, "Creator": None} if kind == "svg" else {"Software": None}
        figure.savefig(buffer, format=kind, dpi=2 * _DPI, metadata=metadata, facecolor=palette.PAPER)
    return buffer.getvalue()


def _draw(lanes: Lanes) -> Figure:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    units = _height_units(lanes)
    legend = _legend_lines(lanes)
    strip_px = (_STRIP_ROW_PX * (2 + len(legend)) + 8) if lanes.phases else 0
    height_px = _TOP_PX + strip_px + units * _UNIT_PX + _BOTTOM_PX
    figure = Figure(figsize=(WIDTH_PX / _DPI, height_px / _DPI), dpi=_DPI)
    FigureCanvasAgg(figure)
    left, width = _LEFT_PX / WIDTH_PX, (WIDTH_PX - _LEFT_PX - _RIGHT_PX) / WIDTH_PX
    body = figure.add_axes((left, _BOTTOM_PX / height_px, width, units * _UNIT_PX / height_px))
    _Body(body, lanes, units).draw()
    if lanes.phases:
        bottom = (_BOTTOM_PX + units * _UNIT_PX + _STRIP_ROW_PX * len(legend) + 6) / height_px
        strip = figure.add_axes((left, bottom, width, 2 * _STRIP_ROW_PX / height_px))
        _strip(strip, lanes)
        for number, line in enumerate(legend):
            y = bottom - (number + 0.75) * _STRIP_ROW_PX / height_px
            figure.text(left, y, line, ha="left", va="center", color=palette.INK)
    return figure


def _height_units(lanes: Lanes) -> float:
    groups = [_COHORT * len(lanes.cohorts)] + [_ROW * len(rows) for _, rows in lanes.titled]
    return max(sum(_TITLE + _GAP + height for height in groups if height), 2.0) + _GAP + _TOP


def _legend_lines(lanes: Lanes) -> list[str]:
    """`1 detection 2.31 s   2 DNS answer 0.20 s ...` on as few lines as fit."""
    lengths = adding_up([round((span.end_s - span.start_s) * 1e9) for span in lanes.phases])
    lines: list[str] = []
    for number, (span, length) in enumerate(zip(lanes.phases, lengths, strict=True), start=1):
        word = f"{number}{_SPACE}{span.label} {length} s"
        if lines and (len(lines[-1]) + len(word) + 4) * _CHARACTER_PX < WIDTH_PX - _LEFT_PX:
            lines[-1] += f"{_SPACE * 4}{word}"
        else:
            lines.append(word)
    return lines


def _strip(axes: Any, lanes: Lanes) -> None:
    """The phases of the recovery as one bar, numbered above."""
    axes.set_xlim(lanes.start_s, lanes.end_s)
    axes.set_ylim(0, 2)
    axes.axis("off")
    spread = _spread([(p.start_s + p.end_s) / 2 for p in lanes.phases], (lanes.end_s - lanes.start_s) / 55)
    for index, (phase, x) in enumerate(zip(lanes.phases, spread, strict=True)):
        axes.barh(0.4, phase.end_s - phase.start_s, left=phase.start_s, height=0.8, color=palette.phase_colour(index))
        axes.plot([(phase.start_s + phase.end_s) / 2, x], [0.82, 1.08], color=palette.MUTED, linewidth=0.6)
        axes.text(x, 1.42, str(index + 1), ha="center", va="center", color=palette.INK, weight="bold")
    axes.text(-0.012, 0.2, "Recovery", transform=axes.transAxes, ha="right", va="center", color=palette.INK)


def _spread(wanted: Sequence[float], gap: float) -> list[float]:
    """Positions near the wanted ones, in the same order, at least a gap apart."""
    placed: list[float] = []
    for x in wanted:
        placed.append(x if not placed else max(x, placed[-1] + gap))
    return placed


class _Body:
    """Lanes from top to bottom on one set of axes; y counts downwards in units of about a row."""

    def __init__(self, axes: Any, lanes: Lanes, units: float) -> None:
        self._axes, self._lanes, self._units, self._y = axes, lanes, units, _TOP

    def draw(self) -> None:
        self._frame()
        self._faults()
        self._marks()
        if self._lanes.cohorts:
            self._title("Requests of clients that")
            for cohort in self._lanes.cohorts:
                self._cohort(cohort)
        for title, rows in self._lanes.titled:
            if rows:
                self._title(title)
            for row in rows:
                self._row(row)
        if self._lanes.hidden:
            note = "; ".join(self._lanes.hidden)
            self._axes.text(self._lanes.end_s, self._units + 1.25, note, ha="right", va="center", color=palette.MUTED)

    def _frame(self) -> None:
        axes = self._axes
        axes.set_xlim(self._lanes.start_s, self._lanes.end_s)
        axes.set_ylim(self._units, 0)
        axes.set_yticks([])
        axes.set_axisbelow(True)
        axes.grid(axis="x", color=palette.GRID, linewidth=0.6)
        axes.tick_params(axis="x", length=3, color=palette.MUTED, labelcolor=palette.INK)
        axes.set_xlabel(f"seconds after the {self._lanes.origin}", color=palette.INK, loc="left")
        for side in ("top", "left", "right"):
            axes.spines[side].set_visible(False)
        axes.spines["bottom"].set_color(palette.MUTED)

    def _faults(self) -> None:
        for fault in self._lanes.faults[:_FAULTS_SHADED]:
            self._axes.axvspan(fault.start_s, fault.end_s, color=palette.FAULT, alpha=0.16, linewidth=0, zorder=0.4)
            for x in (fault.start_s, fault.end_s):
                self._axes.axvline(x, color=palette.FAULT, linewidth=1.2, zorder=2.5)
        for phase in self._lanes.phases:
            self._axes.axvline(phase.end_s, color=palette.MUTED, linewidth=0.6, linestyle=(0, (1, 3)), zorder=2.5)
        for fault in self._lanes.faults[:1]:
            more = len(self._lanes.faults) - 1
            label = f" {fault.label}" + (f" and {more} more" if more else "")
            right = fault.start_s > (self._lanes.start_s + self._lanes.end_s) / 2
            self._axes.text(
                fault.start_s,
                0.4,
                label,
                ha="right" if right else "left",
                va="center",
                color=palette.INK,
                weight="bold",
            )

    def _marks(self) -> None:
        """A numbered flag at each moment that a finding is about; its group has an anchor to link to."""
        spread = _spread([at_s for _, at_s in self._lanes.marks], (self._lanes.end_s - self._lanes.start_s) / 45)
        for (number, at_s), x in zip(self._lanes.marks, spread, strict=True):
            line = self._axes.axvline(at_s, color=palette.INK, linewidth=0.8, linestyle=(0, (4, 2)), zorder=3)
            line.set_gid(f"line-{number}")
            box = {"boxstyle": "circle,pad=0.25", "facecolor": palette.INK, "edgecolor": palette.INK}
            flag = self._axes.text(
                x, 0.02, str(number), ha="center", va="center", color=palette.PAPER, fontsize=7, bbox=box, zorder=5
            )
            flag.set_gid(f"moment-{number}")

    def _title(self, title: str) -> None:
        self._axes.text(
            -_LEFT_PX / (WIDTH_PX - _LEFT_PX - _RIGHT_PX) + 0.012,
            self._y + _GAP + _TITLE / 2,
            title,
            transform=self._axes.get_yaxis_transform(),
            ha="left",
            va="center",
            color=palette.INK,
            weight="bold",
        )
        self._y += _GAP + _TITLE

    def _label(self, text: str, y: float, **style: Any) -> None:
        self._axes.text(
            -0.012,
            y,
            text,
            transform=self._axes.get_yaxis_transform(),
            ha="right",
            va="center",
            color=palette.INK,
            **style,
        )

    def _cohort(self, cohort: Cohort) -> None:
        """Served requests from the floor up, failed ones from the ceiling down."""
        top, floor = self._y + 0.1, self._y + _COHORT - 0.12
        height = floor - top
        for run in _contiguous(cohort.bins):
            edges = [start_s for start_s, _, _ in run] + [min(run[-1][0] + run[-1][1], self._lanes.end_s)]
            line = [floor - share * height for _, _, share in run]
            line.append(line[-1])
            style: Any = {"step": "post", "linewidth": 0, "zorder": 1.5}
            self._axes.fill_between(edges, line, floor, color=palette.SERVED, **style)
            self._axes.fill_between(edges, top, line, color=palette.FAILED, **style)
        self._axes.plot(
            [self._lanes.start_s, self._lanes.end_s], [floor, floor], color=palette.MUTED, linewidth=0.5, zorder=2
        )
        self._label(one_line(cohort.name, 26), (top + floor) / 2)
        self._y += _COHORT

    def _row(self, row: Row) -> None:
        middle = self._y + _ROW / 2
        for span in row.spans:
            self._span(span, middle)
        self._label(one_line(row.name, 26), middle)
        self._y += _ROW

    def _span(self, span: Span, middle: float) -> None:
        colour = self._colour(span.label)
        half = _ROW / 2 - 0.06
        # A moment must still be seen: never narrower than two pixels or so.
        width = max(span.end_s - span.start_s, (self._lanes.end_s - self._lanes.start_s) / 400)
        self._axes.barh(middle, width, left=span.start_s, height=2 * half, color=colour, linewidth=0, zorder=1.5)
        room = (span.end_s - max(span.start_s, self._lanes.start_s)) / (self._lanes.end_s - self._lanes.start_s)
        if room * (WIDTH_PX - _LEFT_PX - _RIGHT_PX) > len(span.label) * _CHARACTER_PX + 6:
            x = max(span.start_s, self._lanes.start_s) + (self._lanes.end_s - self._lanes.start_s) * 0.006
            self._axes.text(x, middle + 0.01, span.label, ha="left", va="center", color=palette.on(colour), zorder=4)

    def _colour(self, label: str) -> str:
        if label in self._lanes.regions:
            return palette.region_colour(self._lanes.regions.index(label))
        if label in FAILED:
            return palette.FAILED
        known = {"healthy": palette.SERVED, READY: palette.SERVED, "unhealthy": palette.FAILED}
        return known.get(label, palette.UNKNOWN)


def _contiguous(bins: Sequence[tuple[float, float, float]]) -> Iterator[list[tuple[float, float, float]]]:
    """Runs of bins without a gap between them."""
    run = list(bins[:1])
    for before, after in pairwise(bins):
        if after[0] - before[0] > 1.5 * before[1]:
            yield run
            run = []
        run.append(after)
    if run:
        yield run
