"""What failing requests were answered, for people: one of each kind, the first time that it was seen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from harness.drill.evidence import DrillResult
from harness.history import wording as words
from harness.history.events import Commit, Completion, Event, Sample
from harness.outcome import Outcome
from harness.reporting import glossary
from harness.reporting.wording import one_line
from harness.units import to_s

SHOWN = 8


@dataclass(frozen=True)
class SampleRow:
    """One kind of failure. since: when it was first seen, in seconds after the fault; times: how often in all."""

    what: str
    since: str
    times: int
    clients: str
    answer: str


def rows(events: Iterable[Event | Commit], drill: DrillResult) -> tuple[SampleRow, ...]:
    """The kinds of failures from the first fault on, the most frequent first."""
    zero_ns = min((fault.start_ns for fault in drill.faults), default=None)
    counts: Counter[tuple[str, str, str]] = Counter()
    first: dict[tuple[str, str, str], Completion] = {}
    answers: dict[str, Sample] = {}
    for event in events:
        if isinstance(event, Sample):
            answers.setdefault(event.op, event)
        elif isinstance(event, Completion) and event.outcome is not Outcome.OK and event.mono_ns >= (zero_ns or 0):
            kind: tuple[str, str, str] = (
                event.f,
                drill.places.get(event.address or "", event.address or ""),
                _error(event),
            )
            counts[kind] += 1
            first.setdefault(kind, event)
    excerpts = {_kind_of(sample, drill): sample for sample in reversed(answers.values())}
    found = []
    for kind, times in counts.most_common(SHOWN):
        f, place, error = kind
        done = first[kind]
        since = "" if zero_ns is None else f"{to_s(done.mono_ns - zero_ns):.1f} s"
        where = f" at {place}" if place else ""
        what = one_line(f"{words.operation(f)}{where}: {error}", 120)
        who, answer = glossary.cohort(done.cohort, drill.places), _excerpt(excerpts.get(kind))
        found.append(SampleRow(what, since, times, who, answer))
    return tuple(found)


def _error(done: Completion) -> str:
    """As of its sample: by the status, where there is one."""
    return words.answer(done.status, done.error if done.status is None else None)


def _kind_of(sample: Sample, drill: DrillResult) -> tuple[str, str, str]:
    return (sample.f, drill.places.get(sample.address or "", sample.address or ""), words.answer(sample.status, None))


def _excerpt(sample: Sample | None) -> str:
    if sample is None:
        return ""
    return one_line(" · ".join(part for part in (sample.status_line, *sample.headers, sample.body) if part), 300)
