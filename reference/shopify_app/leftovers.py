"""When the tables are looked at for what nobody holds.

A look reads a whole table, and mostly finds nothing: what a region takes, it does at once. So each look that found
nothing doubles the pause before the next one; what may have left something behind makes it short again: a write of
which nobody knows whether it happened, a region that is lost, more rows than memory holds.
"""

from __future__ import annotations

import asyncio

QUIET_MAX = 3
"""Doublings: of a minute, eight."""


class Pacing:
    """shortest_s: between two looks. On the event loop."""

    def __init__(self, shortest_s: float) -> None:
        self._shortest_s = shortest_s
        self._quiet = 0
        self._doubted = False
        self._now = asyncio.Event()

    def now(self) -> None:
        """Look at once."""
        self.doubt()
        self._now.set()

    def doubt(self) -> None:
        """Something may have been left: look after the shortest pause."""
        self._doubted = True

    def begin(self) -> None:
        """A look begins: what is doubted from now on, it may not see."""
        self._doubted = False
        self._now.clear()

    def ended(self, *, found: bool) -> None:
        """A look is over. found: it found something, or could not look, or more is to be expected."""
        self._quiet = 0 if found else min(self._quiet + 1, QUIET_MAX)

    async def pause(self) -> None:
        """Until the next look is due."""
        for _ in range(2**self._quiet):
            try:
                async with asyncio.timeout(self._shortest_s):
                    await self._now.wait()
            except TimeoutError:
                pass
            if self._doubted:
                self._quiet = 0
                return
