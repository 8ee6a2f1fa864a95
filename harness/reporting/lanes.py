"""A history arranged for drawing: spans and shares over seconds relative to the fault. Judges nothing.

Everything the timeline shows is here as plain values, so that it can be tested without looking at pixels.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TypeVar

from harness.drill.evidence import DrillResult
from harness.history.events import Commit, DnsAnswer, Event, FaultEvent, HealthTransition, Operation
from harness.history.log import pair
from harness.names import AUTHORITATIVE, CohortName
from harness.outcome import Outcome
from harness.reporting import glossary, journey_lanes
from harness.reporting.spans import Row, Span, changes_as_spans
from harness.reporting.thing_lanes import Group, groups
from harness.reporting.wording import one_line
from harness.units import NS_PER_S

COHORTS_SHOWN = 7
ROWS_SHOWN = 6
_BINS_WANTED = 140
_BIN_WIDTHS_S = (0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0)
_PER_BIN = 1.8
_COHORT_ORDER = tuple(CohortName)
_HEALTHY = {"healthy": True, "unhealthy": False}


@dataclass(frozen=True)
class Cohort:
    """Requests of one cohort per bin: (start of the bin, width, share served 0..1), bins without requests left out."""

    name: str
    bins: tuple[tuple[float, float, float], ...]


_Lane = TypeVar("_Lane", Row, Cohort)


@dataclass(frozen=True)
class Lanes:
    """Everything on one time axis. marks: moments that findings are about, by the findings' numbers.

    hidden: what was left out to keep the picture readable, in words.
    """

    start_s: float
    end_s: float
    origin: str
    faults: tuple[Span, ...]
    phases: tuple[Span, ...]
    cohorts: tuple[Cohort, ...]
    writers: tuple[Row, ...]
    dns: tuple[Row, ...]
    health: tuple[Row, ...]
    regions: tuple[str, ...]
    hidden: tuple[str, ...]
    marks: tuple[tuple[int, float], ...] = ()
    things: tuple[Group, ...] = ()

    @property
    def titled(self) -> tuple[tuple[str, tuple[Row, ...]], ...]:
        """The rows in their groups, from top to bottom."""
        return (
            ("Writes acknowledged by", self.writers),
            ("DNS answer, as seen by", self.dns),
            ("Health checks say", self.health),
            *((group.title, group.rows) for group in self.things),
        )


def arrange(events: Sequence[Event | Commit], drill: DrillResult) -> Lanes:
    """The lanes of a drill. Without a fault, time zero is the first event."""
    times = [event.mono_ns for event in events]
    first_ns, last_ns = (min(times), max(times)) if times else (0, NS_PER_S)
    zero_ns, origin = _zero(events, drill, first_ns)

    def at(instant_ns: int) -> float:
        return (instant_ns - zero_ns) / NS_PER_S

    start_s, end_s = at(first_ns), max(at(last_ns), at(first_ns) + 1.0)
    operations = pair(events)
    names = _names_of_addresses(operations) | {a: one_line(place, 60) for a, place in drill.places.items()}
    width_s = bin_width_s(end_s - start_s)
    cohorts, more_cohorts = _capped(
        _cohorts(operations, zero_ns, width_s, drill.places), COHORTS_SHOWN, ("kind of client", "kinds of client")
    )
    dns, more_clients = _capped(_dns(events, zero_ns, end_s, names), ROWS_SHOWN, ("DNS client", "DNS clients"))
    writers = _writers(operations, zero_ns, names)
    health, more_health = _capped(
        _health(events, zero_ns, (start_s, end_s)), ROWS_SHOWN, ("health check", "health checks")
    )
    things = (*journey_lanes.group(events, zero_ns), *groups(events, zero_ns, (start_s, end_s)))
    return Lanes(
        start_s=start_s,
        end_s=end_s,
        origin=origin,
        faults=tuple(_faults(events, drill, zero_ns, end_s)),
        phases=tuple(_phases(drill, zero_ns)),
        cohorts=cohorts,
        writers=writers,
        dns=dns,
        health=health,
        regions=_regions(names, writers, dns),
        hidden=more_cohorts + more_clients + more_health + _hidden(things),
        marks=tuple((number, at(at_ns)) for number, at_ns in numbered(drill) if first_ns <= at_ns <= last_ns),
        things=things,
    )


def numbered(drill: DrillResult) -> list[tuple[int, int]]:
    """The findings that are no mere notes and name their moment, in order of time: number from 1, and the moment."""
    moments = {f.at_ns for f in drill.findings if f.severity != "info" and f.at_ns is not None}
    return list(enumerate(sorted(moments), start=1))


def bin_width_s(length_s: float) -> float:
    """A round bin width that keeps the number of bins near what the eye can follow."""
    return next((width for width in _BIN_WIDTHS_S if length_s / width <= _BINS_WANTED), _BIN_WIDTHS_S[-1])


def _zero(events: Sequence[Event | Commit], drill: DrillResult, first_ns: int) -> tuple[int, str]:
    starts = [event.mono_ns for event in events if isinstance(event, FaultEvent) and event.f == "start"]
    starts = starts or [fault.start_ns for fault in drill.faults]
    return (min(starts), "fault") if starts else (first_ns, "start")


def _names_of_addresses(operations: Iterable[Operation]) -> dict[str, str]:
    """Which region answered at an address, most often: testimony, good enough to label a picture."""
    seen: dict[str, Counter[str]] = defaultdict(Counter)
    for operation in operations:
        done = operation.completion
        if done is not None and done.outcome is Outcome.OK and done.address and done.region:
            seen[done.address][one_line(done.region, 60)] += 1
    return {address: max(sorted(regions), key=lambda name: regions[name]) for address, regions in seen.items()}


def _cohorts(
    operations: Iterable[Operation], zero_ns: int, width_s: float, places: Mapping[str, str]
) -> list[Cohort]:  # fmt: skip
    sent: dict[str, list[tuple[int, bool]]] = defaultdict(list)
    for operation in operations:
        sent[operation.invoke.cohort].append((operation.sent_ns - zero_ns, operation.good))
    return [
        Cohort(glossary.cohort(name, places), _bins(moments, width_s))
        for name, moments in sorted(sent.items(), key=lambda item: _cohort_rank(item[0]))
    ]


def _bins(moments: Sequence[tuple[int, bool]], width_s: float) -> tuple[tuple[float, float, float], ...]:
    """The share served in each bin. Bins are wide enough for a read and a write: stripes would say nothing."""
    span_ns = max(moments)[0] - min(moments)[0]
    wide = [w for w in _BIN_WIDTHS_S if w >= width_s and len(moments) * w * NS_PER_S >= _PER_BIN * span_ns]
    width_s = wide[0] if wide else width_s
    counts: dict[int, list[int]] = defaultdict(lambda: [0, 0])
    for at_ns, good in moments:
        cell = counts[at_ns // round(width_s * NS_PER_S)]
        cell[0] += good
        cell[1] += 1
    return tuple((index * width_s, width_s, good / total) for index, (good, total) in sorted(counts.items()))


def _cohort_rank(name: str) -> tuple[int, str]:
    return (_COHORT_ORDER.index(name) if name in _COHORT_ORDER else len(_COHORT_ORDER), name)


def _writers(operations: Iterable[Operation], zero_ns: int, names: Mapping[str, str]) -> tuple[Row, ...]:
    """Per region the spans in which it acknowledged writes; a gap of more than a second ends a span."""
    acked: dict[str, list[float]] = defaultdict(list)
    for operation in operations:
        done = operation.completion
        if done is None or not operation.is_write or done.outcome is not Outcome.OK:
            continue
        region = names.get(done.address or "") or done.region or done.address
        if region:
            acked[one_line(region, 60)].append((done.mono_ns - zero_ns) / NS_PER_S)
    return tuple(Row(one_line(region, 40), _runs(times, region)) for region, times in sorted(acked.items()))[
        :ROWS_SHOWN
    ]


def _runs(times: Iterable[float], label: str, gap_s: float = 1.0) -> tuple[Span, ...]:
    ordered = sorted(times)
    spans, start = [], ordered[0]
    for before, after in pairwise(ordered):
        if after - before > gap_s:
            spans.append(Span(start, before, label))
            start = after
    return (*spans, Span(start, ordered[-1], label))


def _dns(events: Iterable[Event | Commit], zero_ns: int, end_s: float, names: Mapping[str, str]) -> list[Row]:
    seen: dict[str, list[tuple[float, str]]] = defaultdict(list)
    for event in events:
        if isinstance(event, DnsAnswer):
            answer = " + ".join(names.get(address, address) for address in event.addresses) or "no answer"
            seen[event.client].append(((event.mono_ns - zero_ns) / NS_PER_S, one_line(answer, 60)))
    ordered = sorted(seen.items(), key=lambda item: (item[0] != AUTHORITATIVE, item[0]))
    return [Row(glossary.observer(client), changes_as_spans(changes, end_s)) for client, changes in ordered]


def _health(events: Iterable[Event | Commit], zero_ns: int, span_s: tuple[float, float]) -> list[Row]:
    """From the start on: what changed to one status had the other one before."""
    seen: dict[str, list[tuple[float, str]]] = defaultdict(list)
    for event in events:
        if isinstance(event, HealthTransition):
            name = f"{event.target}, {glossary.checker(event.kind)}"
            seen[name].append(((event.mono_ns - zero_ns) / NS_PER_S, event.status))
    rows = []
    for target, changes in sorted(seen.items()):
        first_s, status = min(changes)
        if first_s > span_s[0]:
            changes.append((span_s[0], "unhealthy" if status == "healthy" else "healthy"))
        spans = changes_as_spans(changes, span_s[1])
        rows.append(Row(one_line(target, 40), tuple(replace(s, good=_HEALTHY.get(s.label)) for s in spans)))
    return rows


def _faults(events: Iterable[Event | Commit], drill: DrillResult, zero_ns: int, end_s: float) -> list[Span]:
    recorded = [event for event in events if isinstance(event, FaultEvent)]
    if not recorded:
        return [
            Span(
                (f.start_ns - zero_ns) / NS_PER_S,
                end_s if f.stop_ns is None else (f.stop_ns - zero_ns) / NS_PER_S,
                glossary.fault(f.kind, f.target, f.mode),
            )
            for f in drill.faults
        ]
    spans: list[Span] = []
    running: dict[tuple[str, str, str], FaultEvent] = {}
    for event in sorted(recorded, key=lambda event: event.mono_ns):
        key = (event.fault, event.target, event.mode)
        if event.f == "start":
            running.setdefault(key, event)
        elif (begun := running.pop(key, None)) is not None:
            spans.append(_fault_span(begun, (event.mono_ns - zero_ns) / NS_PER_S, zero_ns))
    spans += [_fault_span(begun, end_s, zero_ns) for begun in running.values()]
    return sorted(spans, key=lambda span: span.start_s)


def _fault_span(begun: FaultEvent, end_s: float, zero_ns: int) -> Span:
    label = glossary.fault(begun.fault, begun.target, begun.mode)
    return Span((begun.mono_ns - zero_ns) / NS_PER_S, end_s, label)


def _phases(drill: DrillResult, zero_ns: int) -> list[Span]:
    """Of the recovery that stands at the top: it begins with its own episode, which need not be the first."""
    began = [e.start_ns for e in drill.episodes if e.start_ns is not None and e.phases_ns == drill.phases_ns]
    spans, at_ns = [], (began[-1] - zero_ns if began else 0)
    for name, length_ns in drill.phases_ns.items():
        if length_ns is not None:
            label = one_line(glossary.phase(name, drill.noticed_by), 60)
            spans.append(Span(at_ns / NS_PER_S, (at_ns + length_ns) / NS_PER_S, label))
            at_ns += length_ns
    return spans


def _regions(names: Mapping[str, str], *groups: Iterable[Row]) -> tuple[str, ...]:
    """Every region or address that gets a colour, in a stable order."""
    labels = {span.label for rows in groups for row in rows for span in row.spans}
    known = {label for label in labels if " + " not in label and label != "no answer"} | set(names.values())
    return tuple(sorted(known))


def _hidden(things: Sequence[Group]) -> tuple[str, ...]:
    return tuple(f"{group.hidden} more not drawn of: {group.title}" for group in things if group.hidden)


def _capped(rows: Sequence[_Lane], limit: int, nouns: tuple[str, str]) -> tuple[tuple[_Lane, ...], tuple[str, ...]]:
    """nouns: for one that is left out, and for several."""
    extra = len(rows) - limit
    return tuple(rows[:limit]), (f"{extra} more {nouns[extra > 1]} not drawn",) if extra > 0 else ()
