"""Gray time: clients of a place were not served, and whoever watches its health called it healthy all the while.

A client is without service at a place from the sending of the first of two or more requests in a row that went there
and failed, to the sending of the last of them. A place is called healthy as long as none of those who watch it (edge
checks, the balancer, an intermediary) has said otherwise. Where both hold, the difference is what clients saw and
nobody else did (Huang et al., "Gray Failure: The Achilles' Heel of Cloud-Scale Systems", HotOS 2017).

The times are lower bounds: the truth is longer by up to the time between two requests of a client at each end.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from harness.history.codes import ABSENT
from harness.history.columns import Columns
from harness.history.events import Commit, Event, HealthTransition, Operation
from harness.history.gathering import columns_of
from harness.measurement.models import JUDGED_COHORT

Span = tuple[int, int]
_IN_A_ROW = 2


@dataclass(frozen=True)
class Gray:
    """Of one place, in nanoseconds. spans: in order of time, apart from each other. ops: failed ones of the longest."""

    place: str
    spans: tuple[Span, ...]
    ops: tuple[str, ...]

    @property
    def total_ns(self) -> int:
        """All of it."""
        return sum(end - begin for begin, end in self.spans)

    @property
    def longest(self) -> Span:
        """The longest span."""
        return max(self.spans, key=lambda span: span[1] - span[0])

    @property
    def longest_ns(self) -> int:
        """How long that was."""
        begin, end = self.longest
        return end - begin


def gray(
    operations: Iterable[Operation], events: Iterable[Event | Commit], places: Mapping[str, str]
) -> Sequence[Gray] | None:
    """Of each place that had any, by name; None where nobody tells of health. places: by edge address."""
    told = sorted((e for e in events if isinstance(e, HealthTransition)), key=lambda e: e.mono_ns)
    if not told:
        return None
    columns = columns_of(operations)
    found = []
    for place in sorted(set(places.values())):
        bad = _union(_bad(columns, [address for address, name in places.items() if name == place]))
        spans = tuple(_without(bad, _unhealthy([e for e in told if e.target == place])))
        if spans:
            longest = max(spans, key=lambda span: span[1] - span[0])
            found.append(Gray(place, spans, _failed(columns, places, place, longest)))
    return found


def _bad(columns: Columns, addresses: Sequence[str]) -> Iterator[Span]:
    """Of each judged client and kind, from the first of several failures in a row to the last."""
    here = np.zeros(len(columns), np.bool_)
    for address in addresses:
        here |= columns.dialled(address)
    rows = np.flatnonzero(columns.of_cohort(JUDGED_COHORT) & here)
    group = columns.who[rows].astype(np.int64) * 2 + columns.is_write[rows]
    order = np.argsort(group, kind="stable")
    rows, group = rows[order], group[order]
    good = columns.good[rows]
    if not len(rows):
        return
    edges = np.flatnonzero((group[1:] != group[:-1]) | (good[1:] != good[:-1])) + 1
    for begin, end in zip([0, *edges.tolist()], [*edges.tolist(), len(rows)], strict=True):
        if not good[begin] and end - begin >= _IN_A_ROW:
            yield int(columns.sent_ns[rows[begin]]), int(columns.sent_ns[rows[end - 1]])


def _unhealthy(told: Sequence[HealthTransition]) -> list[Span]:
    """When somebody called a place unhealthy."""
    since: dict[str, int] = {}
    found: list[Span] = []
    for event in told:
        if event.status == "unhealthy":
            since.setdefault(event.kind, event.mono_ns)
        elif event.kind in since:
            found.append((since.pop(event.kind), event.mono_ns))
    found.extend((begin, 1 << 62) for begin in since.values())
    return _union(found)


def _union(spans: Iterable[Span]) -> list[Span]:
    """The same time as spans that lie apart, in order."""
    found: list[Span] = []
    for begin, end in sorted(spans):
        if found and begin <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((begin, end))
    return found


def _without(spans: Iterable[Span], out: Sequence[Span]) -> Iterator[Span]:
    """What is left of some spans."""
    for begin, end in spans:
        at = begin
        for first, last in out:
            if first < end and last > at:
                if first > at:
                    yield at, first
                at = max(at, last)
        if at < end:
            yield at, end


def _failed(columns: Columns, places: Mapping[str, str], place: str, span: Span) -> tuple[str, ...]:
    named = [places.get(name, name) == place for name in columns.names.addresses]
    here = np.asarray([*named, False], np.bool_)[np.where(columns.address == ABSENT, len(named), columns.address)]
    then = (columns.sent_ns >= span[0]) & (columns.sent_ns <= span[1])
    return tuple(columns.ops(np.flatnonzero(here & then & ~columns.good & columns.of_cohort(JUDGED_COHORT))[:5]))
