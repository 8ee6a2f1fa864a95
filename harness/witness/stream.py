"""Drives grids in real time: calls back for every slot, whatever became of the one before."""

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

    def __init__(self, grid: Grid, fire: Callable[[int], None], first_slot: int = 0) -> None:
        self._grid = grid
        self._fire = fire
        self._slot = first_slot
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


class Between:
    """Calls `fire(planned_ns)` at parts - 1 moments between each two slots of a grid, as long as `wanted()`.

    They are a grid, too, that depends on nothing but the first: what is under way moves none of them.
    """

    def __init__(self, grid: Grid, parts: int, fire: Callable[[int], None], wanted: Callable[[], bool]) -> None:
        self._grid = Grid(grid.first_ns, max(1, grid.period_ns // parts))
        self._parts = parts
        self._fire = fire
        self._wanted = wanted
        self._stream: Stream | None = None

    def wake(self) -> None:
        """Begin with the next moment, if they are wanted and have not begun."""
        if self._stream is None and self._parts > 1 and self._wanted():
            self._stream = Stream(self._grid, self._tick, self._grid.first_slot_after(monotonic_ns()))
            self._stream.start()

    def _tick(self, planned_ns: int) -> None:
        if not self._wanted():
            self.stop()
        elif (planned_ns - self._grid.first_ns) // self._grid.period_ns % self._parts:
            self._fire(planned_ns)

    def stop(self) -> None:
        """Fire no more until woken."""
        if self._stream is not None:
            self._stream.stop()
            self._stream = None
