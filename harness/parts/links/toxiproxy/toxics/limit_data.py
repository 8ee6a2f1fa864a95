"""limit_data: the connection closes after so many bytes."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import ClassVar

from harness.parts.links.toxiproxy.toxics.base import Chunk, Effect, End, Ending, Release, Toxic, ToxicEvent


@dataclass(frozen=True)
class LimitData(Toxic[int]):
    """Closes the connection once `bytes` bytes went through. State: how many did; an update keeps it."""

    kind: ClassVar[str] = "limit_data"
    keeps_state: ClassVar[bool] = True

    bytes: int = 0

    def initial(self, draws: Random) -> int:
        return 0

    def step(self, state: int, event: ToxicEvent, now_ns: int) -> tuple[int, tuple[Effect, ...]]:
        if isinstance(event, End):
            return state, (Release(event, now_ns),)
        if not isinstance(event, Chunk):
            return state, ()
        data = event.data[: max(0, self.bytes - state)]
        sent = state + len(data)
        passed = (Release(Chunk(data, event.starts_request), now_ns),) if data else ()
        closed = (Release(End(Ending.FULL), now_ns),) if sent >= self.bytes else ()
        return sent, passed + closed
