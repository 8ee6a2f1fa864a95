"""The clocks of this machine: monotonic nanoseconds to measure with, wall-clock time as a label for people.

Pure modules get the time handed in; the units are in `harness.units`.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Protocol


def monotonic_ns() -> int:
    """Nanoseconds of CLOCK_MONOTONIC: comparable between all processes of one machine, unaffected by clock steps."""
    return time.monotonic_ns()


def wall_time() -> datetime:
    """Wall-clock time in UTC. A label for people; never used to measure."""
    return datetime.now(UTC)


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
