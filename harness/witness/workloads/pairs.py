"""Pair keys: one key at a time that clients of all sides write, until two different addresses have acknowledged it.

Then it is retired for ever, and a new one begun. So around every move there is a key whose last write on one side and
first write on the other are as close as the move allows, and whatever overwrites it later shows in the final data;
where both sides accept writes, there is such a key a few times a second.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Never

from harness.units import NS_PER_S

READ_FOR_NS = 20 * NS_PER_S
"""For how long a retired key is read: longer than caches and replication hide what became of it."""

_KEPT = 16
"""Retired keys that are read in turn."""


@dataclass(frozen=True)
class Acknowledged:
    """A put of `key` was acknowledged by `address`."""

    key: str
    address: str


@dataclass(frozen=True)
class PairsState:
    """name: what keys begin with. number: of the key. by: who has acknowledged it. retired: keys, and since when."""

    name: str
    number: int = 0
    by: frozenset[str] = frozenset()
    retired: tuple[tuple[str, int], ...] = ()

    @property
    def key(self) -> str:
        """The key that is written now."""
        return f"{self.name}-{self.number}"

    def to_read(self, turn: int, now_ns: int) -> str:
        """In turn the key that is written now, and one that was retired lately (if there is any)."""
        lately = [key for key, since_ns in self.retired if now_ns - since_ns <= READ_FOR_NS]
        return lately[-1 - turn // 2 % len(lately)] if turn % 2 and lately else self.key


def step(state: PairsState, event: Acknowledged, now_ns: int) -> tuple[PairsState, tuple[Never, ...]]:
    """The next state. Acknowledgements that come after a key's retirement change nothing."""
    if event.key != state.key:
        return state, ()
    by = state.by | {event.address}
    if len(by) < 2:
        return replace(state, by=by), ()
    retired = (*state.retired, (state.key, now_ns))[-_KEPT:]
    return replace(state, number=state.number + 1, by=frozenset(), retired=retired), ()
