"""Which operation a client does next, and on which key: the unique-key workload, with reads of own writes.

Every put writes a key of its own, and the value it writes is its operation's id: so each lost, late or doubled write is
seen by itself. A read takes a key that this client had acknowledged, in turn the most recent one and an older one.
A delete takes the oldest of them, and from then on nobody reads or deletes that key again, whatever the delete's
outcome was. Ids are never used twice: they carry the prefix of the history, the client and a number.

A client is one logical process `p` until an operation of its ends unknown (INFO): that one may still be
going on, so the client goes on as another process.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from harness.history.events import Function
from harness.outcome import Outcome
from harness.units import NS_PER_S

REMEMBERED = 64
"""Acknowledged keys that a client keeps for reads: 13 s worth at five writes a second."""

DELETE_AGE_NS = 2 * NS_PER_S
"""A key is deleted only when it is this old, so that its put has been replicated in a world that replicates."""

_STRIDE = 37
"""Steps through the older keys; odd, so that a full list of REMEMBERED keys is visited evenly."""


@dataclass(frozen=True)
class Write:
    """It is time for a write."""


@dataclass(frozen=True)
class Read:
    """It is time for a read."""


@dataclass(frozen=True)
class Planned:
    """One operation to do: op is its id, k its key, v what a put writes."""

    op: str
    p: int
    f: Function
    k: str
    v: str | None


@dataclass(frozen=True)
class Settled:
    """An operation ended."""

    planned: Planned
    outcome: Outcome


Event = Write | Read | Settled


@dataclass(frozen=True)
class LedgerState:
    """One client's book.

    prefix: of the history's id space. index of clients: who of how many this is. delete_every: every Nth write is a
    delete, 0 for none. live: acknowledged keys with the time of their acknowledgement, oldest first. last_put: key of
    the latest put, acknowledged or not.
    """

    prefix: str
    index: int
    clients: int
    delete_every: int = 10
    issued: int = 0
    writes: int = 0
    reads: int = 0
    generation: int = 0
    live: tuple[tuple[str, int], ...] = ()
    last_put: str | None = None

    @property
    def p(self) -> int:
        """The process id: unique over all clients and generations."""
        return self.index + self.generation * self.clients


def step(state: LedgerState, event: Event, now_ns: int) -> tuple[LedgerState, tuple[Planned, ...]]:
    """The next state, and the operation to do (none after Settled)."""
    if isinstance(event, Settled):
        return _settled(state, event, now_ns), ()
    op = f"{state.prefix}-{state.index}-{state.issued}"
    state = replace(state, issued=state.issued + 1)
    return _write(state, op, now_ns) if isinstance(event, Write) else _read(state, op)


def _write(state: LedgerState, op: str, now_ns: int) -> tuple[LedgerState, tuple[Planned, ...]]:
    state = replace(state, writes=state.writes + 1)
    wants_delete = state.delete_every and state.writes % state.delete_every == 0
    if wants_delete and state.live and now_ns - state.live[0][1] >= DELETE_AGE_NS:
        key = state.live[0][0]
        return replace(state, live=state.live[1:]), (Planned(op, state.p, "delete", key, None),)
    return replace(state, last_put=op), (Planned(op, state.p, "put", op, op),)


def _read(state: LedgerState, op: str) -> tuple[LedgerState, tuple[Planned, ...]]:
    state = replace(state, reads=state.reads + 1)
    return state, (Planned(op, state.p, "get", _key_to_read(state, op), None),)


def _key_to_read(state: LedgerState, op: str) -> str:
    """Nothing acknowledged yet: the latest put's key, or one that does not exist; an open loop must send something."""
    if not state.live:
        return state.last_put or f"{op}-absent"
    if state.reads % 2:
        return state.live[-1][0]
    return state.live[(state.reads // 2 * _STRIDE) % len(state.live)][0]


def _settled(state: LedgerState, event: Settled, now_ns: int) -> LedgerState:
    planned = event.planned
    if event.outcome is Outcome.INFO and planned.p == state.p:
        return replace(state, generation=state.generation + 1)
    if event.outcome is Outcome.OK and planned.f == "put":
        return replace(state, live=(*state.live, (planned.k, now_ns))[-REMEMBERED:])
    return state
