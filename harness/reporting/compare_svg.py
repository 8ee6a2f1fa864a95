"""A comparison as a picture: for each way a bar of what was measured, and beneath it what production would take.

Both have an axis of their own, since a rehearsal is faster. Written by hand: it takes its colours from the page.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from harness.drill.compared import DECIDE, DETECT, PROPAGATE, Row
from harness.reporting import wording
from harness.units import to_s

PARTS = (DETECT, DECIDE, PROPAGATE)
_LEFT, _WIDTH, _MIDDLE, _RIGHT, _TOP, _ROW = 290, 360, 40, 60, 54, 46
_TICKS = 4


def draw(rows: Sequence[Row], profile: str) -> str:
    """The picture of one outage: measured on the left, expected of production on the right."""
    shown = [row for row in rows if row.recovery is not None or row.expected is not None]
    second = _LEFT + _WIDTH + _MIDDLE
    height, width = _TOP + len(shown) * _ROW + 30, second + _WIDTH + _RIGHT
    measured = _scale([row.recovery.high_ns or row.recovery.low_ns for row in shown if row.recovery])
    expected = _scale([row.expected.high_ns or row.expected.low_ns for row in shown if row.expected])
    label = f"{len(shown)} ways to lead clients compared; the table below says the same in words"
    parts = [f'<svg class="compare" viewBox="0 0 {width} {height}" role="img" aria-label="{escape(label)}">']
    parts.append(_text(_LEFT, 18, f"Measured, {profile} profile (s)", "head"))
    parts.append(_text(second, 18, "Expected in production (s)", "head"))
    parts += _axis(_LEFT, measured, height)
    parts += _axis(second, expected, height)
    for number, row in enumerate(shown):
        y = _TOP + number * _ROW
        parts.append(_text(_LEFT - 12, y + 15, wording.one_line(row.way.label, 34), "side"))
        parts += _measured(row, y, measured)
        parts += _expected(row, second, y, expected)
    return "\n".join([*parts, "</svg>"])


def _scale(ends_ns: Sequence[int]) -> float:
    """Seconds at the right end of an axis: a round number above all."""
    most = max((to_s(end) for end in ends_ns), default=1.0)
    step = next(s for s in (0.5, 1, 2, 5, 10, 20, 25, 50, 100, 250, 500, 1000, 2500, 10_000, 1e9) if most <= s * _TICKS)
    return float(step * _TICKS)


def _axis(left: float, end_s: float, height: int) -> Iterator[str]:
    for tick in range(_TICKS + 1):
        x = left + _WIDTH * tick / _TICKS
        yield f'<line class="grid" x1="{x:.1f}" y1="{_TOP - 12}" x2="{x:.1f}" y2="{height - 22}"/>'
        yield _text(x, height - 6, f"{end_s * tick / _TICKS:g}", "tick")


def _measured(row: Row, y: float, end_s: float) -> Iterator[str]:
    if row.recovery is None or row.recovery.high_ns is None:
        return
    at = float(_LEFT)
    for name in PARTS:
        width = _WIDTH * to_s((row.phases_ns or {}).get(name, 0)) / end_s
        if width > 0:
            title = f"{row.way.label}: {name} {to_s((row.phases_ns or {})[name]):.2f} s"
            yield _rect(name, at, y, width, title)
        at += width
    low, high = (_LEFT + _WIDTH * to_s(ns) / end_s for ns in (row.recovery.low_ns, row.recovery.high_ns))
    title = f"{row.way.label}: last client {wording.bracket(row.recovery)}"
    line = f"M{low:.1f} {y + 27}v6M{low:.1f} {y + 30}H{high:.1f}M{high:.1f} {y + 27}v6"
    yield f'<path class="bracket" d="{line}"><title>{_plain(title)}</title></path>'


def _expected(row: Row, left: float, y: float, end_s: float) -> Iterator[str]:
    if row.expected is None or row.expected.high_ns is None:
        yield _text(left, y + 15, "nothing is documented of it", "note")
        return
    low, high = (left + _WIDTH * to_s(ns) / end_s for ns in (row.expected.low_ns, row.expected.high_ns))
    title = f"{row.way.label}: expected {wording.bracket(row.expected)}"
    yield _rect("expected", low, y, max(2.0, high - low), title)
    if row.expected.point_ns is not None:
        x = left + _WIDTH * to_s(row.expected.point_ns) / end_s
        yield f'<line class="typical" x1="{x:.1f}" y1="{y - 3}" x2="{x:.1f}" y2="{y + 25}"/>'


def _rect(style: str, x: float, y: float, width: float, title: str) -> str:
    inner = f"<title>{_plain(title)}</title>"
    return f'<rect class="{style}" x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="22">{inner}</rect>'


def _text(x: float, y: float, text: str, style: str) -> str:
    return f'<text class="{style}" x="{x:.1f}" y="{y:.1f}">{_plain(text)}</text>'


def _plain(text: str) -> str:
    return escape(wording.clean(text), quote=True)
