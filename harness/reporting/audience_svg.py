"""How an audience came back, as a picture: the share of its users over time, and below it each profile beside it.

Written by hand and not drawn by matplotlib: it takes its colours from the page, light or dark.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any

from harness.reporting.wording import clean, one_line
from harness.spelling import percent

_LEFT, _WIDTH, _RIGHT = 210, 640, 150
_TOP, _HEIGHT, _AXIS = 16, 220, 34
_ROW, _BAR = 24, 12
_STEPS_S = (0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1800, 3600, 14_400, 86_400)
_TICKS = 9
_BEYOND = 1.12
"""Who was not seen back is drawn up to the right edge, which is so much further than the last known moment."""


def draw(told: Mapping[str, Any]) -> str:
    """The picture of one episode. told: one of the evidence's `measured.audience`."""
    curve, users = told["curve"], told["users"]
    end_s = _end_s(curve, users)
    foot = _TOP + _HEIGHT
    height = foot + _AXIS + len(users) * _ROW + 6
    label = escape(clean(_described(told)))
    width = _LEFT + _WIDTH + _RIGHT
    parts = [f'<svg class="audience" viewBox="0 0 {width} {height}" role="img" aria-label="{label}">']
    for share in (0, 0.25, 0.5, 0.75, 1):
        y = _y(share)
        parts.append(f'<line class="grid" x1="{_LEFT}" y1="{y:.1f}" x2="{_LEFT + _WIDTH}" y2="{y:.1f}"/>')
        parts.append(_text(_LEFT - 8, y + 4, percent(share), "end"))
    step_s = next((one for one in _STEPS_S if end_s / one <= _TICKS), _STEPS_S[-1])
    for n in range(int(end_s / step_s) + 1):
        x = _x(n * step_s, end_s)
        parts.append(f'<line class="grid" x1="{x:.1f}" y1="{_TOP}" x2="{x:.1f}" y2="{height - 6}"/>')
        parts.append(_text(x, foot + 18, f"{n * step_s:g} s", "middle"))
    parts.append(f'<path class="band" d="{_band(curve, end_s)}"/>')
    parts += [f'<path class="{name}" d="{_steps(curve, name, end_s)}"/>' for name in ("most", "least")]
    parts.append(_text(_LEFT + _WIDTH + 10, _TOP + 12, "share of the users", ""))
    parts.append(_text(_LEFT + _WIDTH + 10, _TOP + 28, "that is served again", ""))
    parts.append(_text(_LEFT + _WIDTH + 10, foot + 18, "after the fault", ""))
    for row, one in enumerate(users):
        parts += _profile(one, foot + _AXIS + row * _ROW, end_s)
    return "\n".join([*parts, "</svg>"])


def _end_s(curve: Sequence[Mapping[str, Any]], users: Sequence[Mapping[str, Any]]) -> float:
    known: list[float] = [1.0, *(point["after_s"] for point in curve)]
    known += [back["high_s"] or back["low_s"] for one in users for back in one["back"]]
    return max(known) * _BEYOND


def _x(after_s: float, end_s: float) -> float:
    return _LEFT + _WIDTH * min(1.0, after_s / end_s)


def _y(share: float) -> float:
    return _TOP + _HEIGHT * (1 - share)


def _corners(curve: Sequence[Mapping[str, Any]], name: str, end_s: float) -> list[str]:
    """The corners of a curve that stays as it is until its next point."""
    found, level = [], 0.0
    for point in curve:
        x = _x(point["after_s"], end_s)
        found += [f"{x:.1f},{_y(level):.1f}", f"{x:.1f},{_y(point[name]):.1f}"]
        level = point[name]
    return [*found, f"{_x(end_s, end_s):.1f},{_y(level):.1f}"]


def _steps(curve: Sequence[Mapping[str, Any]], name: str, end_s: float) -> str:
    return "M" + " L".join(_corners(curve, name, end_s))


def _band(curve: Sequence[Mapping[str, Any]], end_s: float) -> str:
    return "M" + " L".join([*_corners(curve, "most", end_s), *reversed(_corners(curve, "least", end_s))]) + " Z"


def _profile(one: Mapping[str, Any], top: float, end_s: float) -> Iterator[str]:
    """A row: when each equal share of the profile's users was back."""
    middle = top + _ROW / 2
    yield _text(_LEFT - 8, middle + 4, one_line(one["profile"], 30), "end")
    yield _text(_LEFT + _WIDTH + 10, middle + 4, f"{percent(one['share'])} of the users", "")
    yield f'<line class="rule" x1="{_LEFT}" y1="{middle:.1f}" x2="{_LEFT + _WIDTH}" y2="{middle:.1f}"/>'
    if not one["away"]:
        yield _text(_LEFT + 6, middle + 4, "never away", "")
        return
    for back in one["back"]:
        left = _x(back["low_s"], end_s)
        right = _x(end_s if back["high_s"] is None else back["high_s"], end_s)
        name = "share" if back["high_s"] is not None else "share never"
        yield (
            f'<rect class="{name}" x="{left:.1f}" y="{middle - _BAR / 2:.1f}" width="{max(2.0, right - left):.1f}" '
            f'height="{_BAR}" rx="2"/>'
        )


def _text(x: float, y: float, text: str, anchor: str) -> str:
    place = f' text-anchor="{anchor}"' if anchor else ""
    return f'<text x="{x:.1f}" y="{y:.1f}"{place}>{escape(clean(text))}</text>'


def _described(told: Mapping[str, Any]) -> str:
    """The picture in words, for whoever cannot see it."""
    parts = []
    for one in told["back"]:
        after = one["after"]
        when = f"after {after['low_s']:.1f} to {after['high_s']:.1f} s" if after["high_s"] is not None else "never seen"
        parts.append(f"{percent(one['share'])} of the users back: {when}")
    return "; ".join(parts)
