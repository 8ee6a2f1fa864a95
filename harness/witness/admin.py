"""The witness's admin interface over HTTP: start, stop, rate, rotate, canaries, calibrate, status."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from aiohttp import web

from harness.errors import InputError
from harness.witness.models import parse_canaries
from harness.witness.witness import Witness

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Admin:
    """Translates requests to calls of a witness. Mistakes of the caller are answered 400 with a text."""

    def __init__(self, witness: Witness) -> None:
        self._witness = witness

    def application(self) -> web.Application:
        """The routes."""
        application = web.Application(middlewares=[_explain])
        application.router.add_post("/start", self._start)
        application.router.add_post("/stop", self._stop)
        application.router.add_post("/rate", self._rate)
        application.router.add_post("/rotate", self._rotate)
        application.router.add_post("/canaries", self._canaries)
        application.router.add_post("/calibrate", self._calibrate)
        application.router.add_get("/status", self._status)
        return application

    async def _status(self, request: web.Request) -> web.Response:
        return web.json_response(self._witness.status())

    async def _start(self, request: web.Request) -> web.Response:
        await self._witness.start()
        return await self._status(request)

    async def _stop(self, request: web.Request) -> web.Response:
        await self._witness.stop()
        return await self._status(request)

    async def _rate(self, request: web.Request) -> web.Response:
        body = await _body(request, scale=(int, float))
        self._witness.set_rate(float(body["scale"]))
        return await self._status(request)

    async def _rotate(self, request: web.Request) -> web.Response:
        body = await _body(request, history=str)
        try:
            await self._witness.rotate(Path(body["history"]))
        except OSError as error:
            raise InputError(f"history: {error}") from error
        return await self._status(request)

    async def _canaries(self, request: web.Request) -> web.Response:
        self._witness.set_canaries(parse_canaries(await _json(request)))
        return await self._status(request)

    async def _calibrate(self, request: web.Request) -> web.Response:
        body = {"seconds": 1.0, "concurrency": 8} | await _json(request)
        _check(body, seconds=(int, float), concurrency=int)
        burst = await self._witness.calibrate(float(body["seconds"]), body["concurrency"])
        return web.json_response(burst.as_json())


@web.middleware
async def _explain(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except InputError as error:
        return web.json_response({"error": str(error)}, status=400)


async def _json(request: web.Request) -> Any:
    text = await request.text()
    try:
        return json.loads(text) if text else {}
    except ValueError as error:
        raise InputError(f"the body is not JSON: {error}") from error


async def _body(request: web.Request, **keys: type | tuple[type, ...]) -> dict[str, Any]:
    body = await _json(request)
    _check(body, **keys)
    return dict(body)


def _check(body: Any, **keys: type | tuple[type, ...]) -> None:
    if not isinstance(body, dict) or body.keys() != keys.keys():
        raise InputError(f"the body must be an object with the keys {', '.join(keys)}")
    for key, kind in keys.items():
        if not isinstance(body[key], kind) or isinstance(body[key], bool):
            raise InputError(f"{key}: {body[key]!r} has the wrong type")
