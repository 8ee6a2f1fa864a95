"""Empties the queue of what was given up: applied if it can be by now, else parked for good. And copies a whole table.

A message of the mapping says only where its records were in the stream, which keeps them for a day: they are read again
there. One of the function has the record itself. What still cannot be applied is parked in a table of the other region,
and tried again each time. Where the stream no longer has the records, only a copy of the whole table brings them: the
message stays until there was one.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from reference.dynamo import CallFailed, Client
from reference.log import say
from reference.replication_lambda.deployment import Deployment
from reference.replication_lambda.handler import Function
from reference.replicator.apply import Delete, Poison, Put, Skip, plan
from reference.replicator.parking import Parking
from reference.replicator.record_text import decode
from reference.settings import STREAM_TIMEOUT_S, Settings

LOST_TO_THE_STREAM = {"TrimmedDataAccessException", "ResourceNotFoundException", "ValidationException"}
HIDDEN_S = 60
BATCH_MAX = 10


@dataclass(frozen=True, slots=True)
class Redriven:
    """settled: messages that are done with; stay: in the queue; parked: records that wait in the table; uncopied:
    messages whose records only a copy of the table brings."""

    settled: int
    stay: int
    parked: int
    uncopied: int


class Redrive:
    """From `settings.region` into the other one."""

    def __init__(self, settings: Settings, deployment: Deployment) -> None:
        self._settings = settings
        self._url = deployment.queue_url()
        self._function = Function(settings, self._url)
        self._local = Client(settings.region)
        self._target = Client(settings.other_region)
        self._streams = Client(settings.region, service="dynamodbstreams", timeout_s=STREAM_TIMEOUT_S)
        self._queue = Client(settings.region, service="sqs", timeout_s=STREAM_TIMEOUT_S)
        self._parking = Parking(self._target, settings.items_table)
        self._open = False

    def waiting(self) -> int:
        """Messages in the queue, and records that are parked. Raises CallFailed."""
        self._opened()
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        told = self._queue.insist("get_queue_attributes", QueueUrl=self._url, AttributeNames=names)["Attributes"]
        return sum(int(told[name]) for name in names) + self._parking.count

    def run(self) -> Redriven:
        """Try everything once. Raises CallFailed."""
        self._opened()
        settled = stay = uncopied = 0
        for message in self._messages():
            why = self._settle(json.loads(message["Body"]))
            if why is None:
                self._queue.insist("delete_message", QueueUrl=self._url, ReceiptHandle=message["ReceiptHandle"])
                settled += 1
                continue
            self._show_again(message)
            stay, uncopied = stay + 1, uncopied + (why == "uncopied")
        if self._parking.count:
            self._parking.replay(self._again)
        done = Redriven(settled, stay, self._parking.count, uncopied)
        if uncopied:
            say(
                "records are no longer in the stream", level="alert", messages=uncopied,
                what_to_do="python run.py replication_lambda backfill",
            )  # fmt: skip
        say("redriven", settled=done.settled, stay=done.stay, parked=done.parked)
        return done

    def _opened(self) -> None:
        """The table of what is parked is there, and counted."""
        if not self._open:
            self._parking.open()
            self._open = True

    def _messages(self) -> Iterator[Mapping[str, Any]]:
        while found := self._queue.insist(
            "receive_message", QueueUrl=self._url, MaxNumberOfMessages=BATCH_MAX, VisibilityTimeout=HIDDEN_S
        ).get("Messages", []):
            yield from found

    def _show_again(self, message: Mapping[str, Any]) -> None:
        self._queue.insist(
            "change_message_visibility", QueueUrl=self._url, ReceiptHandle=message["ReceiptHandle"],
            VisibilityTimeout=HIDDEN_S,
        )  # fmt: skip

    def _settle(self, body: Mapping[str, Any]) -> str | None:
        """None when nothing of it is left to do."""
        if "DDBStreamBatchInfo" in body:
            try:
                records = list(self._range(body["DDBStreamBatchInfo"]))
            except CallFailed as failure:
                if failure.code in LOST_TO_THE_STREAM:
                    return "uncopied"
                raise
        elif "record" in body:
            records = [decode(body["record"])]
        else:
            records = [self._current(body["keys"])]
        for record in records:
            why = self._again(record)
            if why:
                self._parking.park(record, why)
        return None

    def _again(self, record: Mapping[str, Any]) -> str:
        """What is wrong with a record; "" when it is applied, or need not be. Raises CallFailed."""
        match plan(record, self._function.route):
            case Skip():
                return ""
            case Poison(why=why):
                return why
            case Put() | Delete() as entry:
                try:
                    self._function.apply(entry)
                except CallFailed as failure:
                    if failure.poison:
                        return str(failure)
                    raise
                return ""

    def _current(self, keys: Mapping[str, Any]) -> Mapping[str, Any]:
        """A record too large for a message, as the item is now."""
        table = self._settings.items_table
        item = self._local.insist("get_item", TableName=table, Key=keys, ConsistentRead=True).get("Item")
        if item is None:
            return {"eventName": "REMOVE", "dynamodb": {"Keys": keys, "OldImage": {}}}
        return {"eventName": "MODIFY", "dynamodb": {"Keys": keys, "NewImage": item}}

    def _range(self, info: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
        """The records of a message of the mapping, from the stream. Raises CallFailed."""
        last = int(info["endSequenceNumber"])
        iterator = self._streams.insist(
            "get_shard_iterator", StreamArn=info["streamArn"], ShardId=info["shardId"],
            ShardIteratorType="AT_SEQUENCE_NUMBER", SequenceNumber=info["startSequenceNumber"],
        )["ShardIterator"]  # fmt: skip
        while iterator:
            page = self._streams.insist("get_records", ShardIterator=iterator)
            for record in page.get("Records", []):
                if int(record["dynamodb"]["SequenceNumber"]) > last:
                    return
                yield record
                if int(record["dynamodb"]["SequenceNumber"]) == last:
                    return
            iterator = page.get("NextShardIterator")

    # -- all of it ----------------------------------------------------------------------------------------------
    def backfill(self) -> int:
        """Apply every item of the table, and drop the messages that it makes needless. How many items. Raises
        CallFailed."""
        began = time.time()
        copied, start = 0, dict[str, Any]()
        key, table = self._settings.items_key, self._settings.items_table
        while True:
            page = self._local.insist("scan", TableName=table, ConsistentRead=True, **start)
            for item in page.get("Items", []):
                record = {"eventName": "INSERT", "dynamodb": {"Keys": {key: item[key]}, "NewImage": item}}
                why = self._again(record)
                if why:
                    self._parking.park(record, why)
                copied += 1
            if "LastEvaluatedKey" not in page:
                break
            start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}
        self._drop_copied(began)
        say("table copied", items=copied)
        return copied

    def _drop_copied(self, began: float) -> None:
        """Messages of the mapping from before the copy: their items are in it, as they are now."""
        for message in self._messages():
            body = json.loads(message["Body"])
            at = body.get("timestamp")
            if at is not None and datetime.fromisoformat(str(at).replace("Z", "+00:00")).timestamp() < began:
                self._queue.insist("delete_message", QueueUrl=self._url, ReceiptHandle=message["ReceiptHandle"])
            else:
                self._show_again(message)

    def close(self) -> None:
        """Give up the connections."""
        for client in (self._local, self._target, self._streams, self._queue):
            client.close()
