"""Cloudflare as a process: its API over HTTP, and authoritative name servers for the account's zone.

Admin: GET /status, /lines, /sight; POST /freeze {"name"}, /thaw, /reset, /address-book {"addresses"}; POST /outage and
/blind {"mode"}, of which null ends it.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Mapping
from contextlib import AsyncExitStack
from typing import Any

from aiohttp import web

from harness.engines.dns.server import DnsServer, Responder
from harness.history.events import DnsAnswer, Happening, HealthTransition
from harness.history.log import EventLog
from harness.kit.admin import answer_json, serve_admin, serve_http
from harness.kit.process import Ready, binding, run_until_signal
from harness.kit.strict_json import well_formed_json
from harness.parts.steering.cloudflare.admin import routes
from harness.parts.steering.cloudflare.calls import BODY_BYTES_MAX
from harness.parts.steering.cloudflare.config import CloudflareConfig
from harness.parts.steering.cloudflare.edge import Edge
from harness.parts.steering.cloudflare.plane import Plane
from harness.parts.steering.cloudflare.values import Reply, Request

log = logging.getLogger(__name__)
_NAME = "cloudflare"
_SHUTDOWN_S = 0.5
ALIVE = "/drill/alive"
"""A path that needs no token, for the canary: nobody answers there while the API is lost."""


def serve(config: Mapping[str, Any], ready: Ready) -> None:
    """Run until SIGTERM or SIGINT.

    config: the keys of CloudflareConfig. ready: {"api", "dns", "admin": [host, port]}. Raises InputError for a wrong
    configuration, WorldError when an address cannot be bound.
    """
    settings = CloudflareConfig.parse(config)
    run_until_signal(lambda stop: run(settings, ready, stop))


async def run(config: CloudflareConfig, ready: Ready, stop: asyncio.Event) -> None:
    """Serve in this event loop until `stop` is set."""
    async with AsyncExitStack() as stack:
        events = stack.enter_context(EventLog(config.events)) if config.events else None

        def record(event: DnsAnswer | HealthTransition | Happening) -> None:
            if events is not None:
                events.append(event)

        plane = Plane(config, record)
        stack.push_async_callback(plane.fleet.close)
        server = DnsServer(Responder(plane))
        stack.push_async_callback(server.close)
        with binding(_NAME, config.dns):
            dns = await server.start(*config.dns)
        # A handler that never answers is cancelled when its client gives up. A body is what was sent: compressed ones
        # are no JSON.
        runner = web.AppRunner(
            Api(plane).application(), access_log=None, handle_signals=False, shutdown_timeout=_SHUTDOWN_S,
            handler_cancellation=True, auto_decompress=False,
        )  # fmt: skip
        api = await serve_http(stack, _NAME, runner, config.api)
        edge = Edge(plane)
        await edge.listen(stack, tuple(config.anycast.values()))
        admin = await serve_admin(stack, _NAME, routes(plane, edge), config.admin)
        ready({"api": list(api), "dns": list(dns), "admin": list(admin)})
        await stop.wait()


class Api:
    """The API over HTTP: requests become events of the machine, and its replies answers."""

    def __init__(self, plane: Plane) -> None:
        self._plane = plane

    def application(self) -> web.Application:
        """A new aiohttp application that serves it."""
        app = web.Application(client_max_size=BODY_BYTES_MAX)
        app.router.add_route("*", "/{path:.*}", self._answer)
        return app

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        if request.path == ALIVE:
            if self._plane.state.lost is not None and request.transport is not None:
                request.transport.abort()
            return answer_json({"well": True})
        try:
            body, broken, too_large = *_parsed(await request.read()), False
        except web.HTTPRequestEntityTooLarge:
            body, broken, too_large = None, True, True
        reply = self._plane.call(
            Request(
                request.method,
                request.path,
                dict(request.query),
                body,
                request.headers.get("Authorization"),
                "X-Auth-Key" in request.headers,
                broken,
                too_large,
                request.headers.get("Content-Type", ""),
            )
        )
        if reply.lost:
            await asyncio.Event().wait()
        return _response(reply)


def _parsed(data: bytes) -> tuple[Any, bool]:
    if not data:
        return None, False
    try:
        return well_formed_json(data), False
    except ValueError:
        return None, True


def _response(reply: Reply) -> web.Response:
    headers = {**reply.headers, "Content-Type": "application/json"}
    return web.Response(body=json.dumps(reply.body).encode(), status=reply.status, headers=headers)
