"""latency: every chunk arrives later, in order."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import ClassVar

from harness.parts.links.toxiproxy.toxics.base import Chunk, Effect, End, Release, Toxic, ToxicEvent
from harness.units import NS_PER_MS


@dataclass(frozen=True)
class Latency(Toxic[Random]):
    """Delays by latency +/- jitter milliseconds, drawn per chunk.

    As much may be under way as in Toxiproxy, whose latency toxic buffers 1024 chunks of 32 KiB: a long fat pipe
    stays fat.
    """

    kind: ClassVar[str] = "latency"
    capacity_bytes: ClassVar[int] = 1024 * 32 * 1024

    latency: int = 0
    jitter: int = 0

    def initial(self, draws: Random) -> Random:
        return draws

    def step(self, state: Random, event: ToxicEvent, now_ns: int) -> tuple[Random, tuple[Effect, ...]]:
        if isinstance(event, Chunk):
            return state, (Release(event, now_ns + self._delay_ns(state)),)
        if isinstance(event, End):
            return state, (Release(event, now_ns),)
        return state, ()

    def _delay_ns(self, draws: Random) -> int:
        jitter_ms = draws.uniform(-self.jitter, self.jitter) if self.jitter > 0 else 0.0
        return max(0, round((self.latency + jitter_ms) * NS_PER_MS))
