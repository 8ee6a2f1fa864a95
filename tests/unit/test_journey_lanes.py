"""Journeys in a timeline: from the first visit of a stretch to the first of the next, with why they failed."""

from __future__ import annotations

from harness.history.journeys import JourneyMade
from harness.reporting.journey_lanes import TITLE, group
from harness.units import NS_PER_S


def made(at_s: int, journey: str = "pay", status: int | None = 200, error: str | None = None) -> JourneyMade:
    worked = error is None and status == 200
    sent_ns = at_s * NS_PER_S
    return JourneyMade(
        journey,
        f"{journey}{at_s}",
        "visitor-0",
        worked,
        sent_ns,
        sent_ns,
        sent_ns + NS_PER_S,
        status=status,
        error=error,
    )


def test_a_journey_is_drawn_as_it_worked_and_did_not() -> None:
    events = [made(1), made(2), made(3, status=503, error="unexpected"), made(4, status=None, error="timeout"), made(5)]
    (drawn,) = group([*events, made(2, "browse")], zero_ns=2 * NS_PER_S)
    assert (drawn.title, [row.name for row in drawn.rows], drawn.hidden) == (TITLE, ["pay", "browse"], 0)
    assert [(s.start_s, s.end_s, s.label, s.good) for s in drawn.rows[0].spans] == [
        (-1.0, 1.0, "works", True), (1.0, 3.0, "503", False), (3.0, 4.0, "works", True),
    ]  # fmt: skip


def test_without_journeys_there_is_no_group_and_of_many_some_are_hidden() -> None:
    assert group([], 0) == ()
    (drawn,) = group([made(1, f"j{n}") for n in range(11)], 0)
    assert (len(drawn.rows), drawn.hidden) == (8, 3)
