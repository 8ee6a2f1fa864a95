"""The storefront as a process: HTTP in front, DynamoDB behind. Which database serves a request is said by following.py.

The event loop answers health checks from memory. Every database has connections and threads of its own (endpoint.py).
"""

from __future__ import annotations

import asyncio
import json
import secrets
import signal
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from aiohttp import web

from reference.dynamo import CallFailed
from reference.log import say
from reference.settings import Settings
from reference.storefront import items, permission
from reference.storefront.beside import Beside, Nothing
from reference.storefront.endpoint import Endpoint, TooManyCalls
from reference.storefront.everywhere import Everywhere
from reference.storefront.following import Following, Happened, Held
from reference.storefront.permission import Fenced, Hurried, LeaseGained, WriteEnded, WriteStarted
from reference.storefront.serving import Serving

MAX_BODY_BYTES = 256 * 1024
MAX_WAITING = 256
"""Writes that wait for a handover to end; one more is refused at once."""
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Arguments = Callable[[Settings, int], Mapping[str, Any]]
"""What a write says to the database of a region, under an epoch."""


class Storefront:
    """One instance. All state changes happen on the event loop. beside: what else the process serves."""

    def __init__(self, settings: Settings, beside: Beside | None = None) -> None:
        self._settings = settings
        self._beside = beside or Nothing()
        how = Everywhere if settings.writes_everywhere else Following
        self._following = how(settings.stale_after_ns, settings.read_lag_ns, settings.takeover_ns)
        regions = (settings.region, settings.other_region) if settings.follows_active else (settings.region,)
        boots = {region: secrets.token_hex(4) for region in regions}
        self._state = self._following.start(settings.instance, settings.lease, boots)
        self._endpoints = {region: self._endpoint(region) for region in regions}
        self._gained = asyncio.Event()  # replaced with each lease that is gained
        self._waiting = 0
        self._serving = Serving(settings, lambda: self._verdict()[0]) if settings.serving_metric else None

    def _endpoint(self, region: str) -> Endpoint:
        settings = replace(self._settings, region=region)
        return Endpoint(settings, partial(self._happened, region), lambda: self._state.regions[region])

    # -- the state -----------------------------------------------------------------------------------------------
    def _happened(self, region: str, event: permission.Event) -> None:
        self._state, effects = self._following.step(self._state, Happened(region, event), time.monotonic_ns())
        for effect in effects:
            match effect.what:
                case LeaseGained(epoch=epoch):
                    say("lease gained", region=region, epoch=epoch)
                    self._gained.set()
                    self._gained = asyncio.Event()
                    self._beside.lease_gained()
                case Fenced(epoch=epoch):
                    say("fenced", region=region, epoch=epoch)
                    self._endpoints[region].wake()  # acknowledge at once
                case Hurried():
                    self._endpoints[region].wake()

    def _held(self) -> Held | None:
        return self._following.holds(self._state, time.monotonic_ns())

    async def _held_or_awaited(self) -> Held | None:
        """The lease; in a handover, the next one, if it comes soon."""
        held, patience_s = self._held(), self._settings.handover_patience_s
        over = held is not None or not patience_s or self._waiting >= MAX_WAITING
        if over or not self._following.handing_over(self._state, time.monotonic_ns()):
            return held
        self._waiting += 1
        try:
            async with asyncio.timeout(patience_s):
                await self._gained.wait()
        except TimeoutError:
            return None
        finally:
            self._waiting -= 1
        return self._held()

    # -- items ---------------------------------------------------------------------------------------------------
    async def get_item(self, request: web.Request) -> web.StreamResponse:
        """GET /items/{id}: served without a lease, too; then the answer may lag, to a bound."""
        region, refusal = self._following.reads_from(self._state, time.monotonic_ns())
        if region is None:
            return self._answer(503, {"error": refusal})
        endpoint = self._endpoints[region]
        try:
            reply = await endpoint.call("get_item", items.get_arguments(endpoint.settings, request.match_info["id"]))
        except CallFailed as failure:
            return self._answer(502, {"error": failure.code}, region)
        except TooManyCalls:
            return self._answer(503, {"error": "too many calls under way"}, region)
        value = items.value_of(self._settings, reply)
        if value is None:
            return self._answer(404, {"error": "no such item"}, region)
        return self._answer(200, {"value": value}, region)

    async def put_item(self, request: web.Request) -> web.StreamResponse:
        """PUT /items/{id} with {"value": text}."""
        try:
            value = json.loads(await request.read())["value"]
        except (ValueError, KeyError, TypeError):
            return self._answer(400, {"error": 'the body must be {"value": ...}'})
        if not isinstance(value, str):
            return self._answer(400, {"error": "the value must be a string"})
        item_id = request.match_info["id"]
        written_ms = self._written_ms()
        return await self._write(
            lambda settings, epoch: items.put_arguments(settings, item_id, value, epoch, written_ms)
        )

    async def delete_item(self, request: web.Request) -> web.StreamResponse:
        """DELETE /items/{id}: succeeds whether or not the item exists."""
        item_id = request.match_info["id"]
        now_s, written_ms = time.time(), self._written_ms()
        return await self._write(
            lambda settings, epoch: items.delete_arguments(settings, item_id, epoch, now_s, written_ms)
        )

    def _written_ms(self) -> int | None:
        """What a write says of its time: only where no lease orders the writes."""
        return time.time_ns() // 1_000_000 if self._settings.writes_everywhere else None

    async def _write(self, arguments: Arguments) -> web.StreamResponse:
        held = await self._held_or_awaited()
        if held is None:
            return self._answer(503, {"error": "this region is not active"})
        region, epoch = held.region, held.epoch
        if self._following.silent(self._state, held, time.monotonic_ns()):
            return self._answer(503, {"error": "the active database has not answered lately"}, region, epoch)
        endpoint = self._endpoints[region]
        self._happened(region, WriteStarted(epoch))
        try:
            await endpoint.call("update_item", arguments(endpoint.settings, epoch))
        except CallFailed as failure:
            if failure.condition_failed:
                return self._answer(503, {"error": "a later epoch has written this item"}, region)
            return self._answer(502, {"error": failure.code}, region, epoch)
        except TooManyCalls:
            return self._answer(503, {"error": "too many calls under way"}, region)
        finally:
            self._happened(region, WriteEnded(epoch))
            if self._state.regions[region].fenced >= epoch:
                endpoint.wake()  # the last one out lets the fence be acknowledged
        if not self._following.acknowledges(self._state, held, time.monotonic_ns()):
            # It is in the table, but perhaps after another region took over: nobody may call that acknowledged.
            return self._answer(504, {"error": "the lease ended while the write was under way"}, region, epoch)
        return self._answer(200, {"ok": True}, region, epoch)

    def _answer(
        self, status: int, body: Mapping[str, object], region: str | None = None, epoch: int | None = None
    ) -> web.Response:
        """region: whose database has served it; None: the near one."""
        region = region or self._settings.region
        headers = {
            "X-Region": region,
            "X-Epoch": str(self._state.regions[region].epoch if epoch is None else epoch),
            "Content-Type": "application/json",
        }
        return web.Response(status=status, body=json.dumps(body).encode(), headers=headers)

    # -- health --------------------------------------------------------------------------------------------------
    async def health(self, _request: web.Request) -> web.StreamResponse:
        """GET /health, for the edge: clients are served here, or would be served no better elsewhere."""
        good, why = self._verdict()
        return self._answer(200 if good else 503, why)

    def _verdict(self) -> tuple[bool, Mapping[str, object]]:
        good, why = self._following.edge_verdict(self._state, time.monotonic_ns())
        if good:
            good, more = self._beside.edge_verdict()
            why = {**why, **more}
        return good, why

    async def ready(self, _request: web.Request) -> web.StreamResponse:
        """GET /ready, for the load balancer: the process and a database work, active or not."""
        works = self._following.ready(self._state, time.monotonic_ns())
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
        self._beside.add_to(app)
        return app

    async def beat_for_ever(self) -> None:
        """Beat in every region, and do what is done beside it. Raises whatever broke one of them."""
        async with asyncio.TaskGroup() as group:
            for endpoint in self._endpoints.values():
                group.create_task(endpoint.beat_for_ever())
            group.create_task(self._beside.work_for_ever())
            if self._serving is not None:
                group.create_task(self._serving.tell_for_ever())

    def close(self) -> None:
        """Give up the threads and connections."""
        for endpoint in self._endpoints.values():
            endpoint.close()
        if self._serving is not None:
            self._serving.close()
        self._beside.close()


async def run(settings: Settings, beside: Beside | None = None) -> None:
    """Serve until SIGTERM or SIGINT. beside: what else the process serves."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    storefront = Storefront(settings, beside)
    # A body is what was sent, and signed: a compressed one is no JSON.
    runner = web.AppRunner(storefront.application(), access_log=None, shutdown_timeout=1.0, auto_decompress=False)
    await runner.setup()
    beats = asyncio.create_task(storefront.beat_for_ever())
    beats.add_done_callback(lambda _task: stop.set())  # a storefront that cannot beat must not linger
    try:
        await web.TCPSite(runner, settings.bind, settings.port).start()
        say(
            "serving", region=settings.region, address=list(runner.addresses[0]), instance=settings.instance,
            database="active" if settings.follows_active else "local",
        )  # fmt: skip
        await stop.wait()
    finally:
        if not beats.cancel():
            beats.result()
        await runner.cleanup()
        storefront.close()
