"""Cloudflare as a process: its API over HTTP, and authoritative name servers for the account's zone.

Admin: see harness.engines.provider.admin; and POST /address-book {"checks", "proxies"}.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from harness.engines.provider.api import application, cut_off, json_of, never
from harness.engines.provider.process import serving
from harness.kit.admin import Handler, answer_json
from harness.kit.process import Ready, run_until_signal
from harness.parts.steering.cloudflare.admin import routes
from harness.parts.steering.cloudflare.config import CloudflareConfig
from harness.parts.steering.cloudflare.edge import Edge
from harness.parts.steering.cloudflare.plane import Plane
from harness.parts.steering.cloudflare.values import Reply, Request

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
    async with serving(config.called, config.events) as process:
        plane = Plane(config, process.record)
        process.closing(plane.fleet.close)
        await process.names(plane, config.dns)
        await process.api(application(answering(plane)), config.api)
        edge = Edge(plane)
        await edge.listen(process.stack, tuple(config.anycast.values()))
        await process.admin(routes(plane, edge), config.admin)
        process.ready(ready)
        await stop.wait()


def answering(plane: Plane) -> Handler:
    """A handler of every call of the API: requests become events of the machine, and its replies answers."""

    async def answer(request: web.Request) -> web.StreamResponse:
        if request.path == ALIVE:
            if plane.state.lost is not None:
                cut_off(request)
            return answer_json({"well": True})
        body, broken = await json_of(request)
        reply = plane.call(
            Request(
                request.method,
                request.path,
                dict(request.query),
                body,
                request.headers.get("Authorization"),
                "X-Auth-Key" in request.headers,
                bool(broken),
                broken == "too large",
                request.headers.get("Content-Type", ""),
            )
        )
        if reply.lost:
            await never()
        return _response(reply)

    return answer


def _response(reply: Reply) -> web.Response:
    headers = {**reply.headers, "Content-Type": "application/json"}
    return web.Response(body=json.dumps(reply.body).encode(), status=reply.status, headers=headers)
