"""Sentences about a comparison, alike in the terminal and on the page."""

from __future__ import annotations

from collections.abc import Sequence

from harness.drill.compared import Row, fastest
from harness.reporting import wording


def soonest(rows: Sequence[Row]) -> str:
    """Who is, and from whom the measurement does not tell it; "" where there is nothing to compare."""
    found = fastest(rows)
    if not found or len(rows) < 2:
        return ""
    first, *others = found
    told = f"{first.way.label}, {wording.bracket(first.recovery)}"
    return f"{told}; not to be told from it: {'; '.join(row.way.label for row in others)}" if others else told
