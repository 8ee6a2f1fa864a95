"""A stream, a function and a queue on a simulated clock, around the machine of an event source mapping."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from harness.parts.data.event_sources import events as ev
from harness.parts.data.event_sources import model
from harness.parts.data.event_sources.batch import Batch, Outcome, Record, Succeeded
from harness.parts.data.event_sources.mapping import Mapping
from harness.parts.data.event_sources.shards import Listed

S = 1_000_000_000
Function = Callable[[Batch], Outcome]


def mapping(**changed: object) -> Mapping:
    return Mapping("uuid", "function", "stream", **changed)  # type: ignore[arg-type]


@dataclass
class Shard:
    records: list[Record] = field(default_factory=list)
    parent: str | None = None
    closed: bool = False
    trimmed: int = 0


class Stream:
    """What DynamoDB Streams holds. numbers: of all its records, in the order in which they were written."""

    def __init__(self) -> None:
        self.shards: dict[str, Shard] = {"a": Shard()}
        self._numbers = itertools.count(1)

    def write(self, key: str, shard: str = "a", at_ns: int = 0, size: int = 100) -> Record:
        record = Record(f"{next(self._numbers):021}", key, size, at_ns)
        self.shards[shard].records.append(record)
        return record

    def split(self, shard: str, *into: str) -> None:
        self.shards[shard].closed = True
        self.shards |= {name: Shard(parent=shard) for name in into}

    def trim(self, shard: str, count: int) -> None:
        self.shards[shard].trimmed = count

    def listed(self) -> tuple[Listed, ...]:
        return tuple(Listed(name, one.parent, one.closed) for name, one in self.shards.items())


class Rig:
    """Runs a mapping. called: every batch the function was given, with when; given_up: what the queue holds."""

    def __init__(self, settings: Mapping, stream: Stream, function: Function = lambda _: Succeeded()) -> None:
        self.state = model.start(settings)
        self.stream = stream
        self.function = function
        self.now_ns = 0
        self.called: list[tuple[int, Batch]] = []
        self.given_up: list[ev.Deliver] = []
        self.told: list[ev.Tell] = []
        self.takes_s = 0.01
        self.queue_works = True
        self.iterators_last_s = 900.0
        self.luck: Callable[[], float] = lambda: 1.0
        self._todo: list[tuple[int, int, ev.Event]] = []
        self._wake_ns: int | None = 0
        self._order = itertools.count(1)
        self._iterators: dict[str, tuple[int, int]] = {}

    def run(self, for_s: float) -> None:
        until_ns = self.now_ns + round(for_s * S)
        while (due_ns := self._due_ns()) is not None and due_ns <= until_ns:
            self.now_ns = due_ns
            event = heapq.heappop(self._todo)[2] if self._todo and self._todo[0][0] == due_ns else ev.Woke()
            self.happened(event)
        self.now_ns = until_ns

    def _due_ns(self) -> int | None:
        times = [self._todo[0][0]] if self._todo else []
        return min([*times, *([] if self._wake_ns is None else [max(self._wake_ns, self.now_ns)])], default=None)

    def happened(self, event: ev.Event) -> None:
        self._wake_ns = None
        self.state, effects = model.step(self.state, event, self.now_ns)
        for effect in effects:
            self._do(effect)

    def _later(self, seconds: float, event: ev.Event) -> None:
        heapq.heappush(self._todo, (self.now_ns + round(seconds * S), next(self._order), event))

    def _do(self, effect: ev.Effect) -> None:
        match effect:
            case ev.ListShards():
                self._later(0.002, ev.ShardsListed(self.stream.listed()))
            case ev.OpenIterator(shard=name, kind=kind, after=after):
                self._later(0.002, self._opened(name, kind, after))
            case ev.GetRecords(shard=name, iterator=iterator, limit=limit):
                self._later(0.002, self._page(name, iterator, limit))
            case ev.Invoke(shard=name, lane=lane, batch=batch):
                self.called.append((self.now_ns, batch))
                self._later(self.takes_s, ev.Answered(name, lane, self.function(batch), self.luck()))
            case ev.Deliver(shard=name, lane=lane):
                if self.queue_works:
                    self.given_up.append(effect)
                    self._later(0.002, ev.Delivered(name, lane))
                else:
                    self._later(0.002, ev.NotDelivered(name, lane, "no queue"))
            case ev.Tell():
                self.told.append(effect)
            case ev.Wake(at_ns=at_ns):
                self._wake_ns = at_ns

    def _opened(self, name: str, kind: str, after: str | None) -> ev.Event:
        shard = self.stream.shards[name]
        place = len(shard.records) if kind == "LATEST" else shard.trimmed
        if after is not None:
            place = next(number for number, record in enumerate(shard.records) if record.number == after) + 1
            if place < shard.trimmed:
                return ev.ReadFailed(name, ev.Refusal.TRIMMED, "trimmed")
        return ev.Opened(name, self._iterator(place))

    def _iterator(self, place: int) -> str:
        name = f"{place}:{next(self._order)}"
        self._iterators[name] = (place, self.now_ns)
        return name

    def _page(self, name: str, iterator: str, limit: int) -> ev.Event:
        shard = self.stream.shards[name]
        place, since_ns = self._iterators.pop(iterator)
        if self.now_ns - since_ns > self.iterators_last_s * S:
            return ev.ReadFailed(name, ev.Refusal.EXPIRED, "expired")
        if place < shard.trimmed:
            return ev.ReadFailed(name, ev.Refusal.TRIMMED, "trimmed")
        records = tuple(shard.records[place : place + limit])
        over = shard.closed and place + len(records) == len(shard.records)
        following = None if over else self._iterator(place + len(records))
        return ev.Read(name, records, following, full=len(records) == limit)

    # -- what came of it ----------------------------------------------------------------------------------------
    def given(self) -> list[str]:
        return [record.key for _, batch in self.called for record in batch.records]

    def sizes(self) -> list[int]:
        return [len(batch.records) for _, batch in self.called]

    def gone(self) -> list[str]:
        return [record.number for told in self.given_up for record in told.batch.records]


def numbers(records: Sequence[Record]) -> list[str]:
    return [record.number for record in records]
