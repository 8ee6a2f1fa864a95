"""The calls to the source's stream and table: its shards, pages of their records, the whole table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reference.dynamo import CallFailed, Client
from reference.settings import STREAM_TIMEOUT_S, Settings

BATCH_LIMIT = 1000
TRIMMED = "TrimmedDataAccessException"
STALE_ITERATOR = {"ExpiredIteratorException", "ResourceNotFoundException", TRIMMED}
StreamRecord = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Page:
    """What one read of a shard gave. following: where to go on, None when the shard has ended."""

    records: Sequence[StreamRecord]
    following: str | None

    @property
    def full(self) -> bool:
        """As much as one read can give: there may be more."""
        return len(self.records) >= BATCH_LIMIT


class Stream:
    """The stream of the source's items; `source` is the caller's to close. What calls raises CallFailed."""

    def __init__(self, settings: Settings, source: Client) -> None:
        self._settings = settings
        self._source = source
        self._streams = Client(source.region, service="dynamodbstreams", timeout_s=STREAM_TIMEOUT_S)
        self._arn = ""
        self._iterators: dict[str, str] = {}

    def open(self) -> None:
        """Find the stream, or switch it on."""
        table = self._source.insist("describe_table", TableName=self._settings.items_table)["Table"]
        if not table.get("StreamSpecification", {}).get("StreamEnabled"):
            table = self._source.insist(
                "update_table",
                TableName=self._settings.items_table,
                StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
            )["TableDescription"]
        self._arn = str(table["LatestStreamArn"])

    def describe(self) -> tuple[str, tuple[Mapping[str, Any], ...]]:
        """The stream, and its shards. A failure that is `missing` means that the table was made anew."""
        described: list[Mapping[str, Any]] = []
        start: dict[str, Any] = {}
        while True:
            page = self._streams.insist("describe_stream", StreamArn=self._arn, **start)["StreamDescription"]
            described += page.get("Shards", [])
            if "LastEvaluatedShardId" not in page:
                return self._arn, tuple(described)
            start = {"ExclusiveStartShardId": page["LastEvaluatedShardId"]}

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

    def page(self, shard: str, last: str | None) -> Page:
        """The next records of a shard, from where it was read to; first after the record `last`, or from the oldest."""
        try:
            iterator = self._iterators.get(shard) or self._open_iterator(shard, last)
            reply = self._streams.insist("get_records", ShardIterator=iterator, Limit=BATCH_LIMIT)
        except CallFailed as failure:
            if failure.code in STALE_ITERATOR:
                self._iterators.pop(shard, None)
            raise
        return Page(reply.get("Records", []), reply.get("NextShardIterator"))

    def applied(self, shard: str, page: Page) -> None:
        """Go on behind this page: its records are applied."""
        if page.following is not None:
            self._iterators[shard] = page.following

    def _open_iterator(self, shard: str, last: str | None) -> str:
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
