"""What the witness knows of its own error: how late it sent, and how long the steady state's operations take."""

from __future__ import annotations

from collections.abc import Iterable

from harness.history.events import Operation
from harness.measurement.models import Padding
from harness.measurement.statistics import quantile
from harness.units import to_s

_QUANTILES = {"p50": 0.5, "p99": 0.99, "p999": 0.999, "max": 1.0}


def lateness_ns(operations: Iterable[Operation]) -> dict[str, int]:
    """Quantiles (p50, p99, p999, max) of really sent minus planned, in nanoseconds; empty for no operations."""
    late = sorted(o.sent_ns - o.invoke.planned_ns for o in operations)
    return {name: quantile(late, q) for name, q in _QUANTILES.items()} if late else {}


def latency_ns(operations: Iterable[Operation], from_ns: int | None = None, to_ns: int | None = None) -> dict[str, int]:
    """Quantiles (p50, p99, p999, max) of the time good operations sent in [from_ns, to_ns) took; empty for none."""
    took = sorted(
        o.returned_ns - o.sent_ns
        for o in operations
        if o.good
        and o.returned_ns is not None
        and (from_ns is None or o.sent_ns >= from_ns)
        and (to_ns is None or o.sent_ns < to_ns)
    )
    return {name: quantile(took, q) for name, q in _QUANTILES.items()} if took else {}


def padding(operations: Iterable[Operation], from_ns: int, to_ns: int) -> Padding:
    """How much to pad brackets, measured in the steady state [from_ns, to_ns)."""
    steady = [o for o in operations if from_ns <= o.sent_ns < to_ns]
    return Padding(latency_ns(steady).get("p999", 0), max(0, lateness_ns(steady).get("p999", 0)))


def in_seconds(quantiles_ns: dict[str, int]) -> dict[str, float]:
    """The same quantiles in seconds, for evidence."""
    return {name: to_s(value) for name, value in quantiles_ns.items()}
