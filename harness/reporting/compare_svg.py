"""A comparison as a picture: for each way a bar of what was measured, and beneath it what production would take.

Both have an axis of their own, since a rehearsal is faster. Written by hand: it takes its colours from the page.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from html import escape

from harness.drill.compared import DECIDE, DETECT, PROPAGATE, Row
from harness.reporting import wording
from harness.units import to_s

PARTS = (DETECT, DECIDE, PROPAGATE)
_WIDTH, _MIDDLE, _RIGHT, _TOP, _ROW = 360, 60, 30, 76, 46
_TICKS = 4
_STEPS = tuple(base * ten for ten in (1, 10, 100, 1000, 10_000) for base in (1, 2, 3, 4, 5))
_LABEL = 34
"""Characters of a way's name, or of what was changed in it, that are shown beside its bars."""
_CHARACTER = 7.8
"""How wide one is, at most on average."""


def draw(rows: Sequence[Row], profile: str) -> str:
    """The picture of one outage: measured on the left, expected of production on the right."""
    shown = [row for row in rows if row.verdict]
    names = [_lines(row.way.label) for row in shown]
    left = round(_CHARACTER * max((len(line) for lines in names for line in lines), default=0)) + 24
    second = left + _WIDTH + _MIDDLE
    height, width = _TOP + len(shown) * _ROW + 30, second + _WIDTH + _RIGHT
    measured = _scale([row.recovery.high_ns or row.recovery.low_ns for row in shown if row.recovery])
    expected = _scale([row.expected.high_ns or row.expected.low_ns for row in shown if row.expected])
    ways = f"{len(shown)} way{'s' * (len(shown) != 1)} to lead clients"
    label = f"{ways} compared; the table below says the same in words"
    parts = [f'<svg class="compare" viewBox="0 0 {width} {height}" role="img" aria-label="{escape(label)}">']
    parts.append(_text(left, 18, f"Measured, seconds of the profile {profile}", "head"))
    parts += _legend(left, ((name, name) for name in PARTS))
    parts.append(_text(second, 18, "Expected in production, seconds", "head"))
    parts += _legend(second, (("expected", "from the least to the most; the line: typically"),))
    parts += _axis(left, measured, height)
    parts += _axis(second, expected, height)
    for number, (row, lines) in enumerate(zip(shown, names, strict=True)):
        y = _TOP + number * _ROW
        tops, styles = ((15,), ("side",)) if len(lines) == 1 else ((8, 24), ("side", "changed"))
        parts += [_text(left - 12, y + top, line, style) for top, line, style in zip(tops, lines, styles, strict=True)]
        parts += _measured(row, left, y, measured)
        parts += _expected(row, second, y, expected)
    return "\n".join([*parts, "</svg>"])


def _lines(label: str) -> Sequence[str]:
    """The environment, and beneath it what was changed in it."""
    return [wording.one_line(line, _LABEL) for line in label.split(", ", 1)]


def _legend(left: float, entries: Iterable[tuple[str, str]]) -> Iterator[str]:
    for style, word in entries:
        yield f'<rect class="{style}" x="{left:.1f}" y="32" width="12" height="12"/>'
        yield _text(left + 18, 43, word, "note")
        left += 40 + 7 * len(word)


def _scale(ends_ns: Sequence[int]) -> float:
    """Seconds at the right end of an axis: a round number above all."""
    most = max((to_s(end) for end in ends_ns), default=1.0)
    step = next(s for s in (0.5, *_STEPS, 1e9) if most <= s * _TICKS)
    return float(step * _TICKS)


def _axis(left: float, end_s: float, height: int) -> Iterator[str]:
    for tick in range(_TICKS + 1):
        x = left + _WIDTH * tick / _TICKS
        yield f'<line class="grid" x1="{x:.1f}" y1="{_TOP - 12}" x2="{x:.1f}" y2="{height - 22}"/>'
        yield _text(x, height - 6, f"{end_s * tick / _TICKS:g}", "tick")


def _measured(row: Row, left: float, y: float, end_s: float) -> Iterator[str]:
    if row.recovery is None:
        yield _text(left + 6, y + 15, f"{row.verdict}: proves nothing", "note")
        return
    at = left
    for name in PARTS:
        length_s = to_s((row.phases_ns or {}).get(name, 0))
        width = _WIDTH * length_s / end_s
        if width > 0:
            yield _rect(name, at, y, width, f"{row.way.label}: {name} {length_s:.2f} s")
        at += width
    title = f"{row.way.label}: last client {wording.bracket(row.recovery)}"
    low = left + _WIDTH * to_s(row.recovery.low_ns) / end_s
    if row.recovery.high_ns is None:
        yield _text(at + 6, y + 15, f"not recovered after {to_s(row.recovery.low_ns):.1f} s", "note")
        yield _path(f"M{low:.1f} {y + 27}v6M{low:.1f} {y + 30}h12l-4 -3m4 3l-4 3", title)
        return
    high = left + _WIDTH * to_s(row.recovery.high_ns) / end_s
    yield _path(f"M{low:.1f} {y + 27}v6M{low:.1f} {y + 30}H{high:.1f}M{high:.1f} {y + 27}v6", title)


def _path(line: str, title: str) -> str:
    return f'<path class="bracket" d="{line}"><title>{_plain(title)}</title></path>'


def _expected(row: Row, left: float, y: float, end_s: float) -> Iterator[str]:
    if row.expected is None or row.expected.high_ns is None:
        yield _text(left + 6, y + 15, "nothing is documented of it", "note")
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
