"""timeout: silence, and then the end."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import ClassVar

from harness.parts.links.toxiproxy.toxics.base import (
    NEVER_NS,
    Chunk,
    Effect,
    End,
    Ending,
    Release,
    Started,
    Tick,
    Toxic,
    ToxicEvent,
    Wake,
)
from harness.units import NS_PER_MS


@dataclass(frozen=True)
class Timeout(Toxic[int]):
    """Drops all data and closes the connection `timeout` milliseconds after the last of it; 0 never closes.

    As in Toxiproxy, a FIN passes. Removing the toxic closes every connection that lived under it. State: when to close.
    """

    kind: ClassVar[str] = "timeout"
    closes_on_removal: ClassVar[bool] = True

    timeout: int = 0

    def initial(self, draws: Random) -> int:
        return NEVER_NS

    def step(self, state: int, event: ToxicEvent, now_ns: int) -> tuple[int, tuple[Effect, ...]]:
        if isinstance(event, End):
            return NEVER_NS, (Release(event, now_ns),)
        if isinstance(event, Started | Chunk) and self.timeout > 0:
            deadline_ns = now_ns + self.timeout * NS_PER_MS
            return deadline_ns, (Wake(deadline_ns),)
        if isinstance(event, Tick) and now_ns >= state:
            return NEVER_NS, (Release(End(Ending.FULL), now_ns),)
        return state, ()
