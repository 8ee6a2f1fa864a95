"""The source's stream and table as the replicator reads them: which shards, from where, to which end."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from reference.dynamo import CallFailed, Client
from reference.replicator.position import Position, advanced, listed, trimmed
from reference.settings import STREAM_TIMEOUT_S, Settings

BATCH_LIMIT = 1000
BATCHES_A_CYCLE = 10
STALE_ITERATOR = {"ExpiredIteratorException", "ResourceNotFoundException", "TrimmedDataAccessException"}
StreamRecord = Mapping[str, Any]


class Stream:
    """The stream of the source's items. `position` is where the reading stands; `source` is the caller's to close.

    Every method that calls raises CallFailed; nothing that was not applied counts as read.
    """

    def __init__(self, settings: Settings, source: Client) -> None:
        self._settings = settings
        self._source = source
        self._streams = Client(source.region, service="dynamodbstreams", timeout_s=STREAM_TIMEOUT_S)
        self._arn = ""
        self._iterators: dict[str, str] = {}
        self.position = Position()
        self.shard_ended = False

    def open(self, position: Position) -> None:
        """Find the stream, or switch it on, and go on from `position`."""
        self.position = position
        table = self._source.insist("describe_table", TableName=self._settings.items_table)["Table"]
        if not table.get("StreamSpecification", {}).get("StreamEnabled"):
            table = self._source.insist(
                "update_table",
                TableName=self._settings.items_table,
                StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
            )["TableDescription"]
        self._arn = str(table["LatestStreamArn"])

    def describe(self) -> None:
        """Learn which shards there are. A failure that is `missing` means that the table was made anew."""
        described: list[Mapping[str, Any]] = []
        start: dict[str, Any] = {}
        while True:
            page = self._streams.insist("describe_stream", StreamArn=self._arn, **start)["StreamDescription"]
            described += page.get("Shards", [])
            if "LastEvaluatedShardId" not in page:
                break
            start = {"ExclusiveStartShardId": page["LastEvaluatedShardId"]}
        self.position = listed(self.position, self._arn, described)
        self.shard_ended = False

    def reopen(self) -> None:
        """Open the iterators anew: one of a stream that was swapped underneath stays empty for ever."""
        self._iterators.clear()

    def interrupted(self) -> None:
        """A call failed, on whatever connection: start anew with fresh connections and iterators."""
        self._streams.forget_connections()
        self.reopen()

    def scan(self) -> Iterator[list[StreamRecord]]:
        """The whole source table, page by page, as if each item had just been inserted."""
        key = self._settings.items_key
        start: dict[str, Any] = {}
        while True:
            page = self._source.insist("scan", TableName=self._settings.items_table, ConsistentRead=True, **start)
            yield [
                {"eventName": "INSERT", "dynamodb": {"Keys": {key: item[key]}, "NewImage": item}}
                for item in page.get("Items", [])
            ]
            if "LastEvaluatedKey" not in page:
                return
            start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}

    def copied(self) -> None:
        """All that `scan` gave was applied; what happened meanwhile is in the stream, from its oldest record."""
        self.position = replace(self.position, copy_needed=False)

    def read_all(self, apply: Callable[[Sequence[StreamRecord]], None]) -> tuple[int, bool]:
        """Read each readable shard. Returns the number of records, and whether all shards were read to their end."""
        count = 0
        complete = True
        for shard in self.position.readable():
            read, at_end = self._read(shard, apply)
            count += read
            complete = complete and at_end
            if self.position.shards[shard].done:
                complete = False  # its children come next
        return count, complete and bool(self.position.shards)

    def _read(self, shard: str, apply: Callable[[Sequence[StreamRecord]], None]) -> tuple[int, bool]:
        count = 0
        for _ in range(BATCHES_A_CYCLE):
            page = self._page(shard)
            records = page.get("Records", [])
            following = page.get("NextShardIterator")
            apply(records)
            count += len(records)
            last = records[-1]["dynamodb"]["SequenceNumber"] if records else None
            self.position = advanced(self.position, shard, last, done=following is None)
            if following is None:
                self.shard_ended = True
                return count, True
            self._iterators[shard] = following
            if len(records) < BATCH_LIMIT:
                return count, True
        return count, False

    def _page(self, shard: str) -> Mapping[str, Any]:
        try:
            iterator = self._iterators.get(shard) or self._open_iterator(shard)
            return self._streams.insist("get_records", ShardIterator=iterator, Limit=BATCH_LIMIT)
        except CallFailed as failure:
            if failure.code == "TrimmedDataAccessException":
                self.position = trimmed(self.position, shard)
            if failure.code in STALE_ITERATOR:
                self._iterators.pop(shard, None)
            raise

    def _open_iterator(self, shard: str) -> str:
        last = self.position.shards[shard].last
        where: dict[str, Any] = (
            {"ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "SequenceNumber": last}
            if last
            else {"ShardIteratorType": "TRIM_HORIZON"}
        )
        reply = self._streams.insist("get_shard_iterator", StreamArn=self._arn, ShardId=shard, **where)
        return str(reply["ShardIterator"])

    def close(self) -> None:
        """Give up the stream's connections."""
        self._streams.close()
