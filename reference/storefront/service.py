"""The storefront as a process: HTTP in front, DynamoDB of its own region behind. Decides nothing itself.

The event loop answers health checks from memory. Calls to DynamoDB run in threads, at most MAX_CALLS at once; beyond
that a request is refused at once instead of queueing behind calls that hang. Beats have threads of their own, and
overlap, so a lost one costs an interval and not a time-out.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import signal
import time
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from aiohttp import web

from reference import heartbeat
from reference.dynamo import CallFailed, Client, ensure_health_table
from reference.lease import Nonce
from reference.log import say
from reference.settings import BEAT_INTERVAL_S, HURRY_DIVISOR, Settings
from reference.storefront import items
from reference.storefront.permission import (
    BeatAnswered,
    BeatSent,
    CallEnded,
    Event,
    Fenced,
    Hurried,
    LeaseGained,
    State,
    StatusRead,
    WriteEnded,
    WriteStarted,
    database_works,
    edge_verdict,
    lease_epoch,
    read_refusal,
    step,
)

MAX_CALLS = 64
MAX_BEATS = 4
MAX_BODY_BYTES = 256 * 1024
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Storefront:
    """One instance. All state changes happen on the event loop."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._state = State(settings.instance, settings.lease, Nonce(secrets.token_hex(4), 0))
        self._items = Client(settings.region, connections=MAX_CALLS)
        self._beats = Client(settings.region, connections=MAX_BEATS)
        self._calls = 0
        self._call_threads = ThreadPoolExecutor(MAX_CALLS, "call")
        self._beat_threads = ThreadPoolExecutor(MAX_BEATS, "beat")
        self._wake = asyncio.Event()

    # -- the state -----------------------------------------------------------------------------------------------
    def _happened(self, event: Event) -> None:
        self._state, effects = step(self._state, event, time.monotonic_ns())
        for effect in effects:
            match effect:
                case LeaseGained(epoch=epoch):
                    say("lease gained", region=self._settings.region, epoch=epoch)
                case Fenced(epoch=epoch):
                    say("fenced", region=self._settings.region, epoch=epoch)
                    self._wake.set()  # acknowledge at once
                case Hurried():
                    self._wake.set()

    def _epoch(self) -> int | None:
        return lease_epoch(self._state, time.monotonic_ns())

    # -- beats ---------------------------------------------------------------------------------------------------
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
                interval_s = self._settings.scaled_s(BEAT_INTERVAL_S)
                if self._state.hurry:
                    interval_s /= HURRY_DIVISOR
                try:
                    await asyncio.wait_for(self._wake.wait(), interval_s)
                except TimeoutError:
                    continue
        finally:
            for task in under_way:
                task.cancel()

    async def _beat(self) -> None:
        self._happened(BeatSent())
        nonce = self._state.latest
        arguments = heartbeat.beat_arguments(
            self._settings, self._settings.instance, nonce, self._state.ack, self._state.error_percent
        )
        worked = database_works(self._state, time.monotonic_ns(), self._settings.stale_after_ns)
        try:
            reply = await self._in_thread(self._beat_threads, self._beats, "update_item", arguments)
        except CallFailed as failure:
            if failure.missing:
                await self._create_table()
            elif not database_works(self._state, time.monotonic_ns(), self._settings.stale_after_ns) and worked:
                say("database stopped answering", level="warning", region=self._settings.region, why=str(failure))
            return
        self._happened(BeatAnswered(nonce, heartbeat.parse_heartbeat(reply.get("Attributes", {}))))
        await self._read_status()

    async def _read_status(self) -> None:
        asked_ns = time.monotonic_ns()
        arguments = heartbeat.status_arguments(self._settings)
        try:
            reply = await self._in_thread(self._beat_threads, self._beats, "get_item", arguments)
        except CallFailed:
            return  # counted; without news reads are refused by and by
        self._happened(StatusRead(asked_ns, heartbeat.parse_replication(reply.get("Item", {}))))

    async def _create_table(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            await loop.run_in_executor(self._beat_threads, ensure_health_table, self._beats, self._settings)
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

    # -- items ---------------------------------------------------------------------------------------------------
    async def _call(self, operation: str, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        if self._calls >= MAX_CALLS:
            raise web.HTTPServiceUnavailable(text='{"error": "too many calls under way"}')
        self._calls += 1
        try:
            return await self._in_thread(self._call_threads, self._items, operation, arguments)
        finally:
            self._calls -= 1

    async def get_item(self, request: web.Request) -> web.StreamResponse:
        """GET /items/{id}: served in both regions; in the one that is not active the answer may lag, to a bound."""
        refusal = read_refusal(self._state, time.monotonic_ns(), self._settings.read_lag_ns)
        if refusal is not None:
            return self._answer(503, {"error": refusal})
        try:
            reply = await self._call("get_item", items.get_arguments(self._settings, request.match_info["id"]))
        except CallFailed as failure:
            return self._answer(502, {"error": failure.code})
        value = items.value_of(self._settings, reply)
        return self._answer(404, {"error": "no such item"}) if value is None else self._answer(200, {"value": value})

    async def put_item(self, request: web.Request) -> web.StreamResponse:
        """PUT /items/{id} with {"value": text}."""
        try:
            value = json.loads(await request.read())["value"]
        except (ValueError, KeyError, TypeError):
            return self._answer(400, {"error": 'the body must be {"value": ...}'})
        if not isinstance(value, str):
            return self._answer(400, {"error": "the value must be a string"})
        item_id = request.match_info["id"]
        return await self._write(lambda epoch: items.put_arguments(self._settings, item_id, value, epoch))

    async def delete_item(self, request: web.Request) -> web.StreamResponse:
        """DELETE /items/{id}: succeeds whether or not the item exists."""
        item_id = request.match_info["id"]
        return await self._write(lambda epoch: items.delete_arguments(self._settings, item_id, epoch, time.time()))

    async def _write(self, arguments: Callable[[int], Mapping[str, Any]]) -> web.StreamResponse:
        epoch = self._epoch()
        if epoch is None:
            return self._answer(503, {"error": "this region is not active"})
        self._happened(WriteStarted(epoch))
        try:
            await self._call("update_item", arguments(epoch))
        except CallFailed as failure:
            if failure.condition_failed:
                return self._answer(503, {"error": "a later epoch has written this item"})
            return self._answer(502, {"error": failure.code}, epoch)
        finally:
            self._happened(WriteEnded(epoch))
            if self._state.fenced >= epoch:
                self._wake.set()  # the last one out lets the fence be acknowledged
        if self._epoch() != epoch:
            # It is in the table, but perhaps after another region took over: nobody may call that acknowledged.
            return self._answer(504, {"error": "the lease ended while the write was under way"}, epoch)
        return self._answer(200, {"ok": True}, epoch)

    def _answer(self, status: int, body: Mapping[str, object], epoch: int | None = None) -> web.Response:
        headers = {
            "X-Region": self._settings.region,
            "X-Epoch": str(self._state.epoch if epoch is None else epoch),
            "Content-Type": "application/json",
        }
        return web.Response(status=status, body=json.dumps(body).encode(), headers=headers)

    # -- health --------------------------------------------------------------------------------------------------
    async def health(self, _request: web.Request) -> web.StreamResponse:
        """GET /health, for the edge: this region is active and can work."""
        good, why = edge_verdict(self._state, time.monotonic_ns(), self._settings.stale_after_ns)
        return self._answer(200 if good else 503, why)

    async def ready(self, _request: web.Request) -> web.StreamResponse:
        """GET /ready, for the load balancer: the process and its database work, active or not."""
        works = database_works(self._state, time.monotonic_ns(), self._settings.stale_after_ns)
        return self._answer(200 if works else 503, {"database": works})

    async def live(self, _request: web.Request) -> web.StreamResponse:
        """GET /live, for the liveness probe: the process alone. Restarting it would not bring a database back."""
        return self._answer(200, {"live": True})

    # -- the process ---------------------------------------------------------------------------------------------
    def application(self) -> web.Application:
        """The HTTP application."""
        app = web.Application(client_max_size=MAX_BODY_BYTES)
        app.router.add_get("/items/{id}", self.get_item)
        app.router.add_put("/items/{id}", self.put_item)
        app.router.add_delete("/items/{id}", self.delete_item)
        app.router.add_get("/health", self.health)
        app.router.add_get("/ready", self.ready)
        app.router.add_get("/live", self.live)
        return app

    def close(self) -> None:
        """Give up the threads and connections."""
        for threads in (self._call_threads, self._beat_threads):
            threads.shutdown(wait=False, cancel_futures=True)
        self._items.close()
        self._beats.close()


async def run(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    storefront = Storefront(settings)
    runner = web.AppRunner(storefront.application(), access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    beats = asyncio.create_task(storefront.beat_for_ever())
    beats.add_done_callback(lambda _task: stop.set())  # a storefront that cannot beat must not linger
    try:
        await web.TCPSite(runner, settings.bind, settings.port).start()
        say("serving", region=settings.region, address=list(runner.addresses[0]), instance=settings.instance)
        await stop.wait()
    finally:
        if not beats.cancel():
            beats.result()
        await runner.cleanup()
        storefront.close()
