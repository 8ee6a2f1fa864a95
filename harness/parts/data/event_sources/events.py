"""What happens to an event source mapping, and what it asks for: the values of its machine (see model.py)."""

from __future__ import annotations

from collections.abc import Mapping as Dictionary
from dataclasses import dataclass, field
from enum import Enum

from harness.parts.data.event_sources.batch import Batch, Outcome, Record
from harness.parts.data.event_sources.mapping import Mapping
from harness.parts.data.event_sources.shards import Listed, Shard


class Refusal(Enum):
    """Why a call to the stream failed."""

    EXPIRED = "expired"  # the iterator is older than 15 minutes
    TRIMMED = "trimmed"  # what comes next is no longer in the stream
    GONE = "gone"  # no such stream, or no such shard
    OTHER = "other"


# -- what happens ------------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Woke:
    """Time has passed."""


@dataclass(frozen=True, slots=True)
class Changed:
    """Other settings, from now on."""

    mapping: Mapping


@dataclass(frozen=True, slots=True)
class ShardsListed:
    """These are the stream's shards."""

    shards: tuple[Listed, ...]


@dataclass(frozen=True, slots=True)
class ListFailed:
    """They were not told."""

    why: str


@dataclass(frozen=True, slots=True)
class Opened:
    """An iterator of a shard."""

    shard: str
    iterator: str


@dataclass(frozen=True, slots=True)
class Read:
    """A page of a shard. iterator: where to go on; None: it is closed, and there is no more. full: there may be more
    now."""

    shard: str
    records: tuple[Record, ...]
    iterator: str | None
    full: bool = False


@dataclass(frozen=True, slots=True)
class ReadFailed:
    """A shard was not read, or no iterator of it was given."""

    shard: str
    refusal: Refusal
    why: str


@dataclass(frozen=True, slots=True)
class Answered:
    """The function has ended, for the batch of a lane. luck: a random number in [0, 1)."""

    shard: str
    lane: int
    outcome: Outcome
    luck: float = 1.0


@dataclass(frozen=True, slots=True)
class Delivered:
    """The destination has what a lane gave up."""

    shard: str
    lane: int


@dataclass(frozen=True, slots=True)
class NotDelivered:
    """It has not."""

    shard: str
    lane: int
    why: str


Event = Woke | Changed | ShardsListed | ListFailed | Opened | Read | ReadFailed | Answered | Delivered | NotDelivered


# -- what is to be done ------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class ListShards:
    """DescribeStream, all pages: `ShardsListed` or `ListFailed`."""


@dataclass(frozen=True, slots=True)
class OpenIterator:
    """GetShardIterator: `Opened` or `ReadFailed`. after: of AFTER_SEQUENCE_NUMBER."""

    shard: str
    kind: str
    after: str | None


@dataclass(frozen=True, slots=True)
class GetRecords:
    """`Read` or `ReadFailed`."""

    shard: str
    iterator: str
    limit: int


@dataclass(frozen=True, slots=True)
class Invoke:
    """Call the function: `Answered`."""

    shard: str
    lane: int
    batch: Batch


@dataclass(frozen=True, slots=True)
class Deliver:
    """Send a message about a batch that was given up: `Delivered` or `NotDelivered`."""

    shard: str
    lane: int
    batch: Batch
    condition: str
    why: str


@dataclass(frozen=True, slots=True)
class Tell:
    """Tell people. what: what the mapping is, or did, from now on. lasts: until something else is told."""

    what: str
    text: str = ""
    good: bool | None = None
    lasts: bool = False


@dataclass(frozen=True, slots=True)
class Measured:
    """A batch is done with. age_ns: of its last record, when the function ended (IteratorAge)."""

    records: int
    age_ns: int


@dataclass(frozen=True, slots=True)
class Wake:
    """`Woke`, then, whatever happens before."""

    at_ns: int


Effect = ListShards | OpenIterator | GetRecords | Invoke | Deliver | Tell | Measured | Wake


@dataclass(frozen=True, slots=True)
class State:
    """Everything a mapping knows. listing: a list is under way; listed_ns: when the next one is due. problem: told in
    LastProcessingResult; "" when all is well. The rest counts since the start; gaps: times that records were trimmed
    before they were read."""

    mapping: Mapping
    shards: Dictionary[str, Shard] = field(default_factory=dict)
    listed: bool = False
    listing: bool = False
    listed_ns: int = 0
    problem: str = ""
    read: int = 0
    done: int = 0
    repeated: int = 0
    delivered: int = 0
    lost: int = 0
    gaps: int = 0
    age_ns: int | None = None

    @property
    def held(self) -> int:
        """Records that were read and are not done with."""
        return sum(shard.held for shard in self.shards.values())
