"""Global tables as a process: in each region a node that answers calls of its API, and one that other regions dial.

Admin: GET /status, GET /lines; POST /connect (see config.Connected), POST /reset.
"""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import Mapping
from contextlib import AsyncExitStack
from typing import Any

from aiohttp import web

from harness.clock import monotonic_ns
from harness.errors import InputError, WorldError
from harness.history.log import EventLog
from harness.kit.address import ANY_ADDRESS, Address
from harness.kit.admin import answer_json, read_json, serve_admin, serve_application
from harness.kit.config import parsed
from harness.kit.process import Ready, cancelled, run_until_signal, stop_or_failure
from harness.names import GLOBAL_TABLES
from harness.parts.data.global_tables.calling import TYPE, Peers, Server, new_session
from harness.parts.data.global_tables.config import Connected, GlobalTablesConfig, path_name
from harness.parts.data.global_tables.following import Following
from harness.parts.data.global_tables.group import Group
from harness.parts.data.global_tables.lag import LagLaw
from harness.parts.data.global_tables.majority import Majority
from harness.parts.data.global_tables.replicating import Replicating
from harness.parts.data.global_tables.strong import Strong
from harness.parts.data.global_tables.tables import Tables, refusal
from harness.parts.data.global_tables.tables import parsed as call_body
from harness.parts.data.global_tables.telling import Telling
from harness.units import NS_PER_S

_NAME = GLOBAL_TABLES
_BODY_BYTES_MAX = 1 << 24
_STATE_EVERY_S = 0.25
_CONFLICTS_EVERY = 8
"""Looks, after which conflicts are told of together: there may be hundreds."""


def serve(config: Mapping[str, Any], ready: Ready) -> None:
    """Run until SIGTERM or SIGINT.

    config: the keys of GlobalTablesConfig. ready: {"admin", "api.REGION", "peer.REGION": [host, port]}. Raises
    InputError for a wrong configuration, WorldError when an address cannot be bound.
    """
    settings = parsed(GlobalTablesConfig, config, _NAME)
    run_until_signal(lambda stop: Process(settings).run(ready, stop))


class Process:
    """All nodes. Which calls are answered here is said by `Tables.calls`."""

    def __init__(self, config: GlobalTablesConfig) -> None:
        self._config = config
        self._groups: dict[str, Group] = {}
        self._servers: dict[str, Server] = {}
        self._following: Following | None = None
        self._silent: dict[tuple[str, str], int] = {}

    async def run(self, ready: Ready, stop: asyncio.Event) -> None:
        """Serve in this event loop until `stop` is set."""
        config = self._config
        async with AsyncExitStack() as stack:
            events = stack.enter_context(EventLog(config.events))
            self._session = await stack.enter_async_context(new_session())
            self._telling = Telling(events.append)
            lag = LagLaw(config.lag_median_ns, config.lag_sigma)
            self._replicating = Replicating(lag, config.seed, config.skew_ns, self._groups, self._telling)
            self._tables = Tables(self._groups, config.regions, config.witness, self._replicating)
            self._majority = Majority(config.regions, config.witness, self._heard)
            self._strong = Strong(self._groups, self._majority)
            self._connected = asyncio.Event()
            listening: dict[str, Address] = {}
            for region in config.nodes:
                for what, application in (("api", self._api(region)), ("peer", self._peer(region))):
                    name = f"{_NAME} {region}"
                    listening[f"{what}.{region}"] = await serve_application(stack, name, application, ANY_ADDRESS)
            listening["admin"] = await serve_admin(stack, _NAME, self._admin(), ANY_ADDRESS)
            work = asyncio.create_task(self._work())
            stack.push_async_callback(cancelled, work)
            ready({name: list(address) for name, address in listening.items()})
            await stop_or_failure(stop, work)

    async def _work(self) -> None:
        await self._connected.wait()
        assert self._following is not None
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._following.run())
            tasks.create_task(self._tell_for_ever())
            if self._config.consistency == "strong":
                tasks.create_task(self._majority.run())

    def _heard(self, path: tuple[str, str], why: str) -> None:
        """Whether another region answered lately, of strong consistency."""
        if why:
            self._telling.failed(path, why)
            self._silent.setdefault(path, monotonic_ns())
        else:
            self._telling.answered(path)
            self._silent.pop(path, None)

    def _waiting(self) -> dict[tuple[str, str], tuple[int, int]]:
        return {path: (0, since_ns) for path, since_ns in self._silent.items()} | self._replicating.waiting()

    async def _tell_for_ever(self) -> None:
        published_s = asyncio.get_running_loop().time()
        for look in itertools.count():
            await asyncio.sleep(_STATE_EVERY_S)
            if look % _CONFLICTS_EVERY == 0:
                self._telling.conflicts()
            self._telling.state(self._waiting(), self._paths())
            now_s = asyncio.get_running_loop().time()
            if now_s - published_s >= self._config.metric_period_ns / NS_PER_S:
                published_s = now_s
                await self._telling.publish(self._servers)

    def _paths(self) -> tuple[tuple[str, str], ...]:
        active = {region for group in self._groups.values() for region in group.active}
        active |= {group.witness for group in self._groups.values() if group.witness is not None}
        ordered = [region for region in self._config.nodes if region in active]
        return tuple((one, other) for one in ordered for other in ordered if one != other)

    # -- a region's API -------------------------------------------------------------------------------------------
    def _api(self, region: str) -> web.Application:
        async def answer(request: web.Request) -> web.Response:
            operation = request.headers.get("X-Amz-Target", "").partition(".")[2]
            body = call_body(await request.read())
            try:
                if operation in self._tables.calls:
                    return _response(await self._tables.calls[operation](region, body))
                if operation in self._strong.calls:
                    return _response(await self._strong.calls[operation](region, operation, body))
                return _response(refusal("UnknownOperationException", operation))
            except WorldError as error:
                return _response(refusal("InternalServerError", str(error), 500))

        return _application(web.route("*", "/{path:.*}", answer))

    # -- what other regions dial ----------------------------------------------------------------------------------
    def _peer(self, region: str) -> web.Application:
        async def replicate(request: web.Request) -> web.Response:
            return answer_json({"done": await self._replicating.arrived(await request.json())})

        async def call(request: web.Request) -> web.Response:
            body = await request.json()
            reply = await self._servers[region].call(body["operation"], body["body"])
            return answer_json({"status": reply.status, "body": reply.body})

        async def told(request: web.Request) -> web.Response:
            return answer_json(self._majority.told(region, await request.json()))

        async def page(request: web.Request) -> web.Response:
            return answer_json(self._majority.page(region, await request.json()))

        async def images(request: web.Request) -> web.Response:
            return answer_json(self._majority.images(region, await request.json()))

        async def health(_: web.Request) -> web.Response:
            return answer_json({"region": region})

        return _application(
            web.post("/replicate", replicate), web.post("/call", call), web.post("/member", told),
            web.post("/log", page), web.post("/images", images), web.get("/", health),
        )  # fmt: skip

    # -- the world ------------------------------------------------------------------------------------------------
    def _admin(self) -> list[web.RouteDef]:
        async def connect(request: web.Request) -> web.Response:
            told = parsed(Connected, await read_json(request), "connected")
            if self._following is not None:
                raise InputError("the links are up already")
            peers = Peers(self._session, told.peers)
            self._servers.update(
                {region: Server(self._session, region, address) for region, address in told.servers.items()}
            )
            self._replicating.connect(self._servers, peers)
            self._tables.connect(self._servers, peers)
            self._majority.connect(self._servers, peers)
            self._strong.connect(self._servers)
            self._following = Following(told.changes, self._replicating.changed, self._replicating.follows)
            self._connected.set()
            return answer_json({})

        async def reset(_: web.Request) -> web.Response:
            await self._tables.reset()
            await self._replicating.reset()
            await self._majority.reset()
            self._strong.reset()
            self._silent.clear()
            if self._following is not None:
                self._following.skip()
            return answer_json({})

        async def status(_: web.Request) -> web.Response:
            waiting = {path_name(*path): count for path, (count, _) in self._replicating.waiting().items()}
            groups = {
                table: {region: str(one.status) for region, one in group.replicas.items()}
                for table, group in self._groups.items()
            }
            return answer_json({"waiting": waiting, "tables": groups, "conflicts": self._telling.losers})

        async def lines(_: web.Request) -> web.Response:
            return answer_json(self._lines())

        return [
            web.post("/connect", connect), web.post("/reset", reset), web.get("/status", status),
            web.get("/lines", lines),
        ]  # fmt: skip

    def _lines(self) -> list[dict[str, str]]:
        waiting = self._replicating.waiting()
        return [
            {
                "what": f"global tables {one}", "where": other,
                "about": f"{waiting.get((one, other), (0, 0))[0]} changes wait",
            }
            for one, other in self._paths()
        ]  # fmt: skip


def _application(*routes: web.RouteDef) -> web.Application:
    app = web.Application(client_max_size=_BODY_BYTES_MAX)
    app.add_routes(routes)
    return app


def _response(reply: Any) -> web.Response:
    return web.Response(status=reply.status, body=json.dumps(reply.body).encode(), headers={"Content-Type": TYPE})
