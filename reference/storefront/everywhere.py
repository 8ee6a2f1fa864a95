"""Writes in every region at once: `WRITES=everywhere`, over a table that its service replicates both ways. Pure.

There is no lease, and nobody decides: the database that is near serves or nobody does, and the edge asks for no more
than that it answers. Who writes one item in two regions at once finds the later write in both, and is not told that
the other one is gone: for data in which that matters this is the wrong plan.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from reference.storefront.following import Following, Held, State

EPOCH = 1
"""Of every write: no region's turn ends."""


@dataclass(frozen=True, slots=True)
class Everywhere(Following):
    """The same machine, and other conclusions from it."""

    def holds(self, state: State, now_ns: int) -> Held | None:
        """The near region, always."""
        return Held(next(iter(state.regions)), EPOCH)

    def reads_from(self, state: State, now_ns: int) -> tuple[str | None, str]:
        """The near region, however far behind the others it is."""
        return next(iter(state.regions)), ""

    def acknowledges(self, state: State, held: Held, now_ns: int) -> bool:
        """What is written stays written, or loses to a later write."""
        return True

    def edge_verdict(self, state: State, now_ns: int) -> tuple[bool, Mapping[str, object]]:
        """Whether the near database answers."""
        works = self.answers(state, next(iter(state.regions)), now_ns)
        return works, {"reason": "serves" if works else "database has not answered lately"}
