"""The lanes of a timeline, drawn from top to bottom on one set of axes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise, zip_longest
from typing import Any

from harness.reporting import palette
from harness.reporting.lanes import Cohort, Lanes
from harness.reporting.spans import Row, Span
from harness.reporting.wording import one_line

WIDTH_PX = 900
LEFT_PX, RIGHT_PX = 176, 16
CHARACTER_PX = 7.0
_ROW, _COHORT, _TITLE, _GAP, _TOP = 0.62, 0.92, 0.66, 0.3, 0.5
_FAULTS_SHADED = 200
_LONG_PATH = 4


def height_units(lanes: Lanes) -> float:
    """How high the lanes are, in units of about a row."""
    groups = [_COHORT * len(lanes.cohorts)] + [_ROW * len(rows) for _, rows in lanes.titled]
    return max(sum(_TITLE + _GAP + height for height in groups if height), 2.0) + _GAP + _TOP


def spread(wanted: Sequence[float], gap: float) -> list[float]:
    """Positions near the wanted ones, in the same order, at least a gap apart."""
    placed: list[float] = []
    for x in wanted:
        placed.append(x if not placed else max(x, placed[-1] + gap))
    return placed


class Body:
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
        flags = spread([at_s for _, at_s in self._lanes.marks], (self._lanes.end_s - self._lanes.start_s) / 45)
        for (number, at_s), x in zip(self._lanes.marks, flags, strict=True):
            line = self._axes.axvline(at_s, color=palette.INK, linewidth=0.8, linestyle=(0, (4, 2)), zorder=3)
            line.set_gid(f"line-{number}")
            box = {"boxstyle": "circle,pad=0.25", "facecolor": palette.INK, "edgecolor": palette.INK}
            flag = self._axes.text(
                x, 0.02, str(number), ha="center", va="center", color=palette.PAPER, fontsize=7, bbox=box, zorder=5
            )
            flag.set_gid(f"moment-{number}")

    def _title(self, title: str) -> None:
        self._axes.text(
            -LEFT_PX / (WIDTH_PX - LEFT_PX - RIGHT_PX) + 0.012,
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
            if not span.moment:
                self._span(span, middle)
        self._moments([span for span in row.spans if span.moment], middle)
        self._label(one_line(row.name, 26), middle)
        self._y += _ROW

    def _bar(self, span: Span, middle: float, colour: str, least_px: float) -> None:
        """A moment must still be seen: never narrower than some pixels."""
        width = max(span.end_s - span.start_s, least_px / self._px_per_s)
        height = _ROW - 0.12
        self._axes.barh(middle, width, left=span.start_s, height=height, color=colour, linewidth=0, zorder=1.5)

    @property
    def _px_per_s(self) -> float:
        return (WIDTH_PX - LEFT_PX - RIGHT_PX) / (self._lanes.end_s - self._lanes.start_s)

    def _span(self, span: Span, middle: float) -> None:
        colour = self._colour(span)
        self._bar(span, middle, colour, 1.8)
        start_s = max(span.start_s, self._lanes.start_s)
        if (span.end_s - start_s) * self._px_per_s > len(span.label) * CHARACTER_PX + 6:
            x = start_s + 4 / self._px_per_s
            self._axes.text(x, middle + 0.01, span.label, ha="left", va="center", color=palette.on(colour), zorder=4)

    def _moments(self, spans: Sequence[Span], middle: float) -> None:
        """What was done, with words beside it where there is room until the next one, or since the last."""
        free_from_s = self._lanes.start_s
        for span, after in zip_longest(spans, spans[1:]):
            done = {True: palette.INK, False: palette.FAILED, None: palette.MUTED}[span.good]
            self._bar(span, middle, done, 3)
            until_s = self._lanes.end_s if after is None else after.start_s
            end_s, gap_s = max(span.end_s, span.start_s + 3 / self._px_per_s), 5 / self._px_per_s
            style: dict[str, Any] = {"va": "center", "color": palette.INK, "zorder": 4}
            before_s, free_from_s = span.start_s - free_from_s, end_s
            for label in (span.label, shorter(span.label)):
                room_s = (len(label) * CHARACTER_PX + 12) / self._px_per_s
                if until_s - end_s >= room_s:
                    self._axes.text(end_s + gap_s, middle + 0.01, label, ha="left", **style)
                    free_from_s = end_s + room_s
                    break
                if before_s >= room_s:
                    self._axes.text(span.start_s - gap_s, middle + 0.01, label, ha="right", **style)
                    break

    def _colour(self, span: Span) -> str:
        if span.label in self._lanes.regions:
            return palette.region_colour(self._lanes.regions.index(span.label))
        return {True: palette.SERVED, False: palette.FAILED, None: palette.UNKNOWN}[span.good]


def shorter(label: str) -> str:
    """`PUT …/records/7: 200`: words with a long path in them, of which the end tells most."""
    first, _, rest = label.partition(" ")
    parts = rest.split("/")
    return label if len(parts) < _LONG_PATH else f"{first} …/{'/'.join(parts[-2:])}"


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
