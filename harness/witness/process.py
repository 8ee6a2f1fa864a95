"""The witness's process: binds the admin interface, says that it is ready, and runs until it is told to end."""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Callable, Coroutine, Mapping
from contextlib import suppress
from typing import Any

from aiohttp import web

from harness.errors import WorldError
from harness.witness import scheduling
from harness.witness.admin import Admin
from harness.witness.models import WitnessConfig, parse_config
from harness.witness.witness import Witness

_new_event_loop: Callable[[], asyncio.AbstractEventLoop] = asyncio.new_event_loop
try:
    import uvloop
except ImportError:  # not made for Windows
    pass
else:
    _new_event_loop = uvloop.new_event_loop

log = logging.getLogger(__name__)

_SHUTDOWN_S = 1.0


def serve(config: Mapping[str, Any], ready: Callable[[Mapping[str, Any]], None]) -> None:
    """Run the witness until SIGTERM or SIGINT; what is outstanding then is still recorded.

    config: see harness.witness.models.WitnessConfig. ready is called once with {"admin": [host, port],
    "scheduling": fifo | nice | none, "loop": uvloop | asyncio}. Raises InputError for a wrong config, and WorldError
    when the witness can no longer do its work (its history would have a hole).
    """
    parsed = parse_config(config)
    if parsed.realtime:
        scheduling.become_punctual()
    _run(_serve(parsed, ready))


def _run(main: Coroutine[Any, Any, None]) -> None:
    with asyncio.Runner(loop_factory=_new_event_loop) as runner:
        runner.run(main)


async def _serve(config: WitnessConfig, ready: Callable[[Mapping[str, Any]], None]) -> None:
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    try:
        witness = Witness(config)
    except OSError as error:
        raise WorldError(f"history {config.history}: {error}") from error
    loop.set_exception_handler(lambda _, context: _report(witness, context))
    runner = web.AppRunner(Admin(witness).application(), access_log=None, shutdown_timeout=_SHUTDOWN_S)
    tidy = loop.create_task(witness.keep_tidy())
    try:
        await witness.open()
        await runner.setup()
        site = web.TCPSite(runner, *config.admin)
        await site.start()
        scheduling.tame_garbage_collection()
        ready({"admin": list(runner.addresses[0][:2]), "scheduling": scheduling.current(), "loop": _loop_name()})
        await _until(ended, witness.failed)
    finally:
        tidy.cancel()
        with suppress(asyncio.CancelledError):
            await tidy
        await runner.cleanup()
        await witness.close()


async def _until(ended: asyncio.Event, failed: asyncio.Future[None]) -> None:
    waiter = asyncio.ensure_future(ended.wait())
    await asyncio.wait((waiter, failed), return_when=asyncio.FIRST_COMPLETED)
    waiter.cancel()
    if failed.done() and not failed.cancelled() and (error := failed.exception()) is not None:
        raise WorldError(f"the witness failed: {error!r}") from error


def _report(witness: Witness, context: Mapping[str, Any]) -> None:
    """An error in a callback of ours (a grid's slot, for instance) ends the witness; the rest is logged."""
    error = context.get("exception")
    if isinstance(error, BaseException) and "handle" in context:
        witness.fail(error)
    else:
        log.error("event loop: %s: %r", context.get("message"), error)


def _loop_name() -> str:
    return type(asyncio.get_running_loop()).__module__.partition(".")[0]
