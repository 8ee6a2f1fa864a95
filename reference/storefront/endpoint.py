"""The database of one region as a storefront uses it: connections, threads and beats of its own. Decides nothing.

Whatever hangs here takes no thread and no connection from the database of another region. Calls for requests run in
threads, at most MAX_CALLS at once; beyond that a request is refused at once instead of queueing behind calls that hang.
Beats have threads of their own, and overlap, so a lost one costs an interval and not a time-out.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from reference import heartbeat
from reference.dynamo import CallFailed, Client, ensure_health_table
from reference.log import say
from reference.settings import BEAT_INTERVAL_S, Settings
from reference.storefront.permission import (
    BeatAnswered,
    BeatSent,
    CallEnded,
    Event,
    State,
    StatusRead,
    database_works,
)

MAX_CALLS = 64
MAX_BEATS = 4


class TooManyCalls(Exception):
    """So many calls to this database are under way that one more would only wait."""


class Endpoint:
    """One of them. settings: with the region of this database. happened, state: of the permission that it gives."""

    def __init__(self, settings: Settings, happened: Callable[[Event], None], state: Callable[[], State]) -> None:
        self.settings = settings
        self._happened = happened
        self._state = state
        self._items = Client(settings.region, timeout_s=settings.request_timeout_s, connections=MAX_CALLS)
        self._beats = Client(settings.region, timeout_s=settings.call_timeout_s, connections=MAX_BEATS)
        self._calls = 0
        self._call_threads = ThreadPoolExecutor(MAX_CALLS, f"call-{settings.region}")
        self._beat_threads = ThreadPoolExecutor(MAX_BEATS, f"beat-{settings.region}")
        self._wake = asyncio.Event()

    def wake(self) -> None:
        """Beat at once."""
        self._wake.set()

    async def call(self, operation: str, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        """A call for a client's request. Raises CallFailed, and TooManyCalls without having tried."""
        if self._calls >= MAX_CALLS:
            raise TooManyCalls(self.settings.region)
        self._calls += 1
        try:
            return await self._in_thread(self._call_threads, self._items, operation, arguments)
        finally:
            self._calls -= 1

    async def beat_for_ever(self) -> None:
        """Keep the heartbeat fresh, and learn grants and fences from its answers."""
        under_way: set[asyncio.Task[None]] = set()
        try:
            while True:
                self._wake.clear()
                if len(under_way) < MAX_BEATS:
                    task = asyncio.create_task(self._beat())
                    under_way.add(task)
                    task.add_done_callback(under_way.discard)
                hurried = self._state().hurry
                interval_s = self.settings.hurried_s if hurried else self.settings.scaled_s(BEAT_INTERVAL_S)
                try:
                    async with asyncio.timeout(interval_s):
                        await self._wake.wait()
                except TimeoutError:
                    continue
        finally:
            for task in under_way:
                task.cancel()

    async def _beat(self) -> None:
        self._happened(BeatSent())
        state = self._state()
        nonce = state.latest
        arguments = heartbeat.beat_arguments(
            self.settings, self.settings.instance, nonce, state.ack, state.error_percent
        )
        worked = self._works()
        try:
            reply = await self._in_thread(self._beat_threads, self._beats, "update_item", arguments)
        except CallFailed as failure:
            if failure.missing:
                await self._create_table()
            elif not self._works() and worked:
                say("database stopped answering", level="warning", region=self.settings.region, why=str(failure))
            return
        self._happened(BeatAnswered(nonce, heartbeat.parse_heartbeat(reply.get("Attributes", {}))))
        await self._read_status()

    def _works(self) -> bool:
        return database_works(self._state(), time.monotonic_ns(), self.settings.stale_after_ns)

    async def _read_status(self) -> None:
        asked_ns = time.monotonic_ns()
        arguments = heartbeat.status_arguments(self.settings)
        try:
            reply = await self._in_thread(self._beat_threads, self._beats, "get_item", arguments)
        except CallFailed:
            return  # counted; without news reads are refused by and by
        self._happened(StatusRead(asked_ns, heartbeat.parse_replication(reply.get("Item", {}))))

    async def _create_table(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            await loop.run_in_executor(self._beat_threads, ensure_health_table, self._beats, self.settings)
        except CallFailed as failure:
            say("table not created", level="warning", why=str(failure))
            return
        self._wake.set()

    async def _in_thread(
        self, threads: ThreadPoolExecutor, client: Client, operation: str, arguments: Mapping[str, Any]
    ) -> Mapping[str, Any]:
        loop = asyncio.get_running_loop()
        try:
            reply = await loop.run_in_executor(threads, lambda: client.call(operation, **arguments))
        except CallFailed as failure:
            self._happened(CallEnded(failed=not failure.condition_failed and not failure.missing))
            raise
        self._happened(CallEnded(failed=False))
        return reply

    def close(self) -> None:
        """Give up the threads and connections."""
        for threads in (self._call_threads, self._beat_threads):
            threads.shutdown(wait=False, cancel_futures=True)
        self._items.close()
        self._beats.close()
