"""What all clients of a history did, as far as another client must know it: the shared part of every client's book.

Registers are a few keys that everybody writes, for ever; counters a few keys that everybody adds to. Beside them
there are the pair keys, the latest unique keys of every client, and the keys that are put and deleted in turn.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Never

from harness.history.events import Function
from harness.witness.workloads import pairs
from harness.witness.workloads.groups import KEPT, Group

REGISTERS = 3
"""Few, so that several writes of one are close in time; more than one, so that a mix-up of keys shows."""

COUNTERS = 2
_RECENT = 64
_GONE = 16


@dataclass(frozen=True)
class Acknowledged:
    """A write was acknowledged. who: the client's index. unique: it was to a key of that client's own.

    beside: the key of the item that the same request wrote before this one.
    """

    who: int
    f: Function
    key: str
    address: str | None
    unique: bool = False
    beside: str | None = None


@dataclass(frozen=True)
class Cycled:
    """A client puts and deletes this key in turn from now on."""

    key: str


Event = Acknowledged | Cycled


@dataclass(frozen=True)
class SharedState:
    """prefix: of the history's id space. recent: unique keys, by whom, newest last. gone: keys that are deleted or
    put and deleted in turn, newest last. groups: newest last.
    """

    prefix: str
    pairs: pairs.PairsState
    recent: tuple[tuple[int, str], ...] = ()
    gone: tuple[str, ...] = ()
    groups: tuple[Group, ...] = ()

    @classmethod
    def of(cls, prefix: str) -> SharedState:
        """Nothing was done yet in this id space."""
        return cls(prefix, pairs.PairsState(f"{prefix}-pair"))

    def register(self, turn: int) -> str:
        """A register's key, one after the other."""
        return f"{self.prefix}-register-{turn % REGISTERS}"

    def counter(self, turn: int) -> str:
        """A counter's key, one after the other."""
        return f"{self.prefix}-counter-{turn % COUNTERS}"

    def of_another(self, who: int, turn: int) -> str | None:
        """A unique key that another client had acknowledged lately: in turn the newest one, and an older one."""
        others = [key for index, key in self.recent if index != who]
        if not others:
            return None
        return others[-1 - (turn * 7 % len(others) if turn % 2 else 0)]

    def deleted(self, turn: int) -> str | None:
        """A key that was deleted, or that is put and deleted in turn."""
        return self.gone[-1 - turn % len(self.gone)] if self.gone else None


def step(state: SharedState, event: Event, now_ns: int) -> tuple[SharedState, tuple[Never, ...]]:
    """The next state."""
    if isinstance(event, Cycled):
        return _gone(state, event.key), ()
    if event.f == "delete":
        return (_gone(state, event.key) if event.unique else state), ()
    if event.f != "put":
        return state, ()
    if event.beside is not None:
        return replace(state, groups=(*state.groups, (event.beside, event.key))[-KEPT:]), ()
    if event.unique:
        return replace(state, recent=(*state.recent, (event.who, event.key))[-_RECENT:]), ()
    if event.address is not None:
        moved, _ = pairs.step(state.pairs, pairs.Acknowledged(event.key, event.address), now_ns)
        return replace(state, pairs=moved), ()
    return state, ()


def _gone(state: SharedState, key: str) -> SharedState:
    return state if key in state.gone else replace(state, gone=(*state.gone, key)[-_GONE:])
