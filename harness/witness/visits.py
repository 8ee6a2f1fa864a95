"""When which journey is tried, with which id, and what has come of it.

    Due --(the journey that it comes after has worked, or there is none)--> Go --Ended--> Tell
    Due --(that one has never worked)--> nothing: there is nothing to track yet

Journeys know nothing of one another but the ids that they have worked with; what one of them waits for delays no other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from harness.history.journeys import JourneyMade
from harness.journeys import Expected, Journey
from harness.wire.statuses import within
from harness.witness import outcomes

UNEXPECTED = "unexpected"
"""The error of a visit whose answer is not what the subject file expects."""


@dataclass(frozen=True)
class Visit:
    """A journey under way. key: what its texts have for `{id}`; client: the number of who makes it."""

    journey: Journey
    visit: str
    key: str
    client: int
    planned_ns: int
    sent_ns: int
    address: str | None = None


@dataclass(frozen=True)
class Due:
    """A journey is to be tried, as its grid says."""

    journey: Journey
    planned_ns: int


@dataclass(frozen=True)
class Answered:
    """A visit was answered. headers: lower-case names."""

    visit: Visit
    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True)
class Failed:
    """No answer will come. error: one of the words in outcomes.py."""

    visit: Visit
    error: str


Event = Due | Answered | Failed


@dataclass(frozen=True)
class Go:
    """Effect: send its request now."""

    visit: Visit


@dataclass(frozen=True)
class Tell:
    """Effect: this is what the history says of it."""

    made: JourneyMade


Effect = Go | Tell


@dataclass(frozen=True)
class Visits:
    """prefix: of all ids. clients: so many make each journey, in turn. begun: how many visits there were; turns: of
    each journey. worked_with: journey -> the newest visit that worked, by its number and its id.
    """

    prefix: str
    clients: int
    begun: int = 0
    turns: Mapping[str, int] = field(default_factory=dict)
    worked_with: Mapping[str, tuple[int, str]] = field(default_factory=dict)


def step(state: Visits, event: Event, now_ns: int) -> tuple[Visits, tuple[Effect, ...]]:
    """The next state."""
    match event:
        case Due():
            return _due(state, event, now_ns)
        case Failed(visit=visit, error=error):
            return state, (Tell(_made(visit, now_ns, error=error)),)
        case Answered():
            return _answered(state, event, now_ns)


def _due(state: Visits, due: Due, now_ns: int) -> tuple[Visits, tuple[Effect, ...]]:
    journey, number = due.journey, state.begun + 1
    visit = f"{state.prefix}-{number}"
    key = visit
    if journey.after is not None:
        if journey.after not in state.worked_with:
            return state, ()
        key = state.worked_with[journey.after][1]
    turn = state.turns.get(journey.name, 0)
    going = Visit(journey, visit, key, turn % state.clients, due.planned_ns, now_ns)
    return replace(state, begun=number, turns={**state.turns, journey.name: turn + 1}), (Go(going),)


def _answered(state: Visits, answer: Answered, now_ns: int) -> tuple[Visits, tuple[Effect, ...]]:
    visit, place = answer.visit, answer.visit.journey.id
    error = wrong(visit.journey.expect, answer.status, answer.body)
    key = visit.key if place is None else outcomes.id_at(place, answer.headers, answer.body)
    if error is None and key is None:
        error = UNEXPECTED
    tell = Tell(_made(visit, now_ns, answer.status, error))
    if error is not None or key is None:
        return state, (tell,)
    number = int(visit.visit.rpartition("-")[2])
    before = state.worked_with.get(visit.journey.name, (0, ""))
    worked_with = {**state.worked_with, visit.journey.name: max(before, (number, key))}
    return replace(state, worked_with=worked_with), (tell,)


def dialled(visit: Visit, address: str) -> Visit:
    """The visit, once it is known where it went; "": nowhere."""
    return replace(visit, address=address or None)


def wrong(expected: Expected, status: int, body: bytes) -> str | None:
    """Why an answer is not the expected one, in a word; None: it is."""
    if not within(expected.status, status):
        return UNEXPECTED
    if expected.pattern is not None and outcomes.first(expected.pattern, body.decode(errors="replace")) is None:
        return UNEXPECTED
    return None


def _made(visit: Visit, now_ns: int, status: int | None = None, error: str | None = None) -> JourneyMade:
    return JourneyMade(
        journey=visit.journey.name,
        visit=visit.visit,
        client=f"visitor-{visit.client}",
        worked=error is None,
        planned_ns=visit.planned_ns,
        mono_ns=visit.sent_ns,
        returned_ns=now_ns,
        address=visit.address,
        status=status,
        error=error,
    )
