"""Akamai GTM as a process: its signed API over HTTP, liveness testing agents, and authoritative name servers.

Admin: see harness.engines.provider.admin; and POST /activate (every change is complete), /address-book
{server: [host, port]} (where agents dial for it).
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from harness.clock import monotonic_ns
from harness.engines.provider import admin
from harness.engines.provider.api import application, body_of, never
from harness.engines.provider.process import serving
from harness.kit.address import Address
from harness.kit.admin import Handler, answer_json, read_json
from harness.kit.config import Strict, parsed
from harness.kit.process import Ready, run_until_signal
from harness.parts.steering.akamai import model, summary
from harness.parts.steering.akamai.config import AkamaiConfig
from harness.parts.steering.akamai.plane import Plane
from harness.parts.steering.akamai.values import Reply, Request


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
    async with serving(config.called, config.events) as process:
        plane = Plane(config, process.record)
        process.closing(plane.close)
        await process.names(plane, config.dns)
        await process.api(application(answering(plane)), config.api)
        await process.admin(_admin(plane, {v: k for k, v in config.edges.items()}), config.admin)
        plane.start()
        process.ready(ready)
        await stop.wait()


def answering(plane: Plane) -> Handler:
    """A handler of every call of the API: requests become events of the machine, and its replies answers."""

    async def answer(request: web.Request) -> web.StreamResponse:
        body = await body_of(request)
        reply = plane.call(
            Request(
                request.method,
                request.raw_path,
                {name.lower(): value for name, value in request.headers.items()},
                body or b"",
                request.scheme,
                request.remote or "",
                body is None,
            )
        )
        if reply.silent:
            await never()
        return _response(reply)

    return answer


def _response(reply: Reply) -> web.Response:
    headers = {**reply.headers, "Content-Type": f"{reply.content_type};charset=UTF-8"}
    return web.Response(body=json.dumps(reply.body).encode(), status=reply.status, headers=headers)


def _admin(plane: Plane, places: Mapping[str, str]) -> list[web.RouteDef]:
    def told() -> dict[str, Any]:
        return describe(plane)

    async def address_book(request: web.Request) -> web.Response:
        found = parsed(AddressBookBody, {"addresses": await read_json(request)}, "address-book")
        plane.address_book.update(found.addresses)
        return answer_json(told())

    return [
        *admin.names(plane, told),
        *admin.account(lambda: summary.lines(plane.state, plane.fleet.blindness, places, monotonic_ns())),
        *admin.checks(plane.fleet, plane.fleet.blind),
        *admin.api(plane.lose_api),
        web.post("/activate", admin.then(lambda: plane.happened(model.Activate()), told)),
        web.post("/address-book", address_book),
    ]


def describe(plane: Plane) -> dict[str, Any]:
    """What GET /status says."""
    state = plane.state
    return {
        "answers": admin.answers(plane.gtm.watch, lambda name: plane.gtm.possible(state, name)),
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
