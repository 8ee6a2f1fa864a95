"""What the witness knows of its own error: how late it sent, and how long the steady state's operations take."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np

from harness.history.codes import NEVER_NS
from harness.history.events import Operation
from harness.history.gathering import columns_of
from harness.measurement.models import Padding
from harness.measurement.streams import Times
from harness.units import to_s

_QUANTILES = {"p50": 0.5, "p99": 0.99, "p999": 0.999, "max": 1.0}


def lateness_ns(operations: Iterable[Operation]) -> dict[str, int]:
    """Quantiles (p50, p99, p999, max) of really sent minus planned, in nanoseconds; empty for no operations."""
    columns = columns_of(operations)
    return _quantiles(columns.sent_ns - columns.planned_ns)


def latency_ns(operations: Iterable[Operation], from_ns: int | None = None, to_ns: int | None = None) -> dict[str, int]:
    """Quantiles (p50, p99, p999, max) of the time good operations sent in [from_ns, to_ns) took; empty for none."""
    columns = columns_of(operations).between(from_ns, to_ns)
    known = columns.good & (columns.returned_ns != NEVER_NS)
    return _quantiles((columns.returned_ns - columns.sent_ns)[known])


def padding(operations: Iterable[Operation], from_ns: int, to_ns: int) -> Padding:
    """How much to pad brackets, measured in the steady state [from_ns, to_ns)."""
    steady = columns_of(operations).between(from_ns, to_ns)
    return Padding(latency_ns(steady).get("p999", 0), max(0, lateness_ns(steady).get("p999", 0)))


def in_seconds(quantiles_ns: dict[str, int]) -> dict[str, float]:
    """The same quantiles in seconds, for evidence."""
    return {name: to_s(value) for name, value in quantiles_ns.items()}


def _quantiles(values: Times) -> dict[str, int]:
    """As `statistics.quantile`, without putting all of them in order."""
    if not len(values):
        return {}
    places = {name: max(0, math.ceil(q * len(values)) - 1) for name, q in _QUANTILES.items()}
    ordered = np.partition(values, sorted(set(places.values())))
    return {name: int(ordered[place]) for name, place in places.items()}
