"""The Route 53 data plane as a process: health checkers, and an authoritative DNS server that follows them.

It reads its configuration from a Route 53 API (the control plane) and goes on with the last one when that is lost.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Mapping
from contextlib import suppress
from functools import partial
from typing import Any

from harness.engines.dns.zone import Configuration
from harness.engines.provider.process import serving
from harness.kit.process import Ready, run_until_signal, stop_or_failure
from harness.parts.steering.route53 import targets
from harness.parts.steering.route53.admin import routes
from harness.parts.steering.route53.config import DataPlaneConfig
from harness.parts.steering.route53.following import Follower
from harness.parts.steering.route53.metrics import RegionMetrics, Told, of_regions
from harness.parts.steering.route53.plane import DataPlane

_CONTROLS_INTERVAL_S = 0.1
log = logging.getLogger(__name__)


def serve(config: Mapping[str, Any], ready: Ready) -> None:
    """Run the data plane until SIGTERM or SIGINT.

    config: the keys of DataPlaneConfig. ready: called once with {"dns": [host, port], "admin": [host, port]}.
    Raises InputError for a wrong configuration, WorldError when an address cannot be bound.
    """
    settings = DataPlaneConfig.parse(config)
    run_until_signal(lambda stop: run(settings, ready, stop))


async def run(settings: DataPlaneConfig, ready: Ready, stop: asyncio.Event) -> None:
    """Run the data plane in this event loop until `stop` is set."""
    async with serving("route53 data plane", settings.events) as process:
        plane = DataPlane(settings, process.record)
        process.closing(plane.fleet.close)
        follower = _following(plane, settings)
        await process.names(plane, settings.dns)
        await process.admin(routes(plane, lambda: follower.reachable), settings.admin)
        watching = process.beside(_watch(plane, settings))
        readers: list[Follower | RegionMetrics] = [follower, *_metrics(plane, settings)]
        for reader in readers:
            reader.start()
            process.closing(partial(asyncio.to_thread, reader.stop))
        process.ready(ready)
        log.info("route53 data plane: dns %s:%d, admin %s:%d", *process.told["dns"], *process.told["admin"])
        await stop_or_failure(stop, watching)


def _following(plane: DataPlane, settings: DataPlaneConfig) -> Follower:
    loop = asyncio.get_running_loop()

    def changed(config: Configuration) -> None:
        # The loop may have closed while the thread was inside a call that outlived `stop`.
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(plane.configure, config)

    return Follower(settings.control_plane, settings.poll_interval_s, changed)


def _metrics(plane: DataPlane, settings: DataPlaneConfig) -> Iterable[RegionMetrics]:
    loop = asyncio.get_running_loop()

    def hear(told: Told) -> None:
        with suppress(RuntimeError):  # see _following
            loop.call_soon_threadsafe(plane.hear_metrics, told)

    return of_regions(settings.cloudwatch, settings.scale, plane.statuses, hear, plane.latencies)


async def _watch(plane: DataPlane, settings: DataPlaneConfig) -> None:
    """What is watched beside endpoints: the targets of load balancers, and routing controls."""
    async with asyncio.TaskGroup() as group:
        group.create_task(_watch_targets(plane, settings))
        if settings.routing_controls is not None:
            controls, hear, followers = settings.routing_controls, plane.hear, plane.control_followers
            group.create_task(targets.watch_controls(controls, _CONTROLS_INTERVAL_S, hear, followers))


async def _watch_targets(plane: DataPlane, settings: DataPlaneConfig) -> None:
    known = {name: lb.admin for name, lb in settings.load_balancers.items() if lb.admin is not None}

    def report(name: str, healthy: bool) -> None:
        plane.set_load_balancer(name, healthy=healthy)

    await targets.watch(known, settings.target_poll_interval_s, report)
