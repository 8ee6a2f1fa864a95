"""DigitalOcean as a process: its API over HTTP, and authoritative name servers for the account's domains.

Admin: see harness.engines.provider.admin; and POST /troubles {"name", "kind"}, /troubles/NAME/end.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from harness.engines.provider import admin
from harness.engines.provider.api import application, cut_off, json_of, never
from harness.engines.provider.process import serving
from harness.kit.admin import Handler, answer_json, read_json
from harness.kit.config import Strict, Text, parsed
from harness.kit.process import Ready, run_until_signal
from harness.parts.steering.digitalocean import model
from harness.parts.steering.digitalocean.config import DigitalOceanConfig
from harness.parts.steering.digitalocean.plane import Plane
from harness.parts.steering.digitalocean.values import Reply, Request

_BEARER = "bearer "
ALIVE = "/"
NAMES = "/names/"
"""Paths that need no token, for canaries: nobody answers there while the API is in trouble, or the name is unknown."""


class TroubleBody(Strict):
    """The body of `POST /troubles`."""

    name: Text
    kind: model.TroubleKind


def serve(config: Mapping[str, Any], ready: Ready) -> None:
    """Run until SIGTERM or SIGINT.

    config: the keys of DigitalOceanConfig. ready: {"api", "dns", "admin": [host, port]}. Raises InputError for a wrong
    configuration, WorldError when an address cannot be bound.
    """
    settings = DigitalOceanConfig.parse(config)
    run_until_signal(lambda stop: run(settings, ready, stop))


async def run(config: DigitalOceanConfig, ready: Ready, stop: asyncio.Event) -> None:
    """Serve in this event loop until `stop` is set."""
    async with serving(config.called, config.events) as process:
        plane = Plane(config, process.record)
        await process.names(plane, config.dns)
        await process.api(application(answering(plane)), config.api)
        await process.admin(_admin(plane), config.admin)
        process.hear(config.testimony, config.places)
        process.ready(ready)
        await stop.wait()


def answering(plane: Plane) -> Handler:
    """A handler of every call of the API: requests become events of the machine, and its replies answers."""

    async def answer(request: web.Request) -> web.StreamResponse:
        if request.path == ALIVE or request.path.startswith(NAMES):
            return _watched(plane, request)
        body, broken = await json_of(request)
        reply = plane.call(
            Request(request.method, request.path, dict(request.query), body, _token(request), bool(broken))
        )
        if reply.lost:
            await never()
        return _response(reply)

    return answer


def _watched(plane: Plane, request: web.Request) -> web.Response:
    """What canaries ask: whether the API is itself, whether a name is answered. They are cut off where not."""
    name = request.path.removeprefix(NAMES)
    if plane.state.troubles if request.path == ALIVE else not plane.provider.possible(plane.state, name)[0]:
        cut_off(request)
    return answer_json({"well": True})


def _token(request: web.Request) -> str | None:
    given = request.headers.get("Authorization", "")
    return given[len(_BEARER) :].strip() if given.lower().startswith(_BEARER) else None


def _response(reply: Reply) -> web.Response:
    headers = dict(reply.headers)
    if reply.text is not None:
        return web.Response(body=reply.text.encode(), status=reply.status, headers=headers)
    if reply.body is None:
        return web.Response(status=reply.status, headers=headers)
    headers["Content-Type"] = "application/json; charset=utf-8"
    return web.Response(body=json.dumps(reply.body).encode(), status=reply.status, headers=headers)


def _admin(plane: Plane) -> list[web.RouteDef]:
    def told() -> dict[str, Any]:
        return describe(plane)

    async def trouble(request: web.Request) -> web.Response:
        found = parsed(TroubleBody, await read_json(request), "troubles")
        plane.happened(model.Trouble(found.name, found.kind))
        return answer_json(told())

    async def relief(request: web.Request) -> web.Response:
        plane.happened(model.Relief(request.match_info["name"]))
        return answer_json(told())

    return [
        *admin.names(plane, told),
        *admin.account(plane.lines),
        web.post("/troubles", trouble),
        web.post("/troubles/{name}/end", relief),
    ]


def describe(plane: Plane) -> dict[str, Any]:
    """What GET /status says."""
    state = plane.state
    return {
        "answers": admin.answers(plane.provider.watch, lambda name: plane.provider.possible(state, name)),
        "generation": state.generation,
        "frozen": sorted(state.frozen),
        "troubles": dict(state.troubles),
        "load_balancers": [dict(thing.body) for thing in state.account.balancers.values()],
    }
