"""When a client looks more often than its grid says: around the beginning and the end of what hurts it.

Reads: for a while after the harness says that a fault begins, and from each failure on for a while: until the client
has been served that long. Writes: from a write that failed until one that was sent later is acknowledged. So hardly any
write more is acknowledged than the even grid would have sent, and a recovery point in items means what it says.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Never

from harness.units import NS_PER_S

CALLED_FOR_NS = 2 * NS_PER_S
"""How long a call holds: a fault is applied within this time, and clients fail or wait from then on."""

CALM_NS = NS_PER_S
"""How long a client must have been served before it looks no more closely than usual."""


@dataclass(frozen=True)
class Called:
    """A fault is about to begin."""


@dataclass(frozen=True)
class Ended:
    """An operation of the client ended. sent_ns: when it was sent."""

    is_write: bool
    good: bool
    sent_ns: int


Event = Called | Ended


@dataclass(frozen=True)
class AttentionState:
    """reads_until_ns: up to when it reads more often. failed_write_ns: when the latest failed write was sent; None:
    one that was sent later was acknowledged.
    """

    reads_until_ns: int = 0
    failed_write_ns: int | None = None

    def reads(self, now_ns: int) -> bool:
        """Whether the client reads more often now."""
        return now_ns < self.reads_until_ns

    @property
    def writes(self) -> bool:
        """Whether it writes more often."""
        return self.failed_write_ns is not None


def step(state: AttentionState, event: Event, now_ns: int) -> tuple[AttentionState, tuple[Never, ...]]:
    """The next state."""
    if isinstance(event, Called):
        return replace(state, reads_until_ns=max(state.reads_until_ns, now_ns + CALLED_FOR_NS)), ()
    failed_ns = state.failed_write_ns
    if event.good:
        if event.is_write and failed_ns is not None and event.sent_ns > failed_ns:
            return replace(state, failed_write_ns=None), ()
        return state, ()
    state = replace(state, reads_until_ns=max(state.reads_until_ns, now_ns + CALM_NS))
    if event.is_write:
        return replace(state, failed_write_ns=max(event.sent_ns, failed_ns or 0)), ()
    return state, ()
