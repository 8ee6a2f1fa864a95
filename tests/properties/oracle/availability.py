"""Availability: how many of the operations were served, by cohort, kind and time."""

from __future__ import annotations

from collections.abc import Iterable

from harness.history.events import Operation
from harness.measurement.availability import Share
from harness.measurement.models import Kind, kind_of


def share(
    operations: Iterable[Operation],
    from_ns: int | None = None,
    to_ns: int | None = None,
    *,
    cohort: str | None = None,
    kind: Kind | None = None,
) -> Share:
    """The share served of the operations sent in [from_ns, to_ns)."""
    good = total = 0
    for o in operations:
        if o.invoke.extra:
            continue
        if (from_ns is not None and o.sent_ns < from_ns) or (to_ns is not None and o.sent_ns >= to_ns):
            continue
        if (cohort is not None and o.invoke.cohort != cohort) or (kind is not None and kind_of(o) != kind):
            continue
        total += 1
        good += o.good
    return Share(good, total)


def failure_rates(operations: Iterable[Operation], from_ns: int, to_ns: int) -> dict[str, float]:
    """Each cohort's share of failed operations among those sent in [from_ns, to_ns): the baseline before a fault."""
    counts: dict[str, list[int]] = {}
    for o in operations:
        if from_ns <= o.sent_ns < to_ns and not o.invoke.extra:
            pair = counts.setdefault(o.invoke.cohort, [0, 0])
            pair[0] += not o.good
            pair[1] += 1
    return {cohort: bad / total for cohort, (bad, total) in counts.items()}


def by_cohort(
    operations: Iterable[Operation], from_ns: int | None = None, to_ns: int | None = None
) -> dict[str, Share]:
    """The share served of each cohort, over both kinds."""
    groups: dict[str, list[Operation]] = {}
    for o in operations:
        groups.setdefault(o.invoke.cohort, []).append(o)
    shares = {cohort: share(group, from_ns, to_ns) for cohort, group in groups.items()}
    return {cohort: found for cohort, found in shares.items() if found.total}


def bins(operations: Iterable[Operation], bin_ns: int, origin_ns: int = 0) -> dict[tuple[str, Kind], dict[int, Share]]:
    """Per cohort and kind, the share served by time of sending: bin start (origin_ns + n * bin_ns) -> share.

    Bins without operations are left out. Raises ValueError unless bin_ns is positive.
    """
    if bin_ns <= 0:
        raise ValueError(f"a bin must be longer than nothing: {bin_ns}")
    counts: dict[tuple[str, Kind], dict[int, list[int]]] = {}
    for o in operations:
        if o.invoke.extra:
            continue
        start_ns = o.sent_ns - (o.sent_ns - origin_ns) % bin_ns
        pair = counts.setdefault((o.invoke.cohort, kind_of(o)), {}).setdefault(start_ns, [0, 0])
        pair[0] += o.good
        pair[1] += 1
    return {
        group: {start_ns: Share(*pair) for start_ns, pair in sorted(by_bin.items())} for group, by_bin in counts.items()
    }
