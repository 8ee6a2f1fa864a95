"""Which regions still do their work: each beats in the shared table, and counts. A pure machine.

A region is lost to the others when its count has stood still for long, as they measured that on their own clocks; what
a clock of another region says is never needed. Whoever is wrong about that only does work twice, and every write is
conditional: nothing comes of it twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace


@dataclass(frozen=True, slots=True)
class Beat:
    """count: the highest that was seen; moved_ns: when it was first seen; read_ns: when it was last looked for."""

    count: int
    moved_ns: int
    read_ns: int


@dataclass(frozen=True, slots=True)
class State:
    """What was seen of each region's beats."""

    beats: Mapping[str, Beat] = field(default_factory=dict)


def seen(state: State, region: str, count: int, now_ns: int) -> State:
    """A region's count was read. count: -1 where it has never beaten."""
    known = state.beats.get(region)
    moved_ns = now_ns if known is None or count != known.count else known.moved_ns
    return replace(state, beats={**state.beats, region: Beat(count, moved_ns, now_ns)})


def is_lost(state: State, region: str, after_ns: int) -> bool:
    """Whether a region's work is to be taken over: reads of so long have shown no beat."""
    beat = state.beats.get(region)
    return beat is not None and beat.read_ns - beat.moved_ns >= after_ns
