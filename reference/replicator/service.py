"""The replicator as a process: pulls the other region's stream into its own region's table.

It runs in the region that it writes to: losing the source loses nothing but news, and losing the target loses the
replicator with it. The position lies beside the data, in the target, and is written after the records it covers, so a
restart repeats some and skips none.
"""

from __future__ import annotations

import random
import secrets
import threading
import time
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from reference.dynamo import CallFailed, Client, ensure_health_table
from reference.heartbeat import REPLICATION_NAME, parse_heartbeat, parse_replication
from reference.log import say
from reference.replicator.apply import Delete, Poison, Put, Route, Skip, merge, plan, request
from reference.replicator.parking import Parking
from reference.replicator.position import Position, advanced, backoff_s, dump, listed, load, trimmed
from reference.settings import (
    BEAT_INTERVAL_S,
    IDLE_POLL_INTERVAL_S,
    POLL_INTERVAL_S,
    STREAM_TIMEOUT_S,
    Settings,
)

WRITERS = 4
BATCH_LIMIT = 1000
BATCHES_A_CYCLE = 10
DESCRIBE_INTERVAL_S = 10.0
REOPEN_INTERVAL_S = 10.0
TOKEN_INTERVAL_S = 2.0
REPLAY_INTERVAL_S = 60.0
BUSY_FOR_S = 20.0  # poll at the quick pace this long after a record
QUIET_ROUNDS = 2  # empty rounds over all shards that make a drain
BACKOFF_BASE_S = 1.0
BACKOFF_CAP_S = 10.0
STALE_ITERATOR = {"ExpiredIteratorException", "ResourceNotFoundException", "TrimmedDataAccessException"}


class Replicator:
    """From `settings.other_region` into `settings.region`. One thread drives it; writes of a batch go in parallel."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._source = Client(settings.other_region)
        self._streams = Client(settings.other_region, service="dynamodbstreams", timeout_s=STREAM_TIMEOUT_S)
        self._target = Client(settings.region, connections=WRITERS + 1)
        self._route = Route(settings.items_table, settings.items_key, settings.other_region, settings.region)
        self._parking = Parking(self._target, settings.items_table)
        self._writers = ThreadPoolExecutor(WRITERS, "apply")
        self._boot = secrets.token_hex(4)
        self._beats = 0
        self._opened = False
        self._position = Position()
        self._arn = ""
        self._iterators: dict[str, str] = {}
        self._drained_token = 0
        self._pending_token = 0
        self._quiet = 0
        self._caught_up = False
        self._due: dict[str, float] = {}
        self._busy_until = 0.0

    def run(self, stop: threading.Event) -> None:
        """Replicate until `stop` is set."""
        failures = 0
        while not stop.is_set():
            try:
                self._cycle()
            except CallFailed as failure:
                if failures == 0:
                    say("replication interrupted", level="warning", into=self._settings.region, why=str(failure))
                self._caught_up = False
                self._quiet = 0
                self._iterators.clear()
                wait_s = backoff_s(
                    failures, self._scaled_s(BACKOFF_BASE_S), self._scaled_s(BACKOFF_CAP_S), random.random()
                )
                failures += 1
                self._publish_if_possible()
            else:
                if failures:
                    say("replication resumed", into=self._settings.region, after_failures=failures)
                failures = 0
                wait_s = self._pace_s()
            stop.wait(wait_s)

    def close(self) -> None:
        """Give up the threads and connections."""
        self._writers.shutdown(wait=False, cancel_futures=True)
        for client in (self._source, self._streams, self._target):
            client.close()

    def _scaled_s(self, seconds: float) -> float:
        return self._settings.scaled_s(seconds)

    def _pace_s(self) -> float:
        if self._pending_token > self._drained_token:
            return 0.0
        busy = time.monotonic() < self._busy_until
        return self._scaled_s(POLL_INTERVAL_S if busy else IDLE_POLL_INTERVAL_S)

    def _is_due(self, what: str, interval_s: float) -> bool:
        """Whether `interval_s` (already scaled) has passed since this was last true for `what`."""
        now = time.monotonic()
        if now < self._due.get(what, 0.0):
            return False
        self._due[what] = now + interval_s
        return True

    # -- a cycle -------------------------------------------------------------------------------------------------
    def _cycle(self) -> None:
        if not self._opened:
            self._open()
        if self._is_due("token", self._scaled_s(TOKEN_INTERVAL_S)):
            self._look_for_token()
        if self._is_due("describe", self._scaled_s(DESCRIBE_INTERVAL_S)):
            self._describe()
        if self._position.copy_needed:
            self._copy()
        if self._is_due("reopen", self._scaled_s(REOPEN_INTERVAL_S)) and time.monotonic() >= self._busy_until:
            self._iterators.clear()  # an iterator of a stream that was swapped underneath stays empty for ever
        count, complete = self._read_all()
        if count:
            self._busy_until = time.monotonic() + self._scaled_s(BUSY_FOR_S)
        self._caught_up = complete
        self._quiet = self._quiet + 1 if complete and not count else 0
        drained = self._pending_token > self._drained_token and self._quiet >= QUIET_ROUNDS
        if drained:
            self._drained_token = self._pending_token
            say("drained", into=self._settings.region, token=self._drained_token, parked=self._parking.count)
        if self._parking.count and self._is_due("replay", self._scaled_s(REPLAY_INTERVAL_S)):
            self.replay()
        if drained or self._is_due("publish", self._scaled_s(BEAT_INTERVAL_S)):
            self._publish()

    def _open(self) -> None:
        ensure_health_table(self._target, self._settings)
        self._parking.open()
        self._enable_ttl()
        item = self._target.insist(
            "get_item", TableName=self._settings.table, Key=self._status_key(), ConsistentRead=True
        ).get("Item", {})
        self._position = load(item)
        status = parse_replication(item)
        self._drained_token = status.drained_token if status else 0
        self._arn = self._ensure_stream()
        self._opened = True
        say("replicating", source=self._settings.other_region, into=self._settings.region)

    def _enable_ttl(self) -> None:
        try:
            self._target.insist(
                "update_time_to_live",
                TableName=self._settings.items_table,
                TimeToLiveSpecification={"Enabled": True, "AttributeName": "expires_at"},
            )
        except CallFailed as failure:
            if not failure.poison:  # it is enabled already
                raise

    def _ensure_stream(self) -> str:
        table = self._source.insist("describe_table", TableName=self._settings.items_table)["Table"]
        if not table.get("StreamSpecification", {}).get("StreamEnabled"):
            table = self._source.insist(
                "update_table",
                TableName=self._settings.items_table,
                StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
            )["TableDescription"]
        return str(table["LatestStreamArn"])

    def _look_for_token(self) -> None:
        key = {self._settings.key: {"S": self._settings.other_region}}
        try:
            reply = self._source.insist("get_item", TableName=self._settings.table, Key=key, ConsistentRead=True)
        except CallFailed as failure:
            if failure.missing:
                return  # the source's storefront has not started yet
            raise
        token = parse_heartbeat(reply.get("Item", {})).drain_token
        if token > self._pending_token:
            self._pending_token = token
            self._quiet = 0
            self._iterators.clear()
            if token > self._drained_token:
                self._describe()

    def _describe(self) -> None:
        described: list[Mapping[str, Any]] = []
        start: dict[str, Any] = {}
        while True:
            try:
                page = self._streams.insist("describe_stream", StreamArn=self._arn, **start)["StreamDescription"]
            except CallFailed as failure:
                if failure.missing:
                    self._opened = False  # the table was made anew, and so was its stream
                raise
            described += page.get("Shards", [])
            if "LastEvaluatedShardId" not in page:
                break
            start = {"ExclusiveStartShardId": page["LastEvaluatedShardId"]}
        self._position = listed(self._position, self._arn, described)

    def _copy(self) -> None:
        """Apply the whole source table; what happens meanwhile is in the stream, from its oldest record."""
        start: dict[str, Any] = {}
        copied = 0
        while True:
            page = self._source.insist("scan", TableName=self._settings.items_table, ConsistentRead=True, **start)
            key = self._settings.items_key
            self._apply(
                {"eventName": "INSERT", "dynamodb": {"Keys": {key: item[key]}, "NewImage": item}}
                for item in page.get("Items", [])
            )
            copied += len(page.get("Items", []))
            if "LastEvaluatedKey" not in page:
                break
            start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}
        self._position = Position(self._position.arn, self._position.shards, copy_needed=False)
        say("table copied", into=self._settings.region, items=copied)

    # -- reading -------------------------------------------------------------------------------------------------
    def _read_all(self) -> tuple[int, bool]:
        """Read each readable shard. Returns the number of records, and whether all shards were read to their end."""
        count = 0
        complete = True
        for shard in self._position.readable():
            read, at_end = self._read(shard)
            count += read
            complete = complete and at_end
            if self._position.shards[shard].done:
                complete = False  # its children come next
        return count, complete and bool(self._position.shards)

    def _read(self, shard: str) -> tuple[int, bool]:
        count = 0
        for _ in range(BATCHES_A_CYCLE):
            try:
                iterator = self._iterators.get(shard) or self._open_iterator(shard)
                page = self._streams.insist("get_records", ShardIterator=iterator, Limit=BATCH_LIMIT)
            except CallFailed as failure:
                if failure.code == "TrimmedDataAccessException":
                    self._position = trimmed(self._position, shard)
                if failure.code in STALE_ITERATOR:
                    self._iterators.pop(shard, None)
                raise
            records = page.get("Records", [])
            following = page.get("NextShardIterator")
            self._apply(records)
            count += len(records)
            last = records[-1]["dynamodb"]["SequenceNumber"] if records else None
            self._position = advanced(self._position, shard, last, done=following is None)
            if following is None:
                self._due["describe"] = 0.0
                return count, True
            self._iterators[shard] = following
            if len(records) < BATCH_LIMIT:
                return count, True
        return count, False

    def _open_iterator(self, shard: str) -> str:
        last = self._position.shards[shard].last
        where: dict[str, Any] = (
            {"ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "SequenceNumber": last}
            if last
            else {"ShardIteratorType": "TRIM_HORIZON"}
        )
        reply = self._streams.insist("get_shard_iterator", StreamArn=self._arn, ShardId=shard, **where)
        return str(reply["ShardIterator"])

    # -- applying ------------------------------------------------------------------------------------------------
    def _apply(self, records: Iterable[Mapping[str, Any]]) -> None:
        """Apply records, or park those that never can be. Raises CallFailed when the target must be tried again."""
        plans: list[Put | Delete] = []
        origin: dict[int, Mapping[str, Any]] = {}
        for record in records:
            match plan(record, self._route):
                case Skip():
                    continue
                case Poison(why=why):
                    self._park(record, why)
                case Put() | Delete() as entry:
                    plans.append(entry)
                    origin[id(entry)] = record
        groups = merge(plans, self._route)
        for refused in self._writers.map(self._carry_out, groups):
            for entry, why in refused:
                self._park(origin[id(entry)], why)

    def _carry_out(self, group: list[Put | Delete]) -> list[tuple[Put | Delete, str]]:
        refused = []
        for entry in group:
            operation, arguments = request(entry, self._route)
            try:
                self._target.insist(operation, **arguments)
            except CallFailed as failure:
                if failure.poison:
                    refused.append((entry, str(failure)))
                elif not failure.condition_failed:
                    raise
        return refused

    def _park(self, record: Mapping[str, Any], why: str) -> None:
        say("record parked", level="warning", into=self._settings.region, why=why)
        self._parking.park(record, why)

    def replay(self) -> tuple[int, int]:
        """Try the parked records again. Returns how many are settled and how many stay. Raises CallFailed."""

        def apply(record: Mapping[str, Any]) -> str:
            match plan(record, self._route):
                case Skip():
                    return ""
                case Poison(why=why):
                    return why
                case Put() | Delete() as entry:
                    refused = self._carry_out([entry])
                    return refused[0][1] if refused else ""

        settled, stay = self._parking.replay(apply)
        say("parked records tried again", into=self._settings.region, settled=settled, stay=stay)
        return settled, stay

    # -- status --------------------------------------------------------------------------------------------------
    def _status_key(self) -> dict[str, Any]:
        return {self._settings.key: {"S": REPLICATION_NAME}}

    def _publish(self) -> None:
        self._beats += 1
        self._target.insist(
            "put_item",
            TableName=self._settings.table,
            Item={
                **self._status_key(),
                "beat": {"S": f"{self._boot}:{self._beats}"},
                "drained_token": {"N": str(self._drained_token)},
                "caught_up": {"BOOL": self._caught_up},
                "parked": {"N": str(self._parking.count)},
                **dump(self._position),
            },
        )

    def _publish_if_possible(self) -> None:
        """While the source is away, say that the replication is not caught up, unless the target is away as well."""
        if not self._opened or not self._is_due("publish", self._scaled_s(BEAT_INTERVAL_S)):
            return
        try:
            self._publish()
        except CallFailed as failure:
            say("status not published", level="warning", into=self._settings.region, why=str(failure))
