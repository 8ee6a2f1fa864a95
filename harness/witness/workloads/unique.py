"""Unique keys: every put writes a key of its own, and its client reads and deletes only what it wrote itself.

So each lost, late or doubled write is seen by itself. A read takes a key that this client had acknowledged, in turn the
most recent one and an older one. A delete takes the oldest of them, and from then on this client neither reads nor
deletes that key again, whatever the delete's outcome was.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from harness.units import NS_PER_S

REMEMBERED = 64
"""Acknowledged keys that a client keeps for reads: 13 s worth at five writes a second."""

DELETE_AGE_NS = 2 * NS_PER_S
"""A key is deleted only when it is this old, so that its put has been replicated in a world that replicates."""

_STRIDE = 37
"""Steps through the older keys; odd, so that a full list of REMEMBERED keys is visited evenly."""


@dataclass(frozen=True)
class Write:
    """It is time for a write. op: the id that it will have. delete_every: every Nth write is a delete, 0: none."""

    op: str
    delete_every: int = 10


@dataclass(frozen=True)
class Read:
    """It is time for a read. absent: a key that nothing has."""

    absent: str


@dataclass(frozen=True)
class Acknowledged:
    """A put of this client was acknowledged under this key."""

    key: str


Event = Write | Read | Acknowledged


@dataclass(frozen=True)
class Chosen:
    """Effect: do this with that key."""

    f: Literal["put", "get", "delete"]
    key: str


@dataclass(frozen=True)
class UniqueState:
    """One client's own keys.

    live: acknowledged keys with the time of their acknowledgement, oldest first. last_put: key of the latest put,
    acknowledged or not.
    """

    writes: int = 0
    reads: int = 0
    live: tuple[tuple[str, int], ...] = ()
    last_put: str | None = None


def step(state: UniqueState, event: Event, now_ns: int) -> tuple[UniqueState, tuple[Chosen, ...]]:
    """The next state, and what to do (nothing after Acknowledged)."""
    match event:
        case Write():
            return _write(state, event, now_ns)
        case Read(absent=absent):
            state = replace(state, reads=state.reads + 1)
            return state, (Chosen("get", _key_to_read(state, absent)),)
        case Acknowledged(key=key):
            return replace(state, live=(*state.live, (key, now_ns))[-REMEMBERED:]), ()


def _write(state: UniqueState, event: Write, now_ns: int) -> tuple[UniqueState, tuple[Chosen, ...]]:
    state = replace(state, writes=state.writes + 1)
    wants_delete = event.delete_every and state.writes % event.delete_every == 0
    if wants_delete and state.live and now_ns - state.live[0][1] >= DELETE_AGE_NS:
        return replace(state, live=state.live[1:]), (Chosen("delete", state.live[0][0]),)
    return replace(state, last_put=event.op), (Chosen("put", event.op),)


def _key_to_read(state: UniqueState, absent: str) -> str:
    """Nothing acknowledged yet: the latest put's key, or one that does not exist; an open loop must send something."""
    if not state.live:
        return state.last_put or absent
    if state.reads % 2:
        return state.live[-1][0]
    return state.live[(state.reads // 2 * _STRIDE) % len(state.live)][0]
