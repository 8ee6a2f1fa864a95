"""An API over HTTP: one handler for every call, bodies as they come, and no answer where none is due."""

from __future__ import annotations

import asyncio
from typing import Any, Literal

from aiohttp import web

from harness.engines.provider.values import BODY_BYTES_MAX
from harness.kit.admin import Handler
from harness.kit.strict_json import well_formed_json

Broken = Literal["", "no JSON", "too large"]
"""What is wrong with a body."""


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


async def json_of(request: web.Request) -> tuple[Any, Broken]:
    """What the body's JSON says, None without a body; and how it is broken."""
    data = await body_of(request)
    if not data:
        return None, "too large" if data is None else ""
    try:
        return well_formed_json(data), ""
    except ValueError:
        return None, "no JSON"


async def never() -> None:
    """Give no answer: the handler is cancelled when the client gives up, or the server ends."""
    await asyncio.Event().wait()


def cut_off(request: web.Request) -> None:
    """Close the connection: whoever asks finds nobody."""
    if request.transport is not None:
        request.transport.abort()
