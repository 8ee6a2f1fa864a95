"""bandwidth: a limited rate."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import ClassVar

from harness.parts.links.toxiproxy.toxics.base import NEVER_NS, Chunk, Effect, End, Release, Toxic, ToxicEvent

_PIECE_MS = 100
"""A chunk that takes longer leaves in pieces of this long, so that a slow stream trickles instead of stalling."""


@dataclass(frozen=True)
class Bandwidth(Toxic[int]):
    """Passes `rate` kilobytes (1000 bytes) per second; 0 passes nothing. State: when the line is free again."""

    kind: ClassVar[str] = "bandwidth"

    rate: int = 0

    def initial(self, draws: Random) -> int:
        return 0

    def step(self, state: int, event: ToxicEvent, now_ns: int) -> tuple[int, tuple[Effect, ...]]:
        if isinstance(event, End):
            return state, (Release(event, now_ns),)
        if not isinstance(event, Chunk):
            return state, ()
        if self.rate <= 0:
            return state, (Release(event, NEVER_NS),)
        free_ns = max(state, now_ns)
        releases = []
        size = self.rate * _PIECE_MS
        for start in range(0, len(event.data), size):
            piece = event.data[start : start + size]
            free_ns += len(piece) * 1_000_000 // self.rate
            releases.append(Release(Chunk(piece, event.starts_request and start == 0), free_ns))
        return free_ns, tuple(releases)
