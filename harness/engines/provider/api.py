"""An API over HTTP: one handler for every call, bodies as they come, and no answer where none is due."""

from __future__ import annotations

import asyncio
from typing import Any

from aiohttp import web

from harness.kit.admin import Handler
from harness.kit.strict_json import strict_json

BODY_BYTES_MAX = 1 << 20


def application(answer: Handler) -> web.Application:
    """A new aiohttp application in which one handler answers every call."""
    app = web.Application(client_max_size=BODY_BYTES_MAX)
    app.router.add_route("*", "/{path:.*}", answer)
    return app


async def body_of(request: web.Request) -> bytes | None:
    """The body; None for one that is too large."""
    try:
        return await request.read()
    except web.HTTPRequestEntityTooLarge:
        return None


async def json_of(request: web.Request) -> tuple[Any, bool]:
    """What the body's JSON says, None without a body; and whether it is broken: no JSON, or too large."""
    data = await body_of(request)
    if not data:
        return None, data is None
    try:
        return strict_json(data), False
    except ValueError:
        return None, True


async def never() -> None:
    """Give no answer: the handler is cancelled when the client gives up, or the server ends."""
    await asyncio.Event().wait()


def cut_off(request: web.Request) -> None:
    """Close the connection: whoever asks finds nobody."""
    if request.transport is not None:
        request.transport.abort()
