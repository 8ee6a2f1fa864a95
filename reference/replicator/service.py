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

from reference.dynamo import CallFailed, Client, ensure_health_table
from reference.heartbeat import REPLICATION_NAME, parse_heartbeat, parse_replication, status_arguments
from reference.log import say
from reference.replicator.position import backoff_s, dump, load
from reference.replicator.stream import Stream
from reference.replicator.target import WRITERS, Target
from reference.settings import IDLE_POLL_INTERVAL_S, POLL_INTERVAL_S, Settings

DESCRIBE_INTERVAL_S = 10.0
REOPEN_INTERVAL_S = 10.0
TOKEN_INTERVAL_S = 2.0
REPLAY_INTERVAL_S = 60.0
REPORT_INTERVAL_S = IDLE_POLL_INTERVAL_S  # so with every idle poll, and with every third busy one
BUSY_FOR_S = 20.0  # poll at the quick pace this long after a record
QUIET_ROUNDS = 2  # empty rounds over all shards that make a drain
BACKOFF_BASE_S = 1.0
BACKOFF_CAP_S = 10.0


class Replicator:
    """From `settings.other_region` into `settings.region`. One thread drives it; writes of a batch go in parallel."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._source = Client(settings.other_region)
        self._local = Client(settings.region, connections=WRITERS + 1)
        self._stream = Stream(settings, self._source)
        self._target = Target(settings, self._local)
        self._boot = secrets.token_hex(4)
        self._beats = 0
        self._opened = False
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
                self._forget_connections()
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

    def replay(self) -> tuple[int, int]:
        """Try the parked records again. Returns how many are settled and how many stay. Raises CallFailed."""
        return self._target.replay()

    def close(self) -> None:
        """Give up the threads and connections."""
        self._target.close()
        self._stream.close()
        for client in (self._source, self._local):
            client.close()

    def _forget_connections(self) -> None:
        """Three pools that broke together must not cost three time-outs, one after the other, once it is over."""
        self._stream.interrupted()
        self._source.forget_connections()
        self._local.forget_connections()

    # -- pace ----------------------------------------------------------------------------------------------------
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
        if self._is_due("describe", self._scaled_s(DESCRIBE_INTERVAL_S)) or self._stream.shard_ended:
            self._describe()
        if self._stream.position.copy_needed:
            self._copy()
        if self._is_due("reopen", self._scaled_s(REOPEN_INTERVAL_S)) and time.monotonic() >= self._busy_until:
            self._stream.reopen()
        count, complete = self._stream.read_all(self._target.apply)
        if count:
            self._busy_until = time.monotonic() + self._scaled_s(BUSY_FOR_S)
        self._caught_up = complete
        self._quiet = self._quiet + 1 if complete and not count else 0
        drained = self._pending_token > self._drained_token and self._quiet >= QUIET_ROUNDS
        if drained:
            self._drained_token = self._pending_token
            say("drained", into=self._settings.region, token=self._drained_token, parked=self._target.parked)
        if self._target.parked and self._is_due("replay", self._scaled_s(REPLAY_INTERVAL_S)):
            self._target.replay()
        if drained or self._is_due("publish", self._scaled_s(REPORT_INTERVAL_S)):
            self._publish()

    def _open(self) -> None:
        ensure_health_table(self._local, self._settings)
        self._target.open()
        item = self._local.insist("get_item", **status_arguments(self._settings)).get("Item", {})
        status = parse_replication(item)
        self._drained_token = status.drained_token if status else 0
        self._stream.open(load(item))
        self._opened = True
        say("replicating", source=self._settings.other_region, into=self._settings.region)

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
            self._stream.reopen()
            if token > self._drained_token:
                self._describe()

    def _describe(self) -> None:
        try:
            self._stream.describe()
        except CallFailed as failure:
            if failure.missing:
                self._opened = False  # the table was made anew, and so was its stream
            raise

    def _copy(self) -> None:
        copied = 0
        for records in self._stream.scan():
            self._target.apply(records)
            copied += len(records)
        self._stream.copied()
        say("table copied", into=self._settings.region, items=copied)

    # -- status --------------------------------------------------------------------------------------------------
    def _publish(self) -> None:
        self._beats += 1
        self._local.insist(
            "put_item",
            TableName=self._settings.table,
            Item={
                self._settings.key: {"S": REPLICATION_NAME},
                "beat": {"S": f"{self._boot}:{self._beats}"},
                "drained_token": {"N": str(self._drained_token)},
                "caught_up": {"BOOL": self._caught_up},
                "parked": {"N": str(self._target.parked)},
                **dump(self._stream.position),
            },
        )

    def _publish_if_possible(self) -> None:
        """While the source is away, say that the replication is not caught up, unless the target is away as well."""
        if not self._opened or not self._is_due("publish", self._scaled_s(REPORT_INTERVAL_S)):
            return
        try:
            self._publish()
        except CallFailed as failure:
            say("status not published", level="warning", into=self._settings.region, why=str(failure))
