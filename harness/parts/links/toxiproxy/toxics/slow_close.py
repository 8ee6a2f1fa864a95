"""slow_close: the end of a stream arrives late."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import ClassVar

from harness.parts.links.toxiproxy.toxics.base import Chunk, Effect, End, Release, Toxic, ToxicEvent
from harness.units import NS_PER_MS


@dataclass(frozen=True)
class SlowClose(Toxic[None]):
    """Holds the end of the stream back for `delay` milliseconds; data passes."""

    kind: ClassVar[str] = "slow_close"

    delay: int = 0

    def initial(self, draws: Random) -> None:
        return None

    def step(self, state: None, event: ToxicEvent, now_ns: int) -> tuple[None, tuple[Effect, ...]]:
        if isinstance(event, End):
            return None, (Release(event, now_ns + max(0, self.delay) * NS_PER_MS),)
        if isinstance(event, Chunk):
            return None, (Release(event, now_ns),)
        return None, ()
