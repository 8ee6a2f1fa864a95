"""Time as integer nanoseconds of one monotonic clock; floats only where a person reads them."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Protocol

NS_PER_S = 1_000_000_000
NS_PER_MS = 1_000_000


def monotonic_ns() -> int:
    """Nanoseconds of CLOCK_MONOTONIC: comparable between all processes of one machine, unaffected by clock steps."""
    return time.monotonic_ns()


class Clock(Protocol):
    """Where a drill gets its time from: the machine's, or a simulated world's own."""

    def now_ns(self) -> int:
        """Monotonic nanoseconds, the same that events are stamped with."""
        ...

    def sleep_s(self, seconds: float) -> None:
        """Return once `seconds` have passed on this clock."""
        ...


class MachineClock:
    """The clock of this machine."""

    def now_ns(self) -> int:
        """See Clock."""
        return monotonic_ns()

    def sleep_s(self, seconds: float) -> None:
        """See Clock."""
        time.sleep(seconds)


def to_ns(seconds: float) -> int:
    """Seconds to whole nanoseconds."""
    return round(seconds * NS_PER_S)


def to_s(nanoseconds: int) -> float:
    """Nanoseconds to seconds, for people and for evidence files."""
    return nanoseconds / NS_PER_S


def wall_time() -> datetime:
    """Wall-clock time in UTC. A label for people; never used to measure."""
    return datetime.now(UTC)
