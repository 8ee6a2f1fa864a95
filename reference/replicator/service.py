"""The replicator as a process: makes the calls that its machine (cycle.py) asks for, one after the other.

It runs in the region that it writes to: losing the source loses nothing but news, and losing the target loses the
replicator with it. The position lies beside the data, in the target, and is written after the records it covers, so a
restart repeats some and skips none.
"""

from __future__ import annotations

import random
import secrets
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol

from reference.dynamo import CallFailed, Client, ensure_health_table
from reference.heartbeat import REPLICATION_NAME, parse_heartbeat, parse_replication, status_arguments
from reference.log import say
from reference.replicator.cycle import Cycle, pace_of
from reference.replicator.position import dump, load
from reference.replicator.state import (
    Applied,
    Call,
    Copied,
    Copy,
    Describe,
    Described,
    Disconnect,
    Effect,
    Event,
    Failed,
    LookForToken,
    Open,
    Opened,
    Publish,
    Published,
    Read,
    Reopen,
    Replay,
    Replayed,
    State,
    Tell,
    TokenSeen,
    Wait,
    Woke,
)
from reference.replicator.stream import TRIMMED, Stream
from reference.replicator.target import WRITERS, Target
from reference.settings import NS_PER_S, Settings


class Applies(Protocol):
    """Whatever takes the records of the other region; see `Target`, whose methods these are."""

    @property
    def parked(self) -> int: ...
    def open(self) -> None: ...
    def apply(self, records: Iterable[Mapping[str, Any]]) -> None: ...
    def replay(self) -> tuple[int, int]: ...
    def close(self) -> None: ...


class Replicator:
    """From `settings.other_region` into `settings.region`. One thread drives it; writes of a batch go in parallel.

    target: what becomes of the records.
    """

    def __init__(self, settings: Settings, target: Callable[[Settings, Client], Applies] = Target) -> None:
        self._settings = settings
        self._source = Client(settings.other_region)
        self._local = Client(settings.region, connections=WRITERS + 1)
        self._stream = Stream(settings, self._source)
        self._target = target(settings, self._local)
        self._boot = secrets.token_hex(4)
        self._cycle = Cycle(pace_of(settings))
        self._state = State()

    def run(self, stop: threading.Event) -> None:
        """Replicate until `stop` is set."""
        event: Event = Woke()
        while not stop.is_set():
            self._state, effects = self._cycle.step(self._state, event, time.monotonic_ns())
            event = self._carry_out(effects, stop)

    def replay(self) -> tuple[int, int]:
        """Try the parked records again. Returns how many are settled and how many stay. Raises CallFailed."""
        return self._target.replay()

    def close(self) -> None:
        """Give up the threads and connections."""
        self._target.close()
        self._stream.close()
        for client in (self._source, self._local):
            client.close()

    # -- what the machine asks for -----------------------------------------------------------------------------
    def _carry_out(self, effects: tuple[Effect, ...], stop: threading.Event) -> Event:
        """Do what is to be done; the end of the call among it is what happens next."""
        event: Event = Woke()
        for effect in effects:
            match effect:
                case Tell(what=what, level=level, details=details):
                    say(what, level=level, into=self._settings.region, **details)
                case Reopen():
                    self._stream.reopen()
                case Disconnect():
                    self._stream.interrupted()
                    self._source.forget_connections()
                    self._local.forget_connections()
                case Wait(ns=ns):
                    stop.wait(ns / NS_PER_S)
                case _:
                    event = self._try(effect)
        return event

    def _try(self, call: Call) -> Event:
        try:
            return self._call(call)
        except CallFailed as failure:
            return Failed(str(failure), random.random(), failure.missing, failure.code == TRIMMED)

    def _call(self, call: Call) -> Event:
        match call:
            case Open():
                return self._open()
            case LookForToken():
                return self._token()
            case Describe():
                return Described(*self._stream.describe())
            case Copy():
                return Copied(self._copy(), self._target.parked)
            case Read(shard=shard, last=last):
                return self._read(shard, last)
            case Replay():
                self._target.replay()
                return Replayed(self._target.parked)
            case Publish():
                self._publish(call)
                return Published()
            case Wait():
                raise AssertionError("waiting is no call")

    def _open(self) -> Opened:
        ensure_health_table(self._local, self._settings)
        self._target.open()
        item = self._local.insist("get_item", **status_arguments(self._settings)).get("Item", {})
        status = parse_replication(item)
        self._stream.open()
        return Opened(load(item), status.drained_token if status else 0, self._target.parked)

    def _token(self) -> TokenSeen:
        key = {self._settings.key: {"S": self._settings.other_region}}
        try:
            reply = self._source.insist("get_item", TableName=self._settings.table, Key=key, ConsistentRead=True)
        except CallFailed as failure:
            if failure.missing:
                return TokenSeen(0)  # the source's storefront has not started yet
            raise
        heartbeat = parse_heartbeat(reply.get("Item", {}))
        return TokenSeen(heartbeat.drain_token, heartbeat.hurry)

    def _copy(self) -> int:
        copied = 0
        for records in self._stream.scan():
            self._target.apply(records)
            copied += len(records)
        return copied

    def _read(self, shard: str, last: str | None) -> Applied:
        page = self._stream.page(shard, last)
        self._target.apply(page.records)
        self._stream.applied(shard, page)
        newest = page.records[-1]["dynamodb"]["SequenceNumber"] if page.records else None
        return Applied(len(page.records), newest, page.full, page.following is None, self._target.parked)

    def _publish(self, status: Publish) -> None:
        self._local.insist(
            "put_item",
            TableName=self._settings.table,
            Item={
                self._settings.key: {"S": REPLICATION_NAME},
                "beat": {"S": f"{self._boot}:{status.beat}"},
                "drained_token": {"N": str(status.drained_token)},
                "caught_up": {"BOOL": status.caught_up},
                "parked": {"N": str(self._target.parked)},
                **dump(status.position),
            },
        )
