"""Reads that show something older than a write that must have been known by then: of many reads at once.

Which writes a read must have known is up to whoever asks: all acknowledged ones, those of its own client, those that
its client had seen. A write is newer than another when it was sent after that one had settled. To find nothing is right
when no put was known, or when a delete that was sent before the read ended may have come after it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from harness.history.codes import ABSENT, PUT, Bools
from harness.history.columns import Columns
from harness.measurement.newest import Ints, Rows, known_from, newest, sent_of
from harness.measurement.streams import Times
from harness.measurement.superseding import Deletes


@dataclass(frozen=True, eq=False)
class Known:
    """Writes (rows) that are known from some moment on, in whatever is sent after it. who: to that client alone.

    who None: to everybody.
    """

    rows: Rows
    since_ns: Times
    who: Ints | None = None

    @classmethod
    def both(cls, one: Known, other: Known) -> Known:
        """All of two, each to its clients."""
        assert one.who is not None
        assert other.who is not None
        return cls(
            np.concatenate((one.rows, other.rows)),
            np.concatenate((one.since_ns, other.since_ns)),
            np.concatenate((one.who, other.who)),
        )

    def where(self, chosen: Bools) -> Known:
        """Some of them."""
        return Known(self.rows[chosen], self.since_ns[chosen], None if self.who is None else self.who[chosen])


def contradicted(columns: Columns, deletes: Deletes, reads: Rows, known: Known) -> tuple[Bools, Rows]:
    """Which of some reads are wrong, and for each read the newest write that it must have known (ABSENT: none).

    reads: showed nothing, or the value of a put of their key that may have happened.
    """
    wrong, best = np.zeros(len(reads), np.bool_), np.full(len(reads), ABSENT, np.int64)
    keys, key, shown = columns.key[known.rows], columns.key[reads], columns.writer[reads]
    latest = np.full(len(columns.names.keys), ABSENT, np.int32)
    np.maximum.at(latest, keys, known.rows.astype(np.int32))
    # Most keys are written once: what shows the newest write that there ever was needs no further look.
    at = np.flatnonzero(latest[key] > shown)
    nothing = columns.value[reads[at]] == ABSENT
    settled_ns = np.where(nothing, -1, columns.settled_ns[np.maximum(shown[at], 0)])
    open_ = columns.sent_ns[latest[key[at]]] > settled_ns if len(at) else nothing
    at, nothing, settled_ns = at[open_], nothing[open_], settled_ns[open_]
    if not len(at):
        return wrong, best
    asked = np.zeros(len(columns.names.keys), np.bool_)
    asked[key[at]] = True
    known = known.where(asked[keys])
    reads = reads[at]
    number = np.zeros(len(asked), np.int64)
    number[asked] = np.arange(np.count_nonzero(asked))
    groups = _Groups(columns, number, known.who is not None)
    newer = groups.newest(known, reads)
    found = ~nothing & (sent_of(columns, newer) > settled_ns)
    gone = np.flatnonzero(nothing & (newer != ABSENT))
    if len(gone):
        put = groups.newest(known.where(columns.f[known.rows] == PUT), reads[gone])
        ended = np.searchsorted(columns.sent_ns, columns.returned_ns[reads[gone]]).astype(np.int64)
        last_ns = deletes.may_last_ns(columns.key[reads[gone]], ended)
        found[gone] = (put != ABSENT) & (sent_of(columns, put) > last_ns)
        newer[gone] = put
    wrong[at], best[at] = found, newer
    return wrong, best


@dataclass(frozen=True, eq=False)
class _Groups:
    """Who asks about which key. number: of each key, small where few are asked about."""

    columns: Columns
    number: Rows
    by_client: bool

    def newest(self, known: Known, reads: Rows) -> Rows:
        """For each read the newest write that it must have known."""
        return newest(
            len(self.columns) + 2, self._of(known.rows, known.who), known_from(self.columns, known.since_ns),
            known.rows, self._of(reads, self.columns.who[reads]), reads,
        )  # fmt: skip

    def _of(self, rows: Rows, who: Ints | None) -> Rows:
        number = self.number[self.columns.key[rows]]
        return number * len(self.columns.names.clients) + who if self.by_client and who is not None else number
