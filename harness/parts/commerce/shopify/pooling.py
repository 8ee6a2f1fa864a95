"""Connections to one original host, kept open and used again: they go on to where they were made, whatever DNS says.

A name is looked up for a new connection only. So after a change of DNS the old address is still used, until each
connection has broken, was closed by the other side, or lay idle for too long.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from harness.clock import monotonic_ns
from harness.witness.channel import Channel


@dataclass(eq=False, slots=True)
class Line:
    """A connection. answered: the address that it was made for, as DNS answered it; place: the one it leads to."""

    channel: Channel
    answered: str
    place: str | None
    idle_since_ns: int = 0


class Pool:
    """Of one host. kept: how many idle ones are; idle_ns: for how long. The latest used is used first."""

    def __init__(self, kept: int, idle_ns: int, now_ns: Callable[[], int] = monotonic_ns) -> None:
        self._kept = kept
        self._idle_ns = idle_ns
        self._now_ns = now_ns
        self._idle: list[Line] = []
        self._closed = False

    def __len__(self) -> int:
        return len(self._idle)

    def take(self) -> Line | None:
        """An idle connection; None: a new one is to be made."""
        self._let_go()
        return self._idle.pop() if self._idle else None

    def give_back(self, line: Line) -> None:
        """It is used no more; one that is closed by now has broken."""
        if not line.channel.open:
            return
        self._let_go()
        if self._closed or len(self._idle) >= self._kept:
            line.channel.close()
            return
        line.idle_since_ns = self._now_ns()
        self._idle.append(line)
        line.channel.watch(lambda: self._idle.remove(line))

    def _let_go(self) -> None:
        """Close those that nothing was sent on for too long: the first ones, as they lie in the order of their use."""
        oldest_ns = self._now_ns() - self._idle_ns
        while self._idle and self._idle[0].idle_since_ns < oldest_ns:
            self._idle.pop(0).channel.close()

    def close(self) -> None:
        """Close all that are idle, and each that comes back."""
        self._closed = True
        while self._idle:
            self._idle.pop().channel.close()
