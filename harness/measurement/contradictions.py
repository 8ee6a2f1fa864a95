"""Reads that show something older than a write that must have been known by then: of many reads at once.

Which writes a read must have known is up to whoever asks: all acknowledged ones, those of its own client, those that
its client had seen. A write is newer than another when it was sent after that one had settled. To find nothing is right
when no put was known, or when a delete that was sent before the read ended may have come after it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from harness.history.columns import ABSENT, PUT, Bools, Columns
from harness.measurement.newest import Ints, Rows, known_from, newest, sent_of
from harness.measurement.streams import Times
from harness.measurement.superseding import Deletes


@dataclass(frozen=True, eq=False)
class Known:
    """Writes (rows) that groups know of from some moment on, in whatever they send after it."""

    group: Ints
    since_ns: Times
    rows: Rows

    @classmethod
    def both(cls, parts: Sequence[Known]) -> Known:
        """All of several."""
        return cls(*(np.concatenate([getattr(part, name) for part in parts]) for name in ("group", "since_ns", "rows")))

    def where(self, chosen: Bools) -> Known:
        """Some of them."""
        return Known(self.group[chosen], self.since_ns[chosen], self.rows[chosen])


def contradicted(columns: Columns, deletes: Deletes, reads: Rows, group: Ints, known: Known) -> tuple[Bools, Rows]:
    """Which of some reads are wrong, and for each read the newest write that it must have known (ABSENT: none).

    group: of each read. reads: showed nothing, or the value of a put of their key that may have happened.
    """
    wrong, best = np.zeros(len(reads), np.bool_), np.full(len(reads), ABSENT, np.int64)
    nothing = columns.value[reads] == ABSENT
    settled_ns = columns.settled_ns[np.maximum(columns.writer[reads], 0)]
    keys = columns.key[known.rows]
    latest_ns = np.full(len(columns.names.keys), -1, np.int64)
    np.maximum.at(latest_ns, keys, columns.sent_ns[known.rows])
    # Most keys are written once: what shows the newest write that there ever was needs no further look.
    at = np.flatnonzero(latest_ns[columns.key[reads]] > np.where(nothing, -1, settled_ns))
    if not len(at):
        return wrong, best
    asked = np.zeros(len(columns.names.keys), np.bool_)
    asked[columns.key[reads[at]]] = True
    known = known.where(asked[keys])
    reads, group, nothing = reads[at], group[at], nothing[at]
    size = len(columns) + 2
    newer = newest(size, known.group, known_from(columns, known.since_ns), known.rows, group, reads)
    found = ~nothing & (sent_of(columns, newer) > settled_ns[at])
    gone = np.flatnonzero(nothing & (newer != ABSENT))
    if len(gone):
        puts = known.where(columns.f[known.rows] == PUT)
        put = newest(size, puts.group, known_from(columns, puts.since_ns), puts.rows, group[gone], reads[gone])
        ended = np.searchsorted(columns.sent_ns, columns.returned_ns[reads[gone]]).astype(np.int64)
        last_ns = deletes.may_last_ns(columns.key[reads[gone]], ended)
        found[gone] = (put != ABSENT) & (sent_of(columns, put) > last_ns)
        newer[gone] = put
    wrong[at], best[at] = found, newer
    return wrong, best
