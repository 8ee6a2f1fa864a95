"""A drill's timeline as a Mermaid diagram, which GitHub draws in a job's summary. From the lanes that the report has.

Mermaid has no escapes in a task's name, so it keeps letters, digits and a few marks, and begins with a word of ours:
nobody's region may pass for a keyword. Moments are milliseconds from the start of the recording, since a diagram knows
no negative ones; `%s` shows them as seconds in whatever zone the reader sits.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from harness.reporting.lanes import Lanes
from harness.reporting.spans import Row, Span

BARS_MAX = 8
"""So many bars in a section: each takes a line of the picture."""
_NAME_MAX = 70
_KEPT = re.compile(r"[^\w ().,+/'–-]+")


def draw(lanes: Lanes) -> list[str]:
    """The diagram's lines, in its fence; none where nothing happened."""
    sections = (
        ("Broken", "crit, ", [(f"broken {span.label}", span) for span in lanes.faults]),
        ("Recovery", "active, ", [(f"until {span.label}", span) for span in lanes.phases]),
        ("Writes", "", [(f"by {row.name}", span) for row in lanes.writers for span in row.spans]),
        ("DNS answer", "done, ", _answers(lanes.dns)),
        *((group.title, "", _news(group.rows)) for group in lanes.things),
    )
    body = [line for section in sections for line in _section(*section, lanes.start_s, lanes.end_s)]
    if not body:
        return []
    return ["```mermaid", "gantt", "    dateFormat x", "    axisFormat %s", *body, "```", ""]


def plain(name: str) -> str:
    """A name as Mermaid takes it."""
    kept = " ".join(_KEPT.sub(" ", name.replace("->", " to ")).replace("_", " ").split())
    return kept[:_NAME_MAX].rstrip() or "unnamed"


def _section(title: str, style: str, bars: Sequence[tuple[str, Span]], start_s: float, end_s: float) -> Iterator[str]:
    if bars:
        left = len(bars) - BARS_MAX
        yield f"    section {title}" + (f", {left} more in the report" if left > 0 else "")
    for name, span in bars[:BARS_MAX]:
        first = max(0, round((span.start_s - start_s) * 1000))
        last = max(first + 1, round((min(span.end_s, end_s) - start_s) * 1000))
        yield f"    {plain(name)} :{style}{first}, {last}"


def _news(rows: Sequence[Row]) -> list[tuple[str, Span]]:
    """What things were and what was done, but for what was well all the time."""
    return [(f"of {row.name}, {span.label}", span) for row in rows for span in row.spans
            if span.moment or span.good is not True]  # fmt: skip


def _answers(rows: Sequence[Row]) -> list[tuple[str, Span]]:
    """Of the first observer: the authoritative server, where anybody asked it."""
    return [(f"is {span.label}", span) for row in rows[:1] for span in row.spans]
