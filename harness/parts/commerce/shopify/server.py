"""The shop as a process: its API at a port for each place that calls it, and its control port (see `control`)."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import AsyncExitStack
from typing import Any

from aiohttp import web

from harness.kit.address import ANY_ADDRESS
from harness.kit.admin import serve_admin, serve_application
from harness.kit.process import Ready, run_until_signal, stop_or_failure
from harness.parts.commerce.shopify.admin.exchange import AdminRequest
from harness.parts.commerce.shopify.admin.graphql_requests import look_at
from harness.parts.commerce.shopify.config import ShopConfig
from harness.parts.commerce.shopify.control import routes
from harness.parts.commerce.shopify.desk import ShopDesk

_NAME = "shop"
_BODY_BYTES_MAX = 20 << 20
"""Shopify takes at most 20 MB of a staged upload; the API itself answers what is too large."""


def serve(config: Mapping[str, Any], ready: Ready) -> None:
    """Run until SIGTERM or SIGINT. config: the keys of ShopConfig; ready: {"admin", "api.PLACE": [host, port]}."""
    settings = ShopConfig.parse(config)
    run_until_signal(lambda stop: run(settings, ready, stop))


async def run(config: ShopConfig, ready: Ready, stop: asyncio.Event) -> None:
    """Serve in this event loop until `stop` is set."""
    async with AsyncExitStack() as stack:
        desk = ShopDesk(config)
        stack.push_async_callback(desk.close)
        told = {"admin": list(await serve_admin(stack, _NAME, routes(desk), ANY_ADDRESS))}
        for place in config.callers:
            app = _api(desk, place)
            told[f"api.{place}"] = list(await serve_application(stack, f"{_NAME} {place}", app, ANY_ADDRESS))
        ready(told)
        await stop_or_failure(stop, desk.failing)


def _api(desk: ShopDesk, place: str) -> web.Application:
    async def answer(request: web.Request) -> web.Response:
        body = await request.read()
        headers = {name.lower(): value for name, value in request.headers.items()}
        asked = AdminRequest(request.method, request.path, dict(request.query), headers, body, place)
        text = desk.foresee(asked)
        if text is not None:
            await asyncio.to_thread(look_at, text)
        status, told, content = desk.answer(asked)
        return web.Response(status=status, headers=told, body=content)

    app = web.Application(client_max_size=_BODY_BYTES_MAX)
    app.add_routes([web.route("*", "/{path:.*}", answer)])
    return app
