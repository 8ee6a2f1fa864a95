"""Drives one grid in real time: calls back for every slot, whatever became of the one before."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable

from harness.clock import monotonic_ns
from harness.units import NS_PER_MS, to_ns
from harness.witness.grid import Grid, due

PATIENCE_NS = to_ns(1.0)
"""A slot later than this is skipped: as long as an operation's default time-out."""


class Stream:
    """Calls `fire(planned_ns)` at every slot of a grid until it is stopped."""

    def __init__(self, grid: Grid, fire: Callable[[int], None]) -> None:
        self._grid = grid
        self._fire = fire
        self._slot = 0
        self._timer: asyncio.TimerHandle | None = None
        self.skipped = 0

    @property
    def next_ns(self) -> int:
        """When the next slot is due."""
        return self._grid.planned_ns(self._slot)

    def start(self) -> None:
        """Wait for the next slot."""
        # Whole milliseconds, rounded up: event loops' timers have no finer grain, and a slot is never sent early.
        wait_ms = max(0, math.ceil((self.next_ns - monotonic_ns()) / NS_PER_MS))
        self._timer = asyncio.get_running_loop().call_later(wait_ms / 1000, self._tick)

    def _tick(self) -> None:
        now = due(self._grid, self._slot, monotonic_ns(), PATIENCE_NS)
        self._slot = now.next_slot
        self.skipped += now.skipped
        self.start()
        for planned_ns in now.planned_ns:
            self._fire(planned_ns)

    def stop(self) -> None:
        """Fire no more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
