"""The Route 53 data plane as a process: health checkers, and an authoritative DNS server that follows them.

It reads its configuration from a Route 53 API (the control plane) and goes on with the last one when that is lost.
"""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Callable, Coroutine, Mapping
from contextlib import AsyncExitStack, suppress
from typing import Any

from aiohttp import web

from harness.engines.dns.server import DnsServer, Responder
from harness.engines.dns.zone import Configuration
from harness.errors import WorldError
from harness.history.events import DnsAnswer, HealthTransition
from harness.history.log import EventLog
from harness.parts.steering.route53 import targets
from harness.parts.steering.route53.admin import application
from harness.parts.steering.route53.config import DataPlaneConfig
from harness.parts.steering.route53.following import Follower
from harness.parts.steering.route53.plane import DataPlane

log = logging.getLogger(__name__)

Ready = Callable[[Mapping[str, Any]], None]


def serve(config: Mapping[str, Any], ready: Ready) -> None:
    """Run the data plane until SIGTERM or SIGINT.

    config: the keys of DataPlaneConfig. ready: called once with {"dns": [host, port], "admin": [host, port]}.
    Raises InputError for a wrong configuration, WorldError when an address cannot be bound.
    """
    settings = DataPlaneConfig.parse(config)
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(_until_signal(settings, ready))


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """uvloop's loop, or asyncio's own on platforms that uvloop is not made for."""
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop


async def _until_signal(settings: DataPlaneConfig, ready: Ready) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    try:
        await run(settings, ready, stop)
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)


async def run(settings: DataPlaneConfig, ready: Ready, stop: asyncio.Event) -> None:
    """Run the data plane in this event loop until `stop` is set."""
    async with AsyncExitStack() as cleanup:
        events = cleanup.enter_context(EventLog(settings.events)) if settings.events else None

        def record(event: DnsAnswer | HealthTransition) -> None:
            if events is not None:
                events.append(event)

        plane = DataPlane(settings, record)
        cleanup.push_async_callback(plane.fleet.close)
        follower = _following(plane, settings)
        server = DnsServer(Responder(plane))
        cleanup.push_async_callback(server.close)
        dns = await _bound(server.start(*settings.dns), settings.dns)
        admin = await _bound(_serve_admin(plane, follower, settings.admin, cleanup), settings.admin)
        watching = asyncio.create_task(_watch_targets(plane, settings))
        cleanup.push_async_callback(_cancelled, watching)
        follower.start()
        cleanup.push_async_callback(asyncio.to_thread, follower.stop)
        ready({"dns": list(dns), "admin": list(admin)})
        log.info("route53 data plane: dns %s:%d, admin %s:%d", *dns, *admin)
        await _first(stop, watching)


def _following(plane: DataPlane, settings: DataPlaneConfig) -> Follower:
    loop = asyncio.get_running_loop()

    def changed(config: Configuration) -> None:
        # The loop may have closed while the thread was inside a call that outlived `stop`.
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(plane.configure, config)

    return Follower(settings.control_plane, settings.poll_interval_s, changed)


async def _bound(binding: Coroutine[Any, Any, tuple[str, int]], wanted: tuple[str, int]) -> tuple[str, int]:
    try:
        return await binding
    except OSError as error:
        raise WorldError(f"route53 data plane: cannot listen on {wanted[0]}:{wanted[1]}: {error}") from error


async def _serve_admin(
    plane: DataPlane, follower: Follower, address: tuple[str, int], cleanup: AsyncExitStack
) -> tuple[str, int]:
    runner = web.AppRunner(application(plane, lambda: follower.reachable), access_log=None, shutdown_timeout=0.5)
    await runner.setup()
    cleanup.push_async_callback(runner.cleanup)
    site = web.TCPSite(runner, *address)
    await site.start()
    host, port = runner.addresses[0][:2]
    return str(host), int(port)


async def _watch_targets(plane: DataPlane, settings: DataPlaneConfig) -> None:
    known = {name: lb.admin for name, lb in settings.load_balancers.items() if lb.admin is not None}

    def report(name: str, healthy: bool) -> None:
        plane.set_load_balancer(name, healthy=healthy)

    await targets.watch(known, settings.target_poll_interval_s, report)


async def _first(stop: asyncio.Event, watching: asyncio.Task[None]) -> None:
    """Wait for `stop`. A watcher that dies by itself is a bug, and must not go unnoticed; one that has nothing to
    watch ends at once."""
    stopping = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({stopping, watching}, return_when=asyncio.FIRST_COMPLETED)
        if watching.done():
            watching.result()
        await stopping
    finally:
        await _cancelled(stopping)


async def _cancelled(task: asyncio.Task[Any]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
