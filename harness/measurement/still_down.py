"""Clients that were still without service when nobody watched any more: an outage whose end nobody knows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from harness.history.events import Operation
from harness.measurement.models import JUDGED_COHORT, Padding
from harness.measurement.statistics import CHANCE
from harness.measurement.streams import CLIENT_TIMEOUT_NS, by_client, end_of, stream_of, up_to

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
    known = list(operations) if until_ns is None else up_to(operations, until_ns)
    judged = [o for o in known if o.invoke.cohort == JUDGED_COHORT]
    end_ns = end_of(judged) if until_ns is None else until_ns
    found: dict[str, int] = {}
    for (_, client, _), group in by_client(judged).items():
        stream = stream_of(group, end_ns, timeout_ns)
        failed = next((n for n, bad in enumerate(reversed(stream.bad)) if not bad), len(stream.bad))
        if failed < _FAILURES or failure_rate**failed >= CHANCE:
            continue
        since_ns = stream.sent_ns[-failed]
        if stream.sent_ns[-1] - since_ns > padding.total_ns:
            found[client] = min(since_ns, found.get(client, since_ns))
    return found
