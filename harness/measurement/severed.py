"""What a side can have been shown of another's writes while the drill had cut replication between the two.

A cut leads from some places to others. Whoever reads at a side that it leads to need not be shown, by a promise without
a bound, what was acknowledged elsewhere from shortly before the cut to its end: in reads that ended after the cut had
begun, until the write arrived (the side's commit log tells, or a read there that showed it), and CATCH_UP_NS after the
heal at the longest. What never arrives is the plan's own fault.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from harness.history.codes import ABSENT, GET, NEVER_NS, PUT, Bools
from harness.history.columns import Columns
from harness.history.tables import CommitColumns
from harness.measurement.newest import Ints, Rows
from harness.measurement.streams import Times
from harness.units import to_ns

CATCH_UP_NS = to_ns(30.0)
"""So long after the heal of a cut its backlog may take; and so old may be what a commit log shows to be on its way."""
ON_ITS_WAY_NS = to_ns(1.0)
"""So much of what was written last may be on its way in a replication that works, where no commit log tells."""


class Cut(NamedTuple):
    """Replication from some places to others was cut. ended_ns None: to the end. Nobody named: from or to everybody."""

    begun_ns: int
    ended_ns: int | None = None
    sources: frozenset[str] = frozenset()
    targets: frozenset[str] = frozenset()

    @property
    def until_ns(self) -> int:
        """Up to when."""
        return NEVER_NS if self.ended_ns is None else self.ended_ns

    def leads_to(self, place: str) -> bool:
        """Whether it kept anything from a place."""
        return not self.targets or place in self.targets


class Unseen(NamedTuple):
    """In reads that ended after from_ns, each write (by row) need not be shown before until_ns."""

    from_ns: int
    until_ns: Times


@dataclass(frozen=True, eq=False)
class Side:
    """A place that answers, as far as its commit log and its own answers tell what it had. places: by edge address."""

    columns: Columns
    place: str
    places: Mapping[str, str]
    log: CommitColumns | None

    @cached_property
    def _names(self) -> list[str]:
        return sorted({*self.places.values(), self.place})

    def _codes(self, places: frozenset[str]) -> list[int]:
        return [code for code, name in enumerate(self._names) if name in places]

    @cached_property
    def _dialled(self) -> Ints:
        """By row, the place that was asked."""
        return self._named(self.columns.address, [self.places.get(a, a) for a in self.columns.names.addresses])

    @cached_property
    def _origin(self) -> Ints:
        """By row, the place that did it: another one that the answer names, where that is known, else the one asked."""
        named = self._named(self.columns.region, self.columns.names.regions)
        return np.where(named == ABSENT, self._dialled, named)

    def _named(self, codes: Ints, names: Sequence[str]) -> Ints:
        of = {name: at for at, name in enumerate(self._names)}
        table = np.asarray([*(of.get(name, ABSENT) for name in names), ABSENT], np.int64)
        return table[np.where(codes < 0, len(names), codes)]

    @cached_property
    def _here(self) -> int:
        return self._names.index(self.place)

    @cached_property
    def _shown(self) -> tuple[Rows, Rows]:
        """What it answered itself: reads, and whose value each showed."""
        columns = self.columns
        reads = np.flatnonzero((columns.f == GET) & columns.good & (self._origin == self._here))
        reads = reads[columns.value[reads] >= 0]
        writer = columns.writer[reads].astype(np.int64)
        return reads[writer >= 0], writer[writer >= 0]

    @cached_property
    def _seen_ns(self) -> Times:
        """By row, when the value of a put was seen here: in the log, or, where none is kept, in an answer."""
        columns, log = self.columns, self.log
        found = np.full(len(columns), NEVER_NS, np.int64)
        if log is None:
            reads, writer = self._shown
            np.minimum.at(found, writer, columns.returned_ns[reads])
            return found
        writers = columns.local(log.value)
        puts = np.flatnonzero(writers >= 0)
        np.minimum.at(found, writers[puts], log.at_ns[puts])
        return found

    @cached_property
    def there_ns(self) -> Times:
        """By row, when a write was here for certain; NEVER_NS: not known."""
        columns, log, found = self.columns, self.log, self._seen_ns.copy()
        own = columns.acknowledged & (self._origin == self._here)
        if log is None:
            found[own] = np.minimum(found[own], columns.returned_ns[own])
            return found
        # A removal, or a count, does not say whose it is: that of what was under way here meanwhile.
        changes = sorted(zip(log.key.tolist(), log.at_ns.tolist(), strict=True))
        for row in np.flatnonzero(own & (columns.f != PUT)):
            key, sent_ns, returned_ns = int(columns.key[row]), int(columns.sent_ns[row]), int(columns.returned_ns[row])
            at = bisect_left(changes, (key, sent_ns))
            if at < len(changes) and changes[at][0] == key and changes[at][1] <= returned_ns:
                found[row] = changes[at][1]
        return found

    def kept_from(self, cut: Cut) -> Bools:
        """Which writes a cut that leads here lay before: those of its places, and own ones that the log had later."""
        if not cut.sources:
            return np.ones(len(self.columns), np.bool_)
        own = (self._origin == self._here) & (self.there_ns > self.columns.returned_ns)
        kept: Bools = np.isin(self._origin, self._codes(cut.sources)) | own
        return kept

    def sent_from(self, cut: Cut, after_ns: int, until_ns: int) -> Bools:
        """Puts that a cut's places acknowledged, and that were sent to them between two moments."""
        columns, sources = self.columns, self._codes(cut.sources)
        there = np.isin(self._dialled, sources) & np.isin(self._origin, sources)
        then = (columns.sent_ns > after_ns) & (columns.returned_ns <= until_ns)
        sent: Bools = columns.acknowledged & (columns.f == PUT) & there & then
        return sent

    def received(self, writes: Bools, until_ns: int) -> bool:
        """Whether any of some writes was here by then."""
        return bool(np.any(self._seen_ns[writes] <= until_ns))

    def unseen(self, behind: Bools, cuts: Sequence[Cut]) -> Sequence[Unseen]:
        """What a promise without a bound allows to be missing here. behind: what this side lacked; in order of time."""
        columns = self.columns
        slack_ns = ON_ITS_WAY_NS if self.log is None else CATCH_UP_NS
        found: list[Unseen] = []
        until = np.zeros(len(columns), np.int64)
        for cut in _joined([cut for cut in cuts if cut.leads_to(self.place)]):
            hit = behind & self.kept_from(cut) & (columns.sent_ns < cut.until_ns)
            hit &= columns.returned_ns > cut.begun_ns - slack_ns
            latest_ns = NEVER_NS if cut.ended_ns is None else cut.ended_ns + CATCH_UP_NS
            until = np.where(hit, np.maximum(until, np.minimum(self.there_ns, latest_ns)), until)
            found.append(Unseen(cut.begun_ns, until))
        return found


def _joined(cuts: Sequence[Cut]) -> Sequence[Cut]:
    """Cuts between the same places, of which one begins before the other is made up for, as one; in order of time."""
    found: list[Cut] = []
    for cut in sorted(cuts, key=lambda c: c.begun_ns):
        at = next(
            (n for n, c in enumerate(found) if c[2:] == cut[2:] and cut.begun_ns <= c.until_ns + CATCH_UP_NS), None
        )
        if at is None:
            found.append(cut)
            continue
        last = found[at]
        ended_ns = None if last.ended_ns is None or cut.ended_ns is None else max(last.ended_ns, cut.ended_ns)
        found[at] = last._replace(ended_ns=ended_ns)
    return found
