"""A region's commits as the streams of its tables tell them, for servers that keep no log which can be read otherwise.

A stream with one shard has its table's changes in the order in which they took effect, so what was stored at some
commit is exact. When it was is not told to better than a second: a record's moment is when it was first seen here, at
most PERIOD_NS and one call too late; records that are seen together get moments one nanosecond apart, in their order.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harness import stored
from harness.clock import monotonic_ns
from harness.engines.aws.calls import DYNAMODB, STREAMS, CallRefused, call
from harness.errors import WorldError
from harness.history.events import Commit
from harness.kit.address import Address
from harness.stored import KeySpec, ValueSpec
from harness.units import NS_PER_MS, to_s

PERIOD_NS = 100 * NS_PER_MS
_LIMIT = 1000
_LOOKS_MAX = 100
_ROUNDS_MAX = 50
"""Pages of one look: a stream that grows faster than it can be read must not keep the others from being looked at."""


@dataclass(frozen=True)
class Followed:
    """A table whose changes are told, and what of its items is the key and the value (see harness.stored)."""

    name: str
    key: KeySpec
    value: ValueSpec


@dataclass
class _Place:
    """Where a table's stream has been read to. after: the last record's sequence number, of the stream last_arn."""

    arn: str = ""
    last_arn: str = ""
    shard: str = ""
    iterator: str | None = None
    after: str | None = None


class StreamFeed:
    """Follows some tables of one region in a thread of its own, from their streams' oldest record,
    or from where they are when `begin_here` is called.

    ask: how a call is made, for tests: (protocol, operation, body) -> answer. gap: why the streams do not tell
    everything in order, None as long as they do.
    """

    def __init__(
        self,
        region: str,
        address: Callable[[], Address],
        tables: Sequence[Followed],
        ask: Callable[[str, str, Mapping[str, Any]], Mapping[str, Any]] | None = None,
    ) -> None:
        self._region = region
        self._tables = {table.name: table for table in tables}
        self._ask = ask or (lambda protocol, what, body: call(address(), region, protocol, what, body))
        self._places = {table.name: _Place() for table in tables}
        self._found: list[Commit] = []
        self._seq = 0
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._follow, name=f"streams of {region}", daemon=True)
        self.gap: str | None = None

    def start(self) -> StreamFeed:
        """Begin to follow."""
        self._thread.start()
        return self

    def begin_here(self) -> None:
        """Tell nothing of what the streams hold by now: it is of before, and some servers keep what was told of a table
        of the same name that is gone."""
        for _ in range(_LOOKS_MAX):
            known = self._seq
            self._look()
            if self._seq == known:
                break
        with self._lock:
            self._found.clear()

    def close(self) -> None:
        """Follow no more."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join(timeout=5.0)

    def poll(self) -> Sequence[Commit] | None:
        """What is new since the last call, with everything that is committed by now; None: a stream does not tell
        everything in order, so scans must do.

        A server that does not answer now tells the rest once it does.
        """
        self._look()
        with self._lock:
            found, self._found = self._found, []
        return None if self.gap is not None else found

    def _follow(self) -> None:
        while not self._ended.wait(to_s(PERIOD_NS)):
            self._look()

    def _look(self) -> None:
        with self._lock:
            for name, place in self._places.items():
                try:
                    self._read(self._tables[name], place)
                except CallRefused:  # the table is not there yet, or is another one; the next look finds it
                    place.iterator = None
                    place.arn = ""
                except WorldError:  # nobody answers: a fault, or its restart
                    place.iterator = None

    def _read(self, table: Followed, place: _Place) -> None:
        if not place.arn and not self._opened(table.name, place):
            return
        if place.iterator is None:
            where = (
                {"ShardIteratorType": "TRIM_HORIZON"}
                if place.after is None
                else {"ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "SequenceNumber": place.after}
            )
            asked = {"StreamArn": place.arn, "ShardId": place.shard, **where}
            place.iterator = self._ask(STREAMS, "GetShardIterator", asked).get("ShardIterator")
        for _ in range(_ROUNDS_MAX):
            if place.iterator is None:
                return
            page = self._ask(STREAMS, "GetRecords", {"ShardIterator": place.iterator, "Limit": _LIMIT})
            records = page.get("Records", [])
            place.iterator = page.get("NextShardIterator")
            self._take(table, place, records)
            if len(records) < _LIMIT:
                return

    def _opened(self, name: str, place: _Place) -> bool:
        told = self._ask(DYNAMODB, "DescribeTable", {"TableName": name}).get("Table", {})
        arn = told.get("LatestStreamArn", "")
        if not arn:
            self.gap = f"table {name} has no stream"
            return False
        shards = self._ask(STREAMS, "DescribeStream", {"StreamArn": arn}).get("StreamDescription", {}).get("Shards", [])
        if len(shards) != 1:
            if shards:
                self.gap = f"the stream of table {name} has {len(shards)} shards, whose order among them is not told"
            return False
        if arn != place.last_arn:
            place.after = None
        place.arn = place.last_arn = arn
        place.shard = shards[0]["ShardId"]
        return True

    def _take(self, table: Followed, place: _Place, records: Sequence[Mapping[str, Any]]) -> None:
        seen_ns = monotonic_ns()
        for record in records:
            change = record.get("dynamodb", {})
            place.after = change.get("SequenceNumber", place.after)
            image = change.get("NewImage")
            key = stored.key_of(table.key, image or change.get("Keys", {}))
            if key is None:
                continue
            value = None if image is None else stored.value_of(table.value, image)
            last_ns = self._found[-1].mono_ns if self._found else 0
            self._found.append(Commit(self._region, table.name, key, value, self._seq, max(seen_ns, last_ns + 1)))
            self._seq += 1
