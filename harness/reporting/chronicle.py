"""What happened in a drill's world, one line after the other: the timeline for reading. Judges nothing.

What a thing does again and again is told once, with how often; what happens to many things at the same moment is one
line.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

from harness.drill.evidence import DrillResult
from harness.history.events import Commit, DnsAnswer, Event, FaultEvent, Happening, HealthTransition
from harness.history.happenings import RECORD, Repeated, folded, happening_of, happenings, words
from harness.names import AUTHORITATIVE
from harness.reporting import glossary
from harness.reporting.wording import one_line
from harness.units import NS_PER_S, to_s

SHOWN = 120
_TOGETHER_NS = NS_PER_S
_NAMES_SHOWN = 3
_OFTEN = 8
"""So many lines of one thing are a pattern rather than a story: then what recurs in it is told once."""


@dataclass(frozen=True)
class Line:
    """since: in seconds after the first fault. thing: what it is about. ill: whether that is not as it should be."""

    since: str
    thing: str
    text: str
    ill: bool


def lines(events: Sequence[Event | Commit], drill: DrillResult) -> tuple[Line, ...]:
    """All that happened, in order of time; nothing for a world that tells nothing of its things."""
    zero_ns = min((fault.start_ns for fault in drill.faults), default=None)
    if zero_ns is None:
        zero_ns = min((event.mono_ns for event in events), default=0)
    kinds = {told.kind for told in happenings(events)}
    if not kinds:
        return ()
    told = sorted(_told(events, drill, kinds), key=lambda one: one.mono_ns)
    found = _together(_recurring(folded(told)))
    return tuple(_line(things, one, zero_ns) for things, one in found)


def _told(events: Iterable[Event | Commit], drill: DrillResult, kinds: Collection[str]) -> Iterable[Happening]:
    """Everything as something that happened to a thing. kinds: what parts tell of, more closely than others would."""
    for event in events:
        told = happening_of(event)
        if told is not None:
            yield told
        elif isinstance(event, FaultEvent):
            words = glossary.fault(event.fault, event.target, event.mode)
            what = "begins" if event.f == "start" else "is healed"
            yield Happening("fault", words, what, event.mono_ns, good=event.f != "start")
        elif isinstance(event, HealthTransition) and event.kind not in kinds:
            text = f"{event.healthy_checkers} of {event.checkers} say healthy" if event.checkers else ""
            thing = f"{event.target}, {glossary.checker(event.kind)}"
            yield Happening("health", thing, event.status, event.mono_ns, text, good=event.status == "healthy")
        elif _asked_by_us(event) and RECORD not in kinds:
            assert isinstance(event, DnsAnswer)
            answer = " + ".join(drill.places.get(address, address) for address in event.addresses)
            yield Happening("DNS answer", event.name, answer or "none", event.mono_ns, good=bool(answer) or False)


def _asked_by_us(event: Event | Commit) -> bool:
    return isinstance(event, DnsAnswer) and event.client == AUTHORITATIVE and event.source == "witness"


def _recurring(told: Sequence[Repeated]) -> list[Repeated]:
    """Of a thing with many lines, each that recurs only once."""
    many = Counter((one.first.kind, one.first.thing) for one in told)
    found: list[Repeated] = []
    places: dict[tuple[str, ...], int] = {}
    for one in told:
        first = one.first
        key = (first.kind, first.thing, first.what, first.text)
        if many[first.kind, first.thing] > _OFTEN and key in places:
            place = places[key]
            found[place] = replace(found[place], last=one.last, times=found[place].times + one.times)
            continue
        places[key] = len(found)
        found.append(one)
    return found


def _together(told: Sequence[Repeated]) -> list[tuple[list[str], Repeated]]:
    """What several things of a kind did at about the same moment is one line about all of them."""
    found: list[tuple[list[str], Repeated]] = []
    open_at: dict[tuple[str, ...], int] = {}
    for one in told:
        first = one.first
        key = (first.kind, first.what, first.text, str(one.times))
        place = open_at.get(key)
        if place is not None and first.mono_ns - found[place][1].first.mono_ns <= _TOGETHER_NS and first.lasts:
            found[place][0].append(first.thing)
            continue
        open_at[key] = len(found)
        found.append(([first.thing], one))
    return found


def _line(things: Sequence[str], one: Repeated, zero_ns: int) -> Line:
    first = one.first
    more = len(things) - _NAMES_SHOWN
    names = "; ".join(things[:_NAMES_SHOWN]) + (f"; {more} more" if more > 0 else "")
    text = words(first)
    if one.times > 1:
        text += f"; {one.times} times until {to_s(one.last.mono_ns - zero_ns):.1f} s"
    kind = "" if first.kind == "fault" else f"{first.kind} by " if not first.lasts else f"{first.kind} "
    since = f"{to_s(first.mono_ns - zero_ns):.1f} s"
    return Line(since, one_line(f"{kind}{names}", 160), one_line(text, 300), first.good is False)
