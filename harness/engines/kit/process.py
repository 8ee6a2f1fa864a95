"""What the HTTP stand-ins share as processes: an event loop until a signal, an admin API, a hand-run command line."""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import signal
import sys
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from pathlib import Path
from typing import Any

from aiohttp import web

from harness.errors import DrillError, InputError
from harness.kit.address import Address

Ready = Callable[[Mapping[str, Any]], None]
Serve = Callable[[Mapping[str, Any], Ready], None]
Main = Callable[[asyncio.Event], Coroutine[Any, Any, None]]


def run_until_signal(main: Main) -> None:
    """Run `main(stop)` in a new event loop; SIGTERM and SIGINT set `stop`. uvloop where there is one."""
    try:
        import uvloop
    except ImportError:
        factory: Callable[[], asyncio.AbstractEventLoop] = asyncio.new_event_loop
    else:
        factory = uvloop.new_event_loop

    async def guarded() -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        await main(stop)

    with asyncio.Runner(loop_factory=factory) as runner:
        runner.run(guarded())


def answer_json(body: object, status: int = 200) -> web.Response:
    """A JSON response of an admin API."""
    return web.json_response(body, status=status)


async def read_json(request: web.Request) -> Any:
    """The JSON body of an admin request. Raises InputError."""
    try:
        return json.loads(await request.read())
    except ValueError as error:
        raise InputError(f"{request.method} {request.path}: the body is no JSON: {error}") from error


@web.middleware
async def _input_errors(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    try:
        return await handler(request)
    except InputError as error:
        return answer_json({"error": str(error)}, status=400)
    except OSError as error:
        return answer_json({"error": f"cannot listen there: {error}"}, status=409)


async def start_admin(routes: list[web.RouteDef], listen: Address) -> tuple[web.AppRunner, Address]:
    """Serve an admin API; returns what to clean up, and the address bound. InputError becomes 400, OSError 409."""
    app = web.Application(middlewares=[_input_errors])
    app.add_routes(routes)
    runner = web.AppRunner(app, access_log=None, handle_signals=False, shutdown_timeout=0.5)
    await runner.setup()
    try:
        await web.TCPSite(runner, *listen, reuse_address=True).start()
    except OSError:
        await runner.cleanup()
        raise
    host, port = runner.addresses[0][:2]
    return runner, (host, port)


def command_line(serve: Serve, program: str, description: str) -> int:
    """`python -m PROGRAM --config FILE_OR_JSON`: serve, and print the ready payload as one JSON line.

    Returns the exit code: 0 after SIGTERM or SIGINT, 3 when the configuration is wrong or an address is taken.
    """
    parser = argparse.ArgumentParser(prog=f"python -m {program}", description=description)
    parser.add_argument("--config", required=True, help="a JSON file, or JSON itself")
    given: str = parser.parse_args().config
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(name)s %(message)s")
    try:
        serve(_load(given), _print_ready)
    except (DrillError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 3
    return 0


def _load(given: str) -> Mapping[str, Any]:
    try:
        config = json.loads(given if given.lstrip().startswith("{") else Path(given).read_text(encoding="utf-8"))
    except ValueError as error:
        raise InputError(f"--config: no JSON: {error}") from error
    if not isinstance(config, Mapping):
        raise InputError("--config: a JSON object is wanted")
    return config


def _print_ready(payload: Mapping[str, Any]) -> None:
    sys.stdout.write(json.dumps(payload) + "\n")
    sys.stdout.flush()
