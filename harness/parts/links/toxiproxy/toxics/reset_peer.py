"""reset_peer: the connection is reset."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import ClassVar

from harness.parts.links.toxiproxy.toxics.base import Chunk, Effect, End, Ending, Release, Toxic, ToxicEvent
from harness.units import NS_PER_MS


@dataclass(frozen=True)
class ResetPeer(Toxic[bool]):
    """Resets both sides `timeout` milliseconds after the first thing that arrives. State: it has arrived."""

    kind: ClassVar[str] = "reset_peer"

    timeout: int = 0

    def initial(self, draws: Random) -> bool:
        return False

    def step(self, state: bool, event: ToxicEvent, now_ns: int) -> tuple[bool, tuple[Effect, ...]]:
        if state or not isinstance(event, Chunk | End):
            return state, ()
        return True, (Release(End(Ending.RESET), now_ns + max(0, self.timeout) * NS_PER_MS),)
