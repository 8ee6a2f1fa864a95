"""The witness's process: binds the admin interface, says that it is ready, and runs until it is told to end."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from contextlib import AsyncExitStack
from typing import Any

from harness.errors import WorldError
from harness.kit.admin import serve_admin
from harness.kit.process import Ready, cancelled, run_until_signal, stop_or_failure
from harness.witness import scheduling
from harness.witness.admin import Admin
from harness.witness.models import WitnessConfig, parse_config
from harness.witness.witness import Witness

log = logging.getLogger(__name__)


def serve(config: Mapping[str, Any], ready: Ready) -> None:
    """Run the witness until SIGTERM or SIGINT; what is outstanding then is still recorded.

    config: see harness.witness.models.WitnessConfig. ready is called once with {"admin": [host, port],
    "scheduling": fifo | nice | none, "loop": uvloop | asyncio}. Raises InputError for a wrong config, and WorldError
    when the witness can no longer do its work (its history would have a hole).
    """
    parsed = parse_config(config)
    if parsed.realtime:
        scheduling.become_punctual()
    run_until_signal(lambda stop: _serve(parsed, ready, stop))


async def _serve(config: WitnessConfig, ready: Ready, stop: asyncio.Event) -> None:
    try:
        witness = Witness(config)
    except OSError as error:
        raise WorldError(f"history {config.history}: {error}") from error
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: _report(witness, context))
    async with AsyncExitStack() as stack:
        stack.push_async_callback(witness.close)
        await witness.open()
        admin = await serve_admin(stack, "witness", Admin(witness).routes(), config.admin)
        stack.push_async_callback(cancelled, loop.create_task(witness.keep_tidy()))
        scheduling.tame_garbage_collection()
        ready({"admin": list(admin), "scheduling": scheduling.current(), "loop": _loop_name()})
        await stop_or_failure(stop, witness.failed)


def _report(witness: Witness, context: Mapping[str, Any]) -> None:
    """An error in a callback of ours (a grid's slot, for instance) ends the witness; the rest is logged."""
    error = context.get("exception")
    if isinstance(error, BaseException) and "handle" in context:
        witness.fail(error)
    else:
        log.error("event loop: %s: %r", context.get("message"), error)


def _loop_name() -> str:
    return type(asyncio.get_running_loop()).__module__.partition(".")[0]
