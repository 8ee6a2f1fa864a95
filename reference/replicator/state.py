"""What the replicator knows, hears of, and asks for: the values of its machine (see cycle.py)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from reference.replicator.position import Position


class Stage(Enum):
    """Which call is under way."""

    WAITING = "waiting"
    OPENING = "opening"
    TOKEN = "token"  # noqa: S105
    DESCRIBING = "describing"
    COPYING = "copying"
    READING = "reading"
    REPLAYING = "replaying"
    PUBLISHING = "publishing"
    REPORTING = "reporting"  # publishing after a failure


# -- what happens ------------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Woke:
    """The pause is over."""


@dataclass(frozen=True, slots=True)
class Opened:
    """Tables and stream are there. What an earlier run has left: its position and the last token it drained."""

    position: Position
    drained_token: int
    parked: int


@dataclass(frozen=True, slots=True)
class TokenSeen:
    """The drain token in the source's heartbeat; 0 when there is none. hurry: a handover is near, or under way."""

    token: int
    hurry: bool = False


@dataclass(frozen=True, slots=True)
class Described:
    """These are the stream's shards."""

    arn: str
    shards: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, slots=True)
class Copied:
    """Every item of the source was applied."""

    items: int
    parked: int


@dataclass(frozen=True, slots=True)
class Applied:
    """A page of a shard was read and applied. last: sequence number of its last record. full: there may be more now.

    closed: the shard has ended, and has no more.
    """

    records: int
    last: str | None
    full: bool
    closed: bool
    parked: int


@dataclass(frozen=True, slots=True)
class Replayed:
    """The parked records were tried again."""

    parked: int


@dataclass(frozen=True, slots=True)
class Published:
    """The status was written."""


@dataclass(frozen=True, slots=True)
class Failed:
    """The call failed. missing: table or stream does not exist. trimmed: the stream no longer holds what comes next.

    luck: a random number in [0, 1), for the pause.
    """

    why: str
    luck: float
    missing: bool = False
    trimmed: bool = False


Event = Woke | Opened | TokenSeen | Described | Copied | Applied | Replayed | Published | Failed


# -- what is to be done ------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Open:
    """Make what is missing, and read what an earlier run has left: `Opened`."""


@dataclass(frozen=True, slots=True)
class LookForToken:
    """Read the drain token of the source: `TokenSeen`."""


@dataclass(frozen=True, slots=True)
class Describe:
    """List the stream's shards: `Described`."""


@dataclass(frozen=True, slots=True)
class Copy:
    """Apply the whole table of the source: `Copied`."""


@dataclass(frozen=True, slots=True)
class Read:
    """Read and apply the next page of a shard, after the record `last` (None: from its oldest): `Applied`."""

    shard: str
    last: str | None


@dataclass(frozen=True, slots=True)
class Replay:
    """Try the parked records again: `Replayed`."""


@dataclass(frozen=True, slots=True)
class Publish:
    """Write the status and the position beside the data: `Published`."""

    beat: int
    drained_token: int
    caught_up: bool
    position: Position


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing for so long, then `Woke`."""

    ns: int


@dataclass(frozen=True, slots=True)
class Reopen:
    """Open the iterators anew: one of a stream that was swapped underneath stays empty for ever."""


@dataclass(frozen=True, slots=True)
class Disconnect:
    """Give up all connections and iterators: those that broke together must not cost a time-out each afterwards."""


@dataclass(frozen=True, slots=True)
class Tell:
    """Tell the operators."""

    what: str
    level: str = "info"
    details: Mapping[str, object] = field(default_factory=dict)


Call = Open | LookForToken | Describe | Copy | Read | Replay | Publish | Wait
Effect = Call | Reopen | Disconnect | Tell


@dataclass(frozen=True, slots=True)
class State:
    """Everything the replicator knows.

    opened: the position is the one beside the data. pending_token: asked for by the source, drained once it is
    drained_token too. hurry: look for one in every round, and soon again. quiet: rounds in a row that were read to the
    end and held nothing. due: when each thing that is not done in every round is done next. shards: of this round, the
    one being read first; pages: read of that one. records, complete: of this round so far. pause_ns: the one that
    follows the latest failure.
    """

    stage: Stage = Stage.WAITING
    opened: bool = False
    position: Position = field(default_factory=Position)
    drained_token: int = 0
    pending_token: int = 0
    hurry: bool = False
    quiet: int = 0
    caught_up: bool = False
    parked: int = 0
    failures: int = 0
    beats: int = 0
    busy_until_ns: int = 0
    pause_ns: int = 0
    due: Mapping[str, int] = field(default_factory=dict)
    shard_ended: bool = False
    shards: tuple[str, ...] = ()
    pages: int = 0
    records: int = 0
    complete: bool = False
    just_drained: bool = False
