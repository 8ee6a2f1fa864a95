"""How quick endpoints are, by where they are asked from: what MeasureLatency has told of a health check.

ConnectionTime, SSLHandshakeTime and TimeToFirstByte, in milliseconds, of all requests since they were told last; of
each region of checkers, and of all of them (Developer Guide, "Monitoring health checks using CloudWatch"). What fills
and what empties it are two threads.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from harness.engines.health_checks.checker import Times
from harness.units import to_s

Key = tuple[str, str, str]
"""A metric's name, a health check, and a region of checkers; "" for all of them."""


@dataclass(frozen=True)
class Sums:
    """What CloudWatch keeps of several values."""

    count: int
    total: float
    least: float
    most: float

    def plus(self, value: float) -> Sums:
        """With one more of them."""
        return Sums(self.count + 1, self.total + value, min(self.least, value), max(self.most, value))


class Latencies:
    """All of it since it was last taken. Usable from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[Key, Sums] = {}

    def add(self, check_id: str, region: str, times: Times) -> None:
        """One request of a checker in a region."""
        with self._lock:
            for name, value in _measured(times):
                for where in (region, ""):
                    key = name, check_id, where
                    known = self._known.get(key)
                    self._known[key] = Sums(1, value, value, value) if known is None else known.plus(value)

    def take(self) -> Mapping[Key, Sums]:
        """What is known, which is forgotten here."""
        with self._lock:
            known, self._known = self._known, {}
        return known


def as_data(known: Mapping[Key, Sums]) -> list[dict[str, Any]]:
    """The same as PutMetricData takes it."""
    return [
        {
            "MetricName": name,
            "Dimensions": [
                {"Name": "HealthCheckId", "Value": check_id},
                *([{"Name": "Region", "Value": region}] if region else []),
            ],
            "StatisticValues": {
                "SampleCount": sums.count, "Sum": sums.total, "Minimum": sums.least, "Maximum": sums.most,
            },
            "Unit": "Milliseconds",
        }
        for (name, check_id, region), sums in known.items()
    ]  # fmt: skip


def _measured(times: Times) -> Iterator[tuple[str, float]]:
    yield "ConnectionTime", 1_000 * to_s(times.connect_ns)
    if times.handshake_ns is not None:
        yield "SSLHandshakeTime", 1_000 * to_s(times.handshake_ns)
    if times.first_byte_ns is not None:
        yield "TimeToFirstByte", 1_000 * to_s(times.first_byte_ns)
