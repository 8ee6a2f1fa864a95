"""black_hole (extension): packets get lost, all of them."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import ClassVar

from harness.parts.links.toxiproxy.toxics.base import Effect, Toxic, ToxicEvent


@dataclass(frozen=True)
class BlackHole(Toxic[None]):
    """Nothing comes through any more in either direction: no data, no FIN, no RST, no new connection.

    A state of the whole proxy, whichever stream it was put on: open connections are no longer read, and the accept
    queue is left full, so that new ones time out while connecting. Removing it resets every connection that lived
    through it (what was lost never arrives late) and accepts again. With a toxicity below 1 the accept queue stays
    open, and only the connections that were drawn fall silent.
    """

    kind: ClassVar[str] = "black_hole"
    closes_on_removal: ClassVar[bool] = True
    whole_connection: ClassVar[bool] = True

    def initial(self, draws: Random) -> None:
        return None

    def step(self, state: None, event: ToxicEvent, now_ns: int) -> tuple[None, tuple[Effect, ...]]:
        return None, ()
