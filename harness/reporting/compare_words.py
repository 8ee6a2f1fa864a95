"""Sentences about a comparison, alike in the terminal and on the page."""

from __future__ import annotations

from collections.abc import Sequence

from harness.drill.compared import Row, Way, fastest, fastest_in_production
from harness.reporting import wording
from harness.units import to_s


def soonest(rows: Sequence[Row]) -> str:
    """Who is, and from whom the measurement does not tell it; "" where there is nothing to compare."""
    found = fastest(rows)
    if not found or sum(row.recovery is not None for row in rows) < 2:
        return ""
    first, *others = found
    told = f"{first.way.label}, {wording.bracket(first.recovery)}"
    return f"{told}; not to be told from it: {'; '.join(row.way.label for row in others)}" if others else told


def in_production(rows: Sequence[Row]) -> str:
    """Who is there, by the documented constants; "" where there is nothing to compare."""
    first = fastest_in_production(rows)
    if first is None or first.expected is None or first.expected.point_ns is None:
        return ""
    typical_s = f"{to_s(first.expected.point_ns):.0f}"
    return f"{first.way.label}, typically {typical_s} s ({wording.whole_seconds(first.expected)} s)"


def settings(way: Way) -> str:
    """With what it was run: `ttl 30 s, interval 60 s, threshold 0`."""
    return ", ".join(f"{word} {value}" for word, value in way.settings.items())
