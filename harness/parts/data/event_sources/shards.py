"""The shards of a stream as a mapping reads them: parents before children, each from where it was read to. Pure."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum

from harness.parts.data.event_sources import lane as lanes
from harness.parts.data.event_sources.batch import Record
from harness.parts.data.event_sources.lane import Lane
from harness.parts.data.event_sources.mapping import LATEST, TRIM_HORIZON

GET_RECORDS_MAX = 1000
"""Records of one GetRecords (DynamoDB Streams API Reference)."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A shard as DescribeStream has it. closed: it has an EndingSequenceNumber, so nothing is added to it."""

    name: str
    parent: str | None = None
    closed: bool = False


class Reading(Enum):
    """How far a shard is."""

    WAITING = "waiting"  # for its parent
    OPEN = "open"
    ENDED = "ended"  # closed, and read to its end
    SKIPPED = "skipped"  # closed before the mapping, which starts at the latest


@dataclass(frozen=True, slots=True)
class Shard:
    """start: where to begin while nothing was read; after: the last record that was read. asked: a call for it is under
    way; next_ns: when it is read again. failures: of its calls, in a row."""

    name: str
    parent: str | None
    start: str
    lanes: tuple[Lane, ...]
    reading: Reading = Reading.WAITING
    iterator: str | None = None
    after: str | None = None
    asked: bool = False
    next_ns: int = 0
    failures: int = 0

    @property
    def held(self) -> int:
        """Records that were read and are not done with."""
        return sum(lane.held for lane in self.lanes)

    @property
    def done(self) -> bool:
        """Whether all of it was read, and all that was read is done with."""
        if self.reading is Reading.SKIPPED:
            return True
        return self.reading is Reading.ENDED and all(lane.at_rest for lane in self.lanes)

    def lane_of(self, key: str) -> int:
        """Which lane an item's changes go through."""
        return zlib.crc32(key.encode()) % len(self.lanes)

    def where(self) -> tuple[str, str | None]:
        """Type and sequence number of the iterator that goes on where it was read to."""
        return (self.start, None) if self.after is None else ("AFTER_SEQUENCE_NUMBER", self.after)


def listed(
    known: Mapping[str, Shard], found: Iterable[Listed], starting: str, lanes_count: int, *, first: bool
) -> dict[str, Shard]:
    """The shards after DescribeStream. first: nothing was listed before, so that `starting` is where each begins.

    A shard that is listed no more stays while something of it is under way.
    """
    shards: dict[str, Shard] = {}
    for one in found:
        shard = known.get(one.name)
        if shard is None:
            start = starting if first else TRIM_HORIZON
            skipped = first and starting == LATEST and one.closed
            reading = Reading.SKIPPED if skipped else Reading.WAITING
            shard = Shard(one.name, one.parent, start, (Lane(),) * lanes_count, reading)
        shards[one.name] = shard
    return shards | {name: shard for name, shard in known.items() if name not in shards and not shard.done}


def may_open(shard: Shard, shards: Mapping[str, Shard]) -> bool:
    """Whether a shard's parent is done with, so that the changes of each item stay in order."""
    parent = shards.get(shard.parent or "")
    return parent is None or parent.done


def taken(shard: Shard, records: Sequence[Record], iterator: str | None, now_ns: int) -> Shard:
    """The shard after a page of records; no iterator: it is closed, and there are no more."""
    by_lane: dict[int, list[Record]] = {}
    for record in records:
        by_lane.setdefault(shard.lane_of(record.key), []).append(record)
    filled = tuple(lanes.queued(lane, by_lane.get(number, ()), now_ns) for number, lane in enumerate(shard.lanes))
    return replace(
        shard,
        lanes=filled,
        iterator=iterator,
        after=records[-1].number if records else shard.after,
        reading=Reading.OPEN if iterator is not None else Reading.ENDED,
        asked=False,
        failures=0,
    )
