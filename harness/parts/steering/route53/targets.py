"""Watches the targets behind each load balancer, for aliases that evaluate target health.

Read from the load balancer's admin port, over a path that no fault touches: within AWS this is internal. When it does
not answer, what was last known stays in force. So are routing controls, which have no checkers either.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import Any

import aiohttp

from harness.kit.address import Address

log = logging.getLogger(__name__)

_TIMEOUT = aiohttp.ClientTimeout(total=2.0)

Report = Callable[[str, bool], None]


def any_healthy(body: Any) -> bool:
    """Whether one target group has a healthy target; a group without targets has not (Developer Guide, aliases).

    Raises KeyError or TypeError when `body` is not `{"targets": [{"healthy": ...}, ...]}`.
    """
    return any(bool(target["healthy"]) for target in body["targets"])


async def watch(admins: Mapping[str, Address], interval_s: float, report: Report) -> None:
    """Poll every load balancer's `GET /targets` until cancelled. admins: load balancer name -> its admin address."""
    async with aiohttp.ClientSession(timeout=_TIMEOUT, trust_env=False) as session, asyncio.TaskGroup() as group:
        for name, (host, port) in admins.items():
            group.create_task(_watch_one(session, name, f"http://{host}:{port}/targets", interval_s, report))


async def _watch_one(session: aiohttp.ClientSession, name: str, url: str, interval_s: float, report: Report) -> None:
    answering = True
    while True:
        problem = await _poll(session, name, url, report)
        if answering != (problem is None):
            answering = problem is None
            log.warning("load balancer %s: %s", name, problem or "its targets can be read again")
        await asyncio.sleep(interval_s)


async def _poll(session: aiohttp.ClientSession, name: str, url: str, report: Report) -> str | None:
    try:
        async with session.get(url) as response:
            response.raise_for_status()
            report(name, any_healthy(await response.json(content_type=None)))
    except (aiohttp.ClientError, TimeoutError, KeyError, TypeError, ValueError) as error:
        return f"its targets cannot be read, the last state stays in force: {error!r}"
    return None


async def watch_controls(
    admin: Address,
    interval_s: float,
    hear: Callable[[Mapping[str, bool | None]], None],
    followers: Callable[[], Mapping[str, str]],
) -> None:
    """Poll which routing controls are on until cancelled, and tell what is new. admin: of whoever knows.

    followers: health check -> the routing control that it follows, which is told there.
    """
    own = f"http://{admin[0]}:{admin[1]}"
    url, known, told = f"{own}/status", None, None
    async with aiohttp.ClientSession(timeout=_TIMEOUT, trust_env=False) as session:
        while True:
            try:
                async with session.get(url) as response:
                    response.raise_for_status()
                    states: dict[str, bool | None] = (await response.json(content_type=None))["states"]
                if (following := dict(followers())) != told:
                    async with session.post(f"{own}/followers", json={"checks": following}) as response:
                        response.raise_for_status()
                    told = following
            except (aiohttp.ClientError, TimeoutError, KeyError, TypeError, ValueError) as error:
                log.warning("routing controls cannot be read, the last state stays in force: %r", error)
            else:
                if states != known:
                    known = states
                    hear(states)
            await asyncio.sleep(interval_s)
