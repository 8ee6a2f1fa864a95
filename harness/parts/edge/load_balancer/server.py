"""The load balancer as a process: an Application Load Balancer with one listener and one target group.

Admin: GET /targets; GET /status for people; POST /targets replaces the list; POST /reset forgets health,
counts and idle connections.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from harness.engines.http.upstream import Upstream, reset
from harness.history.events import Happening, HealthTransition
from harness.history.log import EventLog
from harness.kit.address import Address, join_address
from harness.kit.admin import answer_json, read_json, serve_admin
from harness.kit.process import Ready, binding, run_until_signal
from harness.parts.edge.load_balancer.choosing import chosen
from harness.parts.edge.load_balancer.config import LoadBalancerConfig, Target, parse, parse_targets
from harness.parts.edge.load_balancer.connection import BalancedConnection
from harness.parts.edge.load_balancer.health import TargetHealthChecks
from harness.parts.edge.load_balancer.model import Changed, TargetState
from harness.parts.edge.load_balancer.rotation import Standing

MAX_IDLE_PER_TARGET = 64


class LoadBalancer:
    """Routes requests to targets. log: where health transitions go."""

    def __init__(self, config: LoadBalancerConfig, log: EventLog | None) -> None:
        self.response_timeout_s = config.response_timeout_s
        self.connect_timeout_s = config.connect_timeout_s
        self.client_scheme: str = config.client_scheme
        self.counts: Counter[str] = Counter()
        self.connections: set[BalancedConnection] = set()
        self._region = config.region
        self._log = log
        self._idle: dict[Address, list[Upstream]] = {}
        self._turn = 0
        self._busy: Counter[str] = Counter()
        self._algorithm = config.algorithm
        self.sticky = None if config.sticky is None else config.sticky.sessions
        self._health = TargetHealthChecks(config.health, self._on_change, self._on_moved, fails_open=config.fails_open)
        self._health.register(config.targets)

    def next_target(self, mark: str | None) -> Target | None:
        """Whose turn it is among the targets that get requests, which has one more under way now; see choosing.py."""
        self._turn += 1
        target = chosen(self._health.routable, self._turn, self._algorithm, self._busy, mark)
        if target is not None:
            self._busy[target.id] += 1
        return target

    def done(self, target: Target) -> None:
        """A request to a target is no longer under way."""
        self._busy[target.id] -= 1

    def take_idle(self, address: Address) -> Upstream | None:
        """A live idle connection to a target, the one used last first; dead ones are thrown away."""
        idle = self._idle.get(address)
        while idle:
            upstream = idle.pop()
            if upstream.alive:
                return upstream
            upstream.abort()
        return None

    def keep_idle(self, upstream: Upstream) -> None:
        """Keep a connection for the next request, unless its target is gone or enough are kept."""
        address = upstream.destination.address
        registered = any(target.address == address for target, _ in self._health.targets)
        if registered and len(self._idle.setdefault(address, [])) < MAX_IDLE_PER_TARGET:
            self._idle[address].append(upstream)
        else:
            upstream.abort()

    def register(self, targets: tuple[Target, ...]) -> None:
        """Replace the list of targets; requests under way end where they began."""
        self._health.register(targets)
        for address in self._idle.keys() - {target.address for target in targets}:
            self._drop_idle(address)

    def forget(self) -> None:
        """As if just started."""
        self.counts.clear()
        for address in tuple(self._idle):
            self._drop_idle(address)
        self._health.forget()

    async def close(self) -> None:
        """Close every connection and stop the checks."""
        for connection in tuple(self.connections):
            if connection.transport is not None:
                reset(connection.transport)
        for address in tuple(self._idle):
            self._drop_idle(address)
        await self._health.close()

    def targets(self) -> dict[str, Any]:
        """The state of the targets for the admin API."""
        described = [
            {
                "id": health.id,
                "address": list(target.address),
                "healthy": health.state is TargetState.HEALTHY,
                "state": health.state.value,
                "reason": None if health.reason is None else health.reason.value,
                "status": health.status,
            }
            for target, health in self._health.targets
        ]
        return {"region": self._region, "targets": described, "counts": dict(self.counts)}

    def status(self) -> list[dict[str, str]]:
        """The targets as lines for people."""
        standings = self._health.standings()
        if not standings:
            return [{"what": f"targets {self._region}", "where": "", "about": "none: 503 for every request"}]
        return [
            {
                "what": f"target {self._region}",
                "where": join_address(target.address),
                "about": ": ".join(part for part in (f"{name}, {standings[name].what}", standings[name].text) if part),
            }
            for target, name in ((target, health.id) for target, health in self._health.targets)
        ]

    def admin_routes(self) -> list[web.RouteDef]:
        """The admin API."""
        return [
            web.get("/targets", self._on_get),
            web.get("/status", self._on_status),
            web.post("/targets", self._on_register),
            web.post("/reset", self._on_reset),
        ]

    async def _on_get(self, request: web.Request) -> web.Response:
        return answer_json(self.targets())

    async def _on_status(self, request: web.Request) -> web.Response:
        return answer_json(self.status())

    async def _on_register(self, request: web.Request) -> web.Response:
        self.register(parse_targets(await read_json(request)))
        return answer_json(self.targets())

    async def _on_reset(self, request: web.Request) -> web.Response:
        self.forget()
        return answer_json(self.targets())

    def _on_moved(self, name: str, standing: Standing, now_ns: int) -> None:
        if self._log is not None:
            self._log.append(
                Happening(
                    "target",
                    f"{self._region}, {name}",
                    standing.what,
                    now_ns,
                    standing.text,
                    good=standing.good,
                    before=standing.before,
                )
            )

    def _drop_idle(self, address: Address) -> None:
        for upstream in self._idle.pop(address, ()):
            upstream.abort()

    def _on_change(self, change: Changed, now_ns: int) -> None:
        if self._log is not None:
            self._log.append(
                HealthTransition(
                    target=self._region,
                    status="healthy" if change.healthy else "unhealthy",
                    healthy_checkers=change.healthy,
                    checkers=change.targets,
                    mono_ns=now_ns,
                    kind="target",
                )
            )


async def run(config: LoadBalancerConfig, ready: Ready, stop: asyncio.Event) -> None:
    """Serve until `stop` is set. Raises WorldError when an address cannot be bound."""
    async with contextlib.AsyncExitStack() as stack:
        log = None if config.events is None else stack.enter_context(EventLog(config.events))
        balancer = LoadBalancer(config, log)
        stack.push_async_callback(balancer.close)
        loop = asyncio.get_running_loop()
        with binding("load balancer", config.listen):
            server = await loop.create_server(lambda: BalancedConnection(balancer), *config.listen, backlog=512)
        stack.callback(server.close)
        admin = await serve_admin(stack, "load balancer", balancer.admin_routes(), config.admin)
        ready({"listen": list(server.sockets[0].getsockname()[:2]), "admin": list(admin)})
        await stop.wait()


def serve(config: Mapping[str, Any], ready: Ready) -> None:
    """Run the load balancer until SIGTERM or SIGINT; `config` and the ready payload: see docs/GATEWAY.md."""
    parsed = parse(config)
    run_until_signal(lambda stop: run(parsed, ready, stop))
