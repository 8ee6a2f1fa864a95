"""The things of a world, arranged for drawing: for each of them, what it was from when on, or what was done. Judges
nothing, and knows no part: titles come from the kinds of things, and one that has no words of ours is its own title."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from harness.history.events import Commit, Event, Happening
from harness.history.happenings import folded, happenings, words
from harness.reporting import glossary
from harness.reporting.spans import Row, Span
from harness.reporting.wording import one_line
from harness.units import NS_PER_S

ROWS_SHOWN, KINDS_SHOWN, SPANS_SHOWN = 12, 12, 500
"""More of them nobody could tell apart in a picture."""
_NAME = 60


@dataclass(frozen=True)
class Group:
    """The rows of one kind of things. hidden: how many more there are."""

    title: str
    rows: tuple[Row, ...]
    hidden: int = 0


def groups(events: Iterable[Event | Commit], zero_ns: int, span_s: tuple[float, float]) -> tuple[Group, ...]:
    """A group for each kind of things, a row for each thing; of too many, those that say something come first.

    Where every thing of a kind was well all the time, there is nothing to see.
    """
    found: dict[str, dict[str, list[Happening]]] = defaultdict(lambda: defaultdict(list))
    for told in happenings(events):
        found[told.kind][told.thing].append(told)
    drawn: list[Group] = []
    for kind in sorted(found, key=lambda kind: (glossary.place_of(kind), kind)):
        rows = [_row(name, changes, zero_ns, span_s) for name, changes in sorted(found[kind].items())]
        if all(_uneventful(row) for row in rows) or len(drawn) == KINDS_SHOWN:
            continue
        shown = rows
        if len(rows) > ROWS_SHOWN:
            busy = sorted(range(len(rows)), key=lambda n: (_calm(rows[n]), n))[:ROWS_SHOWN]
            shown = [rows[n] for n in sorted(busy)]
        drawn.append(Group(glossary.things(kind), tuple(shown), len(rows) - len(shown)))
    return tuple(drawn)


def _uneventful(row: Row) -> bool:
    return len(row.spans) == 1 and row.spans[0].good is True and not row.spans[0].moment


def _calm(row: Row) -> bool:
    """Whether nothing was ever wrong with it."""
    return not any(span.good is False for span in row.spans)


def _row(name: str, changes: Sequence[Happening], zero_ns: int, span_s: tuple[float, float]) -> Row:
    lasting = [told for told in changes if told.lasts]
    spans = [
        *_before(lasting, zero_ns, span_s[0]),
        *_states(lasting, zero_ns, span_s[1]),
        *_moments([t for t in changes if not t.lasts], zero_ns),
    ]
    return Row(one_line(name, 40), tuple(sorted(spans, key=lambda span: span.start_s)[:SPANS_SHOWN]))


def _before(changes: Sequence[Happening], zero_ns: int, start_s: float) -> list[Span]:
    """What it was before the first change that was recorded, where that tells it."""
    for told in changes[:1]:
        until_s, label = (told.mono_ns - zero_ns) / NS_PER_S, one_line(told.before, _NAME)
        if label and until_s > start_s:
            known = next((later.good for later in changes if later.what == told.before), told.good is False or None)
            return [Span(start_s, until_s, label, known)]
    return []


def _states(changes: Sequence[Happening], zero_ns: int, end_s: float) -> list[Span]:
    """What it was until it became something else; nothing where it was not there."""
    spans: list[Span] = []
    for told, after in zip_longest(changes, changes[1:]):
        start_s = (told.mono_ns - zero_ns) / NS_PER_S
        stop_s = max(end_s, start_s) if after is None else (after.mono_ns - zero_ns) / NS_PER_S
        label = one_line(told.what, _NAME)
        if spans and (spans[-1].label, spans[-1].good, spans[-1].end_s) == (label, told.good, start_s):
            spans[-1] = Span(spans[-1].start_s, stop_s, label, told.good)
        elif label and stop_s > start_s:
            spans.append(Span(start_s, stop_s, label, told.good))
    return spans


def _moments(done: Sequence[Happening], zero_ns: int) -> list[Span]:
    """What was done, each with its outcome; the same in a row is one, with how often."""
    spans = []
    for one in folded(done):
        text = words(one.first)
        label = one_line(f"{text}, {one.times} times" if one.times > 1 else text, 2 * _NAME)
        first_s, last_s = ((told.mono_ns - zero_ns) / NS_PER_S for told in (one.first, one.last))
        spans.append(Span(first_s, last_s, label, one.first.good, moment=True))
    return spans
