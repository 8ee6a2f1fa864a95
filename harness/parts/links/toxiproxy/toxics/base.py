"""What a toxic is: a pure machine for one direction of one connection.

Events come in (`Started` once, `Chunk`, `End`, and `Tick` when a wake-up asked for is due); effects go out:
`Release` says that something leaves the toxic at a time, `Wake` asks for a `Tick`. What is released later than
`now_ns` waits in the toxic's queue, in order. A toxic that says nothing about a chunk has dropped it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from enum import Enum
from random import Random
from typing import ClassVar, Generic, Literal, TypeVar

NEVER_NS = 1 << 62
"""Later than any time that a drill reaches: what is released then stays until the toxic is changed or removed."""

Stream = Literal["upstream", "downstream"]
"""upstream: from the client to the server; downstream: from the server to the client."""


class Ending(Enum):
    """How a stream of bytes ends.

    HALF: its source sent FIN, the other direction lives on. FULL: both sides are closed with FIN. RESET: with RST.
    """

    HALF = "half"
    FULL = "full"
    RESET = "reset"


@dataclass(frozen=True, slots=True)
class Chunk:
    """Bytes on their way. starts_request: first upstream bytes since the connection opened or was last answered."""

    data: bytes
    starts_request: bool = False


@dataclass(frozen=True, slots=True)
class End:
    """Nothing follows."""

    how: Ending = Ending.HALF


@dataclass(frozen=True, slots=True)
class Started:
    """The toxic begins to work on this connection."""


@dataclass(frozen=True, slots=True)
class Tick:
    """A time that the toxic asked to be woken at has come."""


@dataclass(frozen=True, slots=True)
class Release:
    """Let an item go on to the next toxic at `at_ns`, but never before what was released earlier."""

    item: Chunk | End
    at_ns: int


@dataclass(frozen=True, slots=True)
class Wake:
    """Send a `Tick` at `at_ns`; replaces the wake-up asked for before."""

    at_ns: int


Item = Chunk | End
ToxicEvent = Started | Chunk | End | Tick
Effect = Release | Wake
State = TypeVar("State")


@dataclass(frozen=True)
class Toxic(ABC, Generic[State]):
    """One kind of trouble. Its dataclass fields are its attributes: all optional, zero when left out.

    kind: the `type` in the HTTP API. capacity_bytes: how much may wait inside before the source is no longer read.
    closes_on_removal: its connections are closed when it is removed. keeps_state: survives an update of its
    attributes. streams: where it may be put; the first is the default. whole_connection: no stage of a stream, but a
    state of the whole connection.
    """

    kind: ClassVar[str]
    capacity_bytes: ClassVar[int] = 0
    closes_on_removal: ClassVar[bool] = False
    keeps_state: ClassVar[bool] = False
    streams: ClassVar[tuple[Stream, ...]] = ("downstream", "upstream")
    whole_connection: ClassVar[bool] = False

    def problem(self) -> str | None:
        """What is wrong with the attributes, or None."""
        return None

    @abstractmethod
    def initial(self, draws: Random) -> State:
        """The state for one connection. draws: this connection's own seeded stream for this toxic."""

    @abstractmethod
    def step(self, state: State, event: ToxicEvent, now_ns: int) -> tuple[State, tuple[Effect, ...]]:
        """The next state, and what leaves when."""
