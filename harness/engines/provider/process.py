"""A provider's process: its APIs, its name servers and its admin port, and what it tells of itself.

async with serving("akamai", config.events) as process:
    plane = Plane(config, process.record)
    process.closing(plane.close)
    await process.names(plane, config.dns)
    await process.api(application(plane), config.api)
    await process.admin(routes(plane), config.admin)
    process.ready(ready)
    await stop.wait()
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

from aiohttp import web

from harness.engines.dns.server import Answers, DnsServer, Responder
from harness.engines.testimony import hear
from harness.history.events import DnsAnswer, Happening, HealthTransition
from harness.history.log import EventLog
from harness.kit.address import ANY_ADDRESS, Address
from harness.kit.admin import serve_admin, serve_http
from harness.kit.process import Ready, binding, cancelled

Event = DnsAnswer | HealthTransition | Happening
Record = Callable[[Event], None]
_SHUTDOWN_S = 0.5


class ProviderProcess:
    """What runs until the block around it is left. name: for messages. stack: what ends with it. told: by name,
    where it listens."""

    def __init__(self, name: str, stack: AsyncExitStack, events: EventLog | None) -> None:
        self._name = name
        self.stack = stack
        self._events = events
        self.told: dict[str, Any] = {}

    def record(self, event: Event) -> None:
        """Note what happened, where there is somewhere to note it."""
        if self._events is not None:
            self._events.append(event)

    def closing(self, action: Callable[[], Awaitable[None]]) -> None:
        """Await `action` at the end."""
        self.stack.push_async_callback(action)

    def beside(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run something until the end."""
        task = asyncio.create_task(work)
        self.stack.push_async_callback(cancelled, task)
        return task

    def hear(self, testimony: Path | None, places: Sequence[str]) -> None:
        """Take in what somebody of the subject says of the places, where a file is named."""
        if testimony is not None:
            self.beside(hear(testimony, places, self.record))

    async def names(self, plane: Answers, address: Address) -> None:
        """Answer DNS."""
        server = DnsServer(Responder(plane))
        self.closing(server.close)
        with binding(self._name, address):
            self.told["dns"] = list(await server.start(*address))

    async def api(self, app: web.Application, address: Address = ANY_ADDRESS, name: str = "api") -> Address:
        """Answer calls. A handler that never answers is cancelled when its client gives up; a body is what was sent,
        compressed or not."""
        runner = web.AppRunner(
            app, access_log=None, handle_signals=False, shutdown_timeout=_SHUTDOWN_S, handler_cancellation=True,
            auto_decompress=False,
        )  # fmt: skip
        bound = await serve_http(self.stack, self._name, runner, address)
        self.told[name] = list(bound)
        return bound

    async def admin(self, routes: Iterable[web.RouteDef], address: Address) -> None:
        """Serve its own interface."""
        self.told["admin"] = list(await serve_admin(self.stack, self._name, routes, address))

    def ready(self, ready: Ready) -> None:
        """Tell where everything listens."""
        ready(self.told)


@asynccontextmanager
async def serving(name: str, events: Path | None) -> AsyncIterator[ProviderProcess]:
    """A provider's process while the block runs. events: where it notes what happens."""
    async with AsyncExitStack() as stack:
        yield ProviderProcess(name, stack, None if events is None else stack.enter_context(EventLog(events)))
