"""Durations and instants as integer nanoseconds, and their conversions; floats only where a person reads them.

Reads no clock, so that pure modules may use it; reading is `harness.clock`'s.
"""

from __future__ import annotations

NS_PER_S = 1_000_000_000
NS_PER_MS = 1_000_000


def to_ns(seconds: float) -> int:
    """Seconds to whole nanoseconds."""
    return round(seconds * NS_PER_S)


def to_s(nanoseconds: int) -> float:
    """Nanoseconds to seconds, for people and for evidence files."""
    return nanoseconds / NS_PER_S
