"""Akamai GTM as a process: its signed API over HTTP, liveness testing agents, and authoritative name servers.

Admin: GET /status, /lines, /sight; POST /freeze, /thaw, /reset, /activate (every change is complete), /address-book
{server: [host, port]} (where agents dial for it), /drill/lose-api {"mode"}, /drill/restore-api, /drill/blind {"mode"},
/drill/unblind.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from typing import Any, get_args

from aiohttp import web

from harness.clock import monotonic_ns
from harness.engines.dns.server import DnsServer, Responder
from harness.engines.health_checks.checking import Blindness
from harness.errors import InputError
from harness.history.events import DnsAnswer, Happening, HealthTransition
from harness.history.log import EventLog
from harness.kit.address import Address
from harness.kit.admin import Handler, answer_json, read_json, serve_admin, serve_http
from harness.kit.config import Strict, parsed
from harness.kit.process import Ready, binding, run_until_signal
from harness.parts.steering.akamai import model, summary
from harness.parts.steering.akamai.calls import BODY_BYTES_MAX
from harness.parts.steering.akamai.config import AkamaiConfig
from harness.parts.steering.akamai.plane import Plane
from harness.parts.steering.akamai.values import Reply, Request

log = logging.getLogger(__name__)
_NAME = "akamai"
_SHUTDOWN_S = 0.5


class AddressBookBody(Strict):
    """The body of `POST /address-book`."""

    addresses: dict[str, Address]


def serve(config: Mapping[str, Any], ready: Ready) -> None:
    """Run until SIGTERM or SIGINT.

    config: the keys of AkamaiConfig. ready: {"api", "dns", "admin": [host, port]}. Raises InputError for a wrong
    configuration, WorldError when an address cannot be bound.
    """
    settings = AkamaiConfig.parse(config)
    run_until_signal(lambda stop: run(settings, ready, stop))


async def run(config: AkamaiConfig, ready: Ready, stop: asyncio.Event) -> None:
    """Serve in this event loop until `stop` is set."""
    async with AsyncExitStack() as stack:
        events = stack.enter_context(EventLog(config.events)) if config.events else None

        def record(event: DnsAnswer | HealthTransition | Happening) -> None:
            if events is not None:
                events.append(event)

        plane = Plane(config, record)
        stack.push_async_callback(plane.close)
        server = DnsServer(Responder(plane))
        stack.push_async_callback(server.close)
        with binding(_NAME, config.dns):
            dns = await server.start(*config.dns)
        # A handler that never answers is cancelled when its client gives up. A body is what was sent, and signed.
        runner = web.AppRunner(
            application(plane), access_log=None, handle_signals=False, shutdown_timeout=_SHUTDOWN_S,
            handler_cancellation=True, auto_decompress=False,
        )  # fmt: skip
        api = await serve_http(stack, _NAME, runner, config.api)
        admin = await serve_admin(stack, _NAME, _admin(plane, {v: k for k, v in config.edges.items()}), config.admin)
        plane.start()
        ready({"api": list(api), "dns": list(dns), "admin": list(admin)})
        await stop.wait()


def application(plane: Plane) -> web.Application:
    """A new aiohttp application that serves the API: requests become events of the machine, and its replies answers."""

    async def answer(request: web.Request) -> web.StreamResponse:
        try:
            body, too_large = await request.read(), False
        except web.HTTPRequestEntityTooLarge:
            body, too_large = b"", True
        reply = plane.call(
            Request(
                request.method,
                request.raw_path,
                {name.lower(): value for name, value in request.headers.items()},
                body,
                request.scheme,
                request.remote or "",
                too_large,
            )
        )
        if reply.silent:
            await asyncio.Event().wait()
        return _response(reply)

    app = web.Application(client_max_size=BODY_BYTES_MAX)
    app.router.add_route("*", "/{path:.*}", answer)
    return app


def _response(reply: Reply) -> web.Response:
    headers = {**reply.headers, "Content-Type": f"{reply.content_type};charset=UTF-8"}
    return web.Response(body=json.dumps(reply.body).encode(), status=reply.status, headers=headers)


def _admin(plane: Plane, places: Mapping[str, str]) -> list[web.RouteDef]:
    async def status(_: web.Request) -> web.Response:
        return answer_json(describe(plane))

    async def lines(_: web.Request) -> web.Response:
        return answer_json(summary.lines(plane.state, plane.fleet.blindness, places, monotonic_ns()))

    async def sight(_: web.Request) -> web.Response:
        return answer_json({"blind": plane.fleet.blindness})

    async def freeze(request: web.Request) -> web.Response:
        plane.happened(model.Freeze(_text(await read_json(request), "name")))
        return answer_json(describe(plane))

    async def reset(_: web.Request) -> web.Response:
        plane.reset()
        return answer_json(describe(plane))

    async def lose_api(request: web.Request) -> web.Response:
        plane.happened(model.LoseApi(_one_of(await read_json(request), "mode", get_args(model.ApiLoss))))
        return answer_json(describe(plane))

    async def blind(request: web.Request) -> web.Response:
        plane.fleet.blind(_one_of(await read_json(request), "mode", get_args(Blindness)))
        return answer_json(describe(plane))

    async def address_book(request: web.Request) -> web.Response:
        found = parsed(AddressBookBody, {"addresses": await read_json(request)}, "address-book")
        plane.address_book.update(found.addresses)
        return answer_json(describe(plane))

    async def unblind(_: web.Request) -> web.Response:
        plane.fleet.blind(None)
        return answer_json(describe(plane))

    def happens(event: Callable[[], model.Event]) -> Handler:
        async def handler(_: web.Request) -> web.Response:
            plane.happened(event())
            return answer_json(describe(plane))

        return handler

    return [
        web.get("/status", status),
        web.get("/lines", lines),
        web.get("/sight", sight),
        web.post("/freeze", freeze),
        web.post("/thaw", happens(model.Thaw)),
        web.post("/reset", reset),
        web.post("/activate", happens(model.Activate)),
        web.post("/address-book", address_book),
        web.post("/drill/lose-api", lose_api),
        web.post("/drill/restore-api", happens(model.RestoreApi)),
        web.post("/drill/blind", blind),
        web.post("/drill/unblind", unblind),
    ]


def _text(body: Any, key: str) -> str:
    value = body.get(key) if isinstance(body, dict) else None
    if not isinstance(value, str) or not value:
        raise InputError(f"the body must be JSON with a text as {key!r}")
    return value


def _one_of(body: Any, key: str, words: tuple[Any, ...]) -> Any:
    value = _text(body, key)
    if value not in words:
        raise InputError(f"{key} must be one of: {', '.join(words)}")
    return value


def describe(plane: Plane) -> dict[str, Any]:
    """What GET /status says."""
    state = plane.state
    answers = {}
    for name in plane.gtm.watch:
        addresses, ttl_s = plane.gtm.possible(state, name)
        answers[name] = {"addresses": addresses, "ttl_s": ttl_s}
    return {
        "answers": answers,
        "generation": state.generation,
        "frozen": sorted(state.frozen),
        "api": state.lost or "answers",
        "blind": plane.fleet.blindness,
        "servers": [
            {
                "property": prop.name,
                "server": server,
                "up": state.liveness.up(prop.name, server),
                "failing": state.liveness.standing_of(prop.name, server).failing,
                "reports": state.liveness.known(prop.name, server),
                "agents": plane.gtm.testing.agents,
                "seen": _seen(plane, prop.name, server),
            }
            for prop in state.now.properties.values()
            for server in prop.servers
        ],
    }


def _seen(plane: Plane, prop: str, server: str) -> list[str]:
    """What agents saw last, in words."""
    return [
        state.last.text
        for check in plane.checks.values()
        if (check.host, check.server) == (prop, server)
        for _, state in plane.fleet.observers(check.id)
        if state.last is not None
    ]
