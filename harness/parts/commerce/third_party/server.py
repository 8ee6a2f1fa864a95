"""A third party as a process: its API over HTTP, at an address for each place that calls it.

POST /v1/records/KEY with `Idempotency-Key` and a JSON object stores it; GET /v1/records/KEY reads it back. Admin:
GET /status; POST /reset; POST /troubles {"name", "kind", "amount"} and POST /troubles/NAME/end.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import AsyncExitStack
from typing import Any, get_args

from aiohttp import web

from harness.clock import monotonic_ns
from harness.errors import InputError
from harness.history.log import EventLog
from harness.history.parties import PartyCall
from harness.kit.admin import answer_json, read_json, serve_admin, serve_http
from harness.kit.process import Ready, run_until_signal
from harness.kit.strict_json import strict_json
from harness.parts.commerce.third_party import model
from harness.parts.commerce.third_party.config import ThirdPartyConfig
from harness.storable_text import storable

RECORDS = "/v1/records/"
WELL = "/well"
IDEMPOTENCY = "Idempotency-Key"
_BODY_BYTES_MAX = 1 << 20
_KEY_MAX = 255
_SHUTDOWN_S = 0.5
_GARBAGE = b"<!doctype html><title>200 OK</title>"


def serve(config: Mapping[str, Any], ready: Ready) -> None:
    """Run until SIGTERM or SIGINT.

    config: the keys of ThirdPartyConfig. ready: {"admin": [host, port], "places": {place: [host, port]}}. Raises
    InputError for a wrong configuration, WorldError when an address cannot be bound.
    """
    settings = ThirdPartyConfig.parse(config)
    run_until_signal(lambda stop: run(settings, ready, stop))


async def run(config: ThirdPartyConfig, ready: Ready, stop: asyncio.Event) -> None:
    """Serve in this event loop until `stop` is set."""
    async with AsyncExitStack() as stack:
        events = stack.enter_context(EventLog(config.events)) if config.events else None
        party = Party(config, events)
        admin = await serve_admin(stack, config.system, _admin(party), config.admin)
        places = {}
        for place, address in config.places.items():
            # A handler that never answers is cancelled when its client gives up.
            runner = web.AppRunner(
                party.application(place), access_log=None, handle_signals=False, shutdown_timeout=_SHUTDOWN_S,
                handler_cancellation=True, auto_decompress=False,
            )  # fmt: skip
            places[place] = list(await serve_http(stack, config.system, runner, address))
        ready({"admin": list(admin), "places": places})
        await stop.wait()


class Party:
    """The machine, and what it is asked over HTTP. events: where it writes what it was told; None: nowhere."""

    def __init__(self, config: ThirdPartyConfig, events: EventLog | None) -> None:
        self.system = config.system
        self._events = events
        self.state = model.State(config.seed)

    def happened(self, event: model.Event) -> model.Answer | None:
        """Take an event in; the answer, where there is one."""
        self.state, effects = model.step(self.state, event, monotonic_ns())
        return effects[0] if effects else None

    def application(self, place: str) -> web.Application:
        """A new aiohttp application that serves the API to callers of a place."""
        app = web.Application(client_max_size=_BODY_BYTES_MAX)

        async def told(request: web.Request) -> web.StreamResponse:
            return await self._told(request, place)

        app.router.add_route("GET", WELL, self._looked)
        app.router.add_route("POST", RECORDS + "{key:.+}", told)
        app.router.add_route("GET", RECORDS + "{key:.+}", self._asked)
        return app

    async def _told(self, request: web.Request, place: str) -> web.StreamResponse:
        mono_ns = monotonic_ns()
        key, idempotency = request.match_info["key"], request.headers.get(IDEMPOTENCY, "")
        refused, body = await _read(request, key, idempotency)
        answer = refused or self.happened(model.Told(key, idempotency, body)) or model.Answer(500)
        if self._events is not None:
            v, status = model.version_told(body), None if answer.silent else answer.status
            call = PartyCall(
                self.system, storable(key), storable(idempotency), storable(v), status, answer.stored, mono_ns,
                monotonic_ns(), place, answer.repeated,
            )  # fmt: skip
            self._events.append(call)
        return await _response(answer)

    async def _asked(self, request: web.Request) -> web.StreamResponse:
        return await _response(self.happened(model.Asked(request.match_info["key"])) or model.Answer(500))

    async def _looked(self, request: web.Request) -> web.StreamResponse:
        """What the canary asks: it is cut off where something is wrong."""
        answer = self.happened(model.Looked()) or model.Answer(500)
        if answer.cut and request.transport is not None:
            request.transport.abort()
        return await _response(answer)


async def _read(
    request: web.Request, key: str, idempotency: str
) -> tuple[model.Answer | None, Mapping[str, Any] | None]:
    """What is wrong with a call before anybody looks at it, or its body."""
    if request.content_type != "application/json":
        return model.Answer(415, {"error": "Content-Type must be application/json"}), None
    if len(key) > _KEY_MAX or len(idempotency) > _KEY_MAX:
        return model.Answer(400, {"error": f"keys have at most {_KEY_MAX} characters"}), None
    try:
        found = strict_json(await request.read())
    except web.HTTPRequestEntityTooLarge:
        return model.Answer(413, {"error": f"at most {_BODY_BYTES_MAX} bytes"}), None
    except ValueError:
        return None, None
    return None, found if isinstance(found, dict) else None


async def _response(answer: model.Answer) -> web.StreamResponse:
    if answer.silent:
        await asyncio.Event().wait()  # the handler is cancelled when the client gives up, or the server ends
    if answer.garbage:
        return web.Response(body=_GARBAGE, status=answer.status, content_type="text/html")
    headers = {} if answer.retry_after_s is None else {"Retry-After": str(answer.retry_after_s)}
    return web.json_response(dict(answer.body), status=answer.status, headers=headers)


def _admin(party: Party) -> list[web.RouteDef]:
    async def status(_: web.Request) -> web.Response:
        return answer_json(describe(party.state))

    async def lines(_: web.Request) -> web.Response:
        found = describe(party.state)
        troubles = ", ".join(found["troubles"].values()) or "well"
        return answer_json(
            [{"what": f"{party.system} holds", "where": f"{found['records']} records", "about": troubles}]
        )

    async def reset(_: web.Request) -> web.Response:
        party.happened(model.Reset())
        return answer_json(describe(party.state))

    async def trouble(request: web.Request) -> web.Response:
        party.happened(_trouble(await read_json(request)))
        return answer_json(describe(party.state))

    async def relief(request: web.Request) -> web.Response:
        party.happened(model.Relief(request.match_info["name"]))
        return answer_json(describe(party.state))

    return [
        web.get("/status", status), web.get("/lines", lines), web.post("/reset", reset),
        web.post("/troubles", trouble), web.post("/troubles/{name}/end", relief),
    ]  # fmt: skip


def _trouble(body: Any) -> model.Trouble:
    known: tuple[model.TroubleKind, ...] = get_args(model.TroubleKind)
    said = body if isinstance(body, dict) else {}
    kind = next((one for one in known if one == said.get("kind")), None)
    name, amount = said.get("name"), said.get("amount", 1.0)
    if kind is None or not isinstance(name, str) or not name:
        raise InputError(f"a trouble has a name, and a kind, one of: {', '.join(known)}")
    if not isinstance(amount, int | float) or isinstance(amount, bool) or amount < 0:
        raise InputError("amount must be a number from 0 on")
    return model.Trouble(name, kind, float(amount))


def describe(state: model.State) -> dict[str, Any]:
    """What GET /status says."""
    return {
        "records": sum(map(len, state.records.values())),
        "keys": len(state.records),
        "calls": state.calls,
        "troubles": {name: trouble.kind for name, trouble in state.troubles.items()},
    }
