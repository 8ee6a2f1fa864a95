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
    """Writes (rows) that groups know of from some row of the history on."""

    group: Ints
    at: Rows
    rows: Rows

    @classmethod
    def of(cls, columns: Columns, group: Ints, rows: Rows, since_ns: Times) -> Known:
        """Writes that are known to those who send anything after since_ns."""
        return cls(group, known_from(columns, since_ns), rows)

    @classmethod
    def both(cls, parts: Sequence[Known]) -> Known:
        """All of several."""
        return cls(*(np.concatenate([getattr(part, name) for part in parts]) for name in ("group", "at", "rows")))


def contradicted(columns: Columns, deletes: Deletes, reads: Rows, group: Ints, known: Known) -> tuple[Bools, Rows]:
    """Which of some reads are wrong, and for each read the newest write that it must have known (ABSENT: none).

    group: of each read. reads: showed nothing, or the value of a put of their key that may have happened.
    """
    size = len(columns) + 2
    best = newest(size, known.group, known.at, known.rows, group, reads)
    nothing = columns.value[reads] == ABSENT
    settled_ns = columns.settled_ns[np.maximum(columns.writer[reads], 0)]
    wrong = ~nothing & (sent_of(columns, best) > settled_ns)
    gone = np.flatnonzero(nothing & (best != ABSENT))
    if len(gone):
        puts = columns.f[known.rows] == PUT
        put = newest(size, known.group[puts], known.at[puts], known.rows[puts], group[gone], reads[gone])
        ended = np.searchsorted(columns.sent_ns, columns.returned_ns[reads[gone]]).astype(np.int64)
        last_ns = deletes.may_last_ns(columns.key[reads[gone]], ended)
        wrong[gone] = (put != ABSENT) & (sent_of(columns, put) > last_ns)
        best[gone] = put
    return wrong, best
