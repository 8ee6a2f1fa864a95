"""A process of ours as a server: an event loop until a signal, and addresses that are bound or refused in words."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from harness.errors import WorldError
from harness.kit.address import Address, join_address

# Here, not where it is used: a fork server imports this module once for all its children.
_new_event_loop: Callable[[], asyncio.AbstractEventLoop] = asyncio.new_event_loop
try:
    import uvloop
except ImportError:  # not made for Windows
    pass
else:
    _new_event_loop = uvloop.new_event_loop

Ready = Callable[[Mapping[str, Any]], None]
"""Called once, with where everything listens."""

Serve = Callable[[Mapping[str, Any], Ready], None]
"""Runs a process until SIGTERM or SIGINT: `serve(config, ready)`."""

Main = Callable[[asyncio.Event], Coroutine[Any, Any, None]]


def run_until_signal(main: Main) -> None:
    """Run `main(stop)` in a new event loop, uvloop's where there is one; SIGTERM and SIGINT set `stop`."""

    async def guarded() -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        await main(stop)

    with asyncio.Runner(loop_factory=_new_event_loop) as runner:
        runner.run(guarded())


@contextmanager
def binding(name: str, address: Address) -> Iterator[None]:
    """An address that cannot be bound inside becomes a WorldError that names it. name: of the process."""
    try:
        yield
    except OSError as error:
        raise WorldError(f"{name}: cannot listen on {join_address(address)}: {error}") from error


async def stop_or_failure(stop: asyncio.Event, failing: asyncio.Future[None]) -> None:
    """Wait for `stop`. What `failing` ends with before that is raised: a watcher must not die unnoticed.

    One that ends well has nothing more to watch.
    """
    stopping = asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait((stopping, failing), return_when=asyncio.FIRST_COMPLETED)
        if failing.done():
            failing.result()
        await stopping
    finally:
        await cancelled(stopping)


async def cancelled(task: asyncio.Future[Any]) -> None:
    """Cancel a task and wait until it has ended. What it failed with is raised.

    Whoever is cancelled while waiting here ends as well: to await the task would not tell its cancellation from ours.
    """
    task.cancel()
    await asyncio.wait((task,))
    if not task.cancelled():
        task.result()
