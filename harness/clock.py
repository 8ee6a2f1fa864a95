"""Time as integer nanoseconds of one monotonic clock; floats only where a person reads them."""

from __future__ import annotations

import time
from datetime import UTC, datetime

NS_PER_S = 1_000_000_000
NS_PER_MS = 1_000_000


def monotonic_ns() -> int:
    """Nanoseconds of CLOCK_MONOTONIC: comparable between all processes of one machine, unaffected by clock steps."""
    return time.monotonic_ns()


def to_ns(seconds: float) -> int:
    """Seconds to whole nanoseconds."""
    return round(seconds * NS_PER_S)


def to_s(nanoseconds: int) -> float:
    """Nanoseconds to seconds, for people and for evidence files."""
    return nanoseconds / NS_PER_S


def wall_time() -> datetime:
    """Wall-clock time in UTC. A label for people; never used to measure."""
    return datetime.now(UTC)
