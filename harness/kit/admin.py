"""Admin ports: JSON over HTTP on loopback, mistakes of the caller answered 400 with a text, browsers with 403."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from contextlib import AsyncExitStack
from typing import Any

from aiohttp import web

from harness.errors import InputError
from harness.kit.address import Address
from harness.kit.browsers import REFUSAL, sent_by_browser
from harness.kit.process import binding
from harness.kit.strict_json import strict_json

_SHUTDOWN_S = 0.5

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def answer_json(body: object, status: int = 200) -> web.Response:
    """A JSON response."""
    return web.json_response(body, status=status)


async def read_json(request: web.Request) -> Any:
    """The JSON body of a request; one without a body says `{}`. Raises InputError."""
    data = await request.read()
    try:
        return strict_json(data) if data else {}
    except ValueError as error:
        raise InputError(f"{request.method} {request.path}: the body is no JSON: {error}") from error


@web.middleware
async def _explain(request: web.Request, handler: Handler) -> web.StreamResponse:
    if sent_by_browser(request.headers):
        return answer_json({"error": REFUSAL}, status=403)
    try:
        return await handler(request)
    except InputError as error:
        return answer_json({"error": str(error)}, status=400)


async def serve_admin(stack: AsyncExitStack, name: str, routes: Iterable[web.RouteDef], address: Address) -> Address:
    """Serve an admin port until the stack is left; an InputError in a handler is answered 400, a browser 403.

    name: of the process. Returns the address that was bound. Raises WorldError.
    """
    application = web.Application(middlewares=[_explain])
    application.add_routes(routes)
    return await serve_application(stack, name, application, address)


async def serve_application(stack: AsyncExitStack, name: str, app: web.Application, address: Address) -> Address:
    """Serve an application that answers mistakes in its own way; a body is what was sent, compressed or not.

    Raises WorldError.
    """
    runner = web.AppRunner(
        app, access_log=None, handle_signals=False, shutdown_timeout=_SHUTDOWN_S, auto_decompress=False
    )
    return await serve_http(stack, name, runner, address)


async def serve_http(stack: AsyncExitStack, name: str, runner: web.BaseRunner, address: Address) -> Address:
    """Serve whatever a runner of aiohttp runs. Raises WorldError."""
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    with binding(name, address):
        await web.TCPSite(runner, *address).start()
    host, port = runner.addresses[0][:2]
    return str(host), int(port)
