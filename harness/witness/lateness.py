"""How late the witness sends (sent - planned): a histogram with a bounded relative error and a bounded size."""

from __future__ import annotations

from collections.abc import Iterable

_SUB_BITS = 6
_SUB = 1 << _SUB_BITS
"""Buckets per power of two: a percentile is at most 1/64 (1.6 %) above the true value."""


def _bucket(value_ns: int) -> int:
    if value_ns < _SUB:
        return value_ns
    shift = value_ns.bit_length() - _SUB_BITS - 1
    return (shift + 1) * _SUB + (value_ns >> shift) - _SUB


def _upper_ns(bucket: int) -> int:
    if bucket < _SUB:
        return bucket
    shift, sub = bucket // _SUB - 1, bucket % _SUB
    return ((sub + _SUB + 1) << shift) - 1


class Durations:
    """Counts durations in nanoseconds. Percentiles are upper bounds, at most 1.6 % too high; the maximum is exact."""

    def __init__(self, values_ns: Iterable[int] = ()) -> None:
        self._counts: dict[int, int] = {}
        self.count = 0
        self.max_ns = 0
        for value_ns in values_ns:
            self.add(value_ns)

    def add(self, value_ns: int) -> None:
        """Count one duration; one below zero (sent early by a clock's granularity) counts as zero."""
        value_ns = max(0, value_ns)
        bucket = _bucket(value_ns)
        self._counts[bucket] = self._counts.get(bucket, 0) + 1
        self.count += 1
        self.max_ns = max(self.max_ns, value_ns)

    def percentile_ns(self, share: float) -> int:
        """The smallest bucket bound that at least `share` (0..1) of the values do not exceed; 0 without values."""
        wanted = share * self.count
        seen = 0
        for bucket in sorted(self._counts):
            seen += self._counts[bucket]
            if seen >= wanted:
                return min(_upper_ns(bucket), self.max_ns)
        return self.max_ns

    def summary(self) -> dict[str, int]:
        """count, and p50, p99, p999, max in nanoseconds."""
        return {
            "count": self.count,
            "p50": self.percentile_ns(0.5),
            "p99": self.percentile_ns(0.99),
            "p999": self.percentile_ns(0.999),
            "max": self.max_ns,
        }
