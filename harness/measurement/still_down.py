"""Clients that were still without service when nobody watched any more: an outage whose end nobody knows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from harness.history.codes import NEVER_NS
from harness.history.columns import Columns
from harness.history.events import Operation
from harness.history.gathering import columns_of
from harness.measurement.models import JUDGED_COHORT, Padding
from harness.measurement.statistics import CHANCE
from harness.measurement.streams import CLIENT_TIMEOUT_NS, streams_of

_FAILURES = 2
"""One failure at the end is no outage yet."""


def still_down(
    operations: Iterable[Operation],
    *,
    until_ns: int | None,
    padding: Padding,
    failure_rate: float = 0.0,
    timeout_ns: int = CLIENT_TIMEOUT_NS,
) -> Mapping[str, int]:
    """Judged clients of whom nothing was served any more, of either kind: since when the first of these was sent.

    until_ns: what was sent from this moment on does not count; None: to the history's end.
    """
    known = columns_of(operations) if until_ns is None else columns_of(operations).up_to(until_ns)
    end_ns = _end_of_judged(known) if until_ns is None else until_ns
    found: dict[str, int] = {}
    for (cohort, client, _), stream in streams_of(known, end_ns, timeout_ns):
        good = np.flatnonzero(~stream.bad)
        failed = len(stream.bad) - (int(good[-1]) + 1 if len(good) else 0)
        if cohort != JUDGED_COHORT or failed < _FAILURES or failure_rate**failed >= CHANCE:
            continue
        since_ns = int(stream.sent_ns[-failed])
        if int(stream.sent_ns[-1]) - since_ns > padding.total_ns:
            found[client] = min(since_ns, found.get(client, since_ns))
    return found


def _end_of_judged(columns: Columns) -> int:
    """The last moment that the judged clients tell of; 0 for none."""
    judged = columns.of_cohort(JUDGED_COHORT)
    returned_ns = columns.returned_ns[judged]
    seen_ns = np.concatenate((columns.sent_ns[judged], returned_ns[returned_ns != NEVER_NS]))
    return int(seen_ns.max(initial=0))
