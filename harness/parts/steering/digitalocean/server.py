"""DigitalOcean as a process: its API over HTTP, and authoritative name servers for the account's domains.

Admin: GET /status; POST /freeze, /thaw, /reset; POST /troubles {"name", "kind"} and POST /troubles/NAME/end.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Mapping
from contextlib import AsyncExitStack
from typing import Any, get_args

from aiohttp import web

from harness.engines.dns.server import DnsServer, Responder
from harness.engines.testimony import hear
from harness.errors import InputError
from harness.history.events import DnsAnswer, Happening, HealthTransition
from harness.history.log import EventLog
from harness.kit.admin import answer_json, read_json, serve_admin, serve_http
from harness.kit.process import Ready, binding, cancelled, run_until_signal
from harness.kit.strict_json import strict_json
from harness.parts.steering.digitalocean import model
from harness.parts.steering.digitalocean.config import DigitalOceanConfig
from harness.parts.steering.digitalocean.plane import Plane
from harness.parts.steering.digitalocean.values import Reply, Request

log = logging.getLogger(__name__)
_NAME = "digitalocean"
_BODY_BYTES_MAX = 1 << 20
_SHUTDOWN_S = 0.5
_BEARER = "bearer "
ALIVE = "/"
NAMES = "/names/"
"""Paths that need no token, for canaries: nobody answers there while the API is in trouble, or the name is unknown."""


def serve(config: Mapping[str, Any], ready: Ready) -> None:
    """Run until SIGTERM or SIGINT.

    config: the keys of DigitalOceanConfig. ready: {"api", "dns", "admin": [host, port]}. Raises InputError for a wrong
    configuration, WorldError when an address cannot be bound.
    """
    settings = DigitalOceanConfig.parse(config)
    run_until_signal(lambda stop: run(settings, ready, stop))


async def run(config: DigitalOceanConfig, ready: Ready, stop: asyncio.Event) -> None:
    """Serve in this event loop until `stop` is set."""
    async with AsyncExitStack() as stack:
        events = stack.enter_context(EventLog(config.events)) if config.events else None

        def record(event: DnsAnswer | HealthTransition | Happening) -> None:
            if events is not None:
                events.append(event)

        plane = Plane(config, record)
        server = DnsServer(Responder(plane))
        stack.push_async_callback(server.close)
        with binding(_NAME, config.dns):
            dns = await server.start(*config.dns)
        # A handler that never answers is cancelled when its client gives up.
        runner = web.AppRunner(
            Api(plane).application(), access_log=None, handle_signals=False, shutdown_timeout=_SHUTDOWN_S,
            handler_cancellation=True, auto_decompress=False,
        )  # fmt: skip
        api = await serve_http(stack, _NAME, runner, config.api)
        admin = await serve_admin(stack, _NAME, _admin(plane), config.admin)
        if config.testimony is not None:
            listening = asyncio.create_task(hear(config.testimony, config.places, record))
            stack.push_async_callback(cancelled, listening)
        ready({"api": list(api), "dns": list(dns), "admin": list(admin)})
        await stop.wait()


class Api:
    """The API over HTTP: requests become events of the machine, and its replies answers."""

    def __init__(self, plane: Plane) -> None:
        self._plane = plane

    def application(self) -> web.Application:
        """A new aiohttp application that serves it."""
        app = web.Application(client_max_size=_BODY_BYTES_MAX)
        app.router.add_route("*", "/{path:.*}", self._answer)
        return app

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        if request.path == ALIVE or request.path.startswith(NAMES):
            return self._watched(request)
        try:
            body, broken = _parsed(await request.read())
        except web.HTTPRequestEntityTooLarge:
            body, broken = None, True
        reply = self._plane.call(
            Request(request.method, request.path, dict(request.query), body, _token(request), broken)
        )
        if reply.lost:
            await _silence()
        return _response(reply)

    def _watched(self, request: web.Request) -> web.Response:
        """What canaries ask: whether the API is itself, whether a name is answered. They are cut off where not."""
        state = self._plane.state
        name = request.path.removeprefix(NAMES)
        well = not state.troubles if request.path == ALIVE else bool(self._plane.provider.possible(state, name)[0])
        if not well and request.transport is not None:
            request.transport.abort()
        return answer_json({"well": well})


def _parsed(data: bytes) -> tuple[Any, bool]:
    if not data:
        return None, False
    try:
        return strict_json(data), False
    except ValueError:
        return None, True


def _token(request: web.Request) -> str | None:
    given = request.headers.get("Authorization", "")
    return given[len(_BEARER) :].strip() if given.lower().startswith(_BEARER) else None


async def _silence() -> None:
    """Never answer: the handler is cancelled when the client gives up, or the server ends."""
    await asyncio.Event().wait()


def _response(reply: Reply) -> web.Response:
    headers = dict(reply.headers)
    if reply.text is not None:
        return web.Response(body=reply.text.encode(), status=reply.status, headers=headers)
    if reply.body is None:
        return web.Response(status=reply.status, headers=headers)
    headers["Content-Type"] = "application/json; charset=utf-8"
    return web.Response(body=json.dumps(reply.body).encode(), status=reply.status, headers=headers)


def _admin(plane: Plane) -> list[web.RouteDef]:
    async def status(_: web.Request) -> web.Response:
        return answer_json(describe(plane))

    async def lines(_: web.Request) -> web.Response:
        return answer_json(plane.lines())

    async def freeze(request: web.Request) -> web.Response:
        plane.happened(model.Freeze(_text(await read_json(request), "name")))
        return answer_json(describe(plane))

    async def thaw(_: web.Request) -> web.Response:
        plane.happened(model.Thaw())
        return answer_json(describe(plane))

    async def reset(_: web.Request) -> web.Response:
        plane.happened(model.Reset())
        return answer_json(describe(plane))

    async def trouble(request: web.Request) -> web.Response:
        body = await read_json(request)
        known: tuple[model.TroubleKind, ...] = get_args(model.TroubleKind)
        kind = next((one for one in known if one == _text(body, "kind")), None)
        if kind is None:
            raise InputError(f"kind must be one of: {', '.join(known)}")
        plane.happened(model.Trouble(_text(body, "name"), kind))
        return answer_json(describe(plane))

    async def relief(request: web.Request) -> web.Response:
        plane.happened(model.Relief(request.match_info["name"]))
        return answer_json(describe(plane))

    return [
        web.get("/status", status),
        web.get("/lines", lines),
        web.post("/freeze", freeze),
        web.post("/thaw", thaw),
        web.post("/reset", reset),
        web.post("/troubles", trouble),
        web.post("/troubles/{name}/end", relief),
    ]


def _text(body: Any, key: str) -> str:
    value = body.get(key) if isinstance(body, dict) else None
    if not isinstance(value, str) or not value:
        raise InputError(f"the body must be JSON with a text as {key!r}")
    return value


def describe(plane: Plane) -> dict[str, Any]:
    """What GET /status says."""
    state = plane.state
    answers = {}
    for name in plane.provider.watch:
        addresses, ttl_s = plane.provider.possible(state, name)
        answers[name] = {"addresses": addresses, "ttl_s": ttl_s}
    return {
        "answers": answers,
        "generation": state.generation,
        "frozen": sorted(state.frozen),
        "troubles": dict(state.troubles),
        "load_balancers": [dict(thing.body) for thing in state.account.balancers.values()],
    }
