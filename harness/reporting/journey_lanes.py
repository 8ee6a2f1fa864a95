"""Journeys arranged for drawing: for each of them, when its visits worked. Judges nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

from harness.history.events import Commit, Event
from harness.history.journeys import JourneyMade
from harness.reporting.spans import Row, Span
from harness.reporting.thing_lanes import SPANS_SHOWN, Group
from harness.reporting.wording import one_line
from harness.units import NS_PER_S

TITLE = "Journeys"
ROWS_SHOWN = 8


def group(events: Iterable[Event | Commit], zero_ns: int) -> tuple[Group, ...]:
    """A row for each journey, from the first visit of each stretch to the first of the next; none without journeys."""
    made: dict[str, list[JourneyMade]] = {}
    for event in events:
        if isinstance(event, JourneyMade):
            made.setdefault(event.journey, []).append(event)
    rows = [Row(one_line(name, 40), _spans(visits, zero_ns)) for name, visits in made.items()]
    return (Group(TITLE, tuple(rows[:ROWS_SHOWN]), max(0, len(rows) - ROWS_SHOWN)),) if rows else ()


def _spans(visits: Sequence[JourneyMade], zero_ns: int) -> tuple[Span, ...]:
    ordered = sorted(visits, key=lambda visit: visit.mono_ns)
    turns = [ordered[0], *(later for earlier, later in pairwise(ordered) if later.worked is not earlier.worked)]
    ends_ns = [*(turn.mono_ns for turn in turns[1:]), ordered[-1].returned_ns]
    spans = (
        Span((turn.mono_ns - zero_ns) / NS_PER_S, (end_ns - zero_ns) / NS_PER_S, _word(turn), turn.worked)
        for turn, end_ns in zip(turns, ends_ns, strict=True)
    )
    return tuple(spans)[:SPANS_SHOWN]


def _word(visit: JourneyMade) -> str:
    if visit.worked:
        return "works"
    return str(visit.status) if visit.status is not None else one_line(visit.error or "fails", 20)
