"""The SigV4-region gateway as a process: one listener per component instance, and an admin API.

Unmodified SDK code with one AWS_ENDPOINT_URL and nothing but a region name reaches the right region's server.
Admin: GET /status; POST /listeners (one listener, or {"listeners": [...]}) adds or replaces; DELETE /listeners/NAME.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from contextlib import AsyncExitStack
from typing import Any

from aiohttp import web

from harness.kit.address import ANY_ADDRESS, Address
from harness.kit.admin import answer_json, read_json, serve_admin
from harness.kit.process import Ready, binding, run_until_signal
from harness.parts.edge.gateway.config import GatewayConfig, ListenerConfig, parse, parse_listener
from harness.parts.edge.gateway.connection import Caller, GatewayConnection

LOG = logging.getLogger(__name__)


class Listener:
    """The bound socket of one component instance."""

    def __init__(self, config: ListenerConfig) -> None:
        self.caller = Caller(config)
        self._server: asyncio.Server | None = None
        self.address: Address = config.listen or ANY_ADDRESS

    async def open(self) -> None:
        """Bind and listen. Raises OSError."""
        loop = asyncio.get_running_loop()
        host, port = self.address
        self._server = await loop.create_server(lambda: GatewayConnection(self.caller), host, port, backlog=512)
        self.address = self._server.sockets[0].getsockname()[:2]

    def replace(self, config: ListenerConfig) -> None:
        """Take new routes; counts start again, and clients are reset, since their connections follow the old ones."""
        old, self.caller = self.caller, Caller(config)
        self._drop(old)

    async def close(self) -> None:
        """Stop listening and reset the clients."""
        if self._server is not None:
            self._server.close()
            self._drop(self.caller)
            await self._server.wait_closed()

    @staticmethod
    def _drop(caller: Caller) -> None:
        for connection in tuple(caller.connections):
            connection.drop()

    def status(self) -> dict[str, Any]:
        """Counters for the admin API."""
        caller = self.caller
        return {
            "region": caller.config.region,
            "address": list(self.address),
            "open_connections": len(caller.connections),
            "counts": dict(caller.counts),
            "routed": dict(caller.routed),
        }


class Gateway:
    """All listeners, by instance."""

    def __init__(self) -> None:
        self.listeners: dict[str, Listener] = {}

    async def put(self, config: ListenerConfig) -> Listener:
        """Add a listener, or replace the one of the same instance (on its address, unless another is asked for)."""
        known = self.listeners.get(config.instance)
        if known is not None and config.listen in (None, known.address, (known.address[0], 0)):
            known.replace(config)
            return known
        listener = Listener(config)
        await listener.open()
        if known is not None:
            await known.close()
        self.listeners[config.instance] = listener
        LOG.info("%s calls through %s:%d", config.instance, *listener.address)
        return listener

    async def remove(self, instance: str) -> bool:
        """Close a listener; False when there is none of that name."""
        listener = self.listeners.pop(instance, None)
        if listener is None:
            return False
        await listener.close()
        return True

    async def close(self) -> None:
        """Close every listener."""
        for instance in tuple(self.listeners):
            await self.remove(instance)

    def addresses(self) -> dict[str, list[Any]]:
        """instance -> [host, port]."""
        return {instance: list(listener.address) for instance, listener in self.listeners.items()}

    def admin_routes(self) -> list[web.RouteDef]:
        """The admin API."""
        return [
            web.get("/status", self._on_status),
            web.post("/listeners", self._on_put),
            web.delete("/listeners/{instance}", self._on_remove),
        ]

    async def _on_status(self, request: web.Request) -> web.Response:
        return answer_json({"listeners": {name: one.status() for name, one in self.listeners.items()}})

    async def _on_put(self, request: web.Request) -> web.Response:
        body = await read_json(request)
        many = body["listeners"] if isinstance(body, dict) and isinstance(body.get("listeners"), list) else [body]
        configs = [parse_listener(one) for one in many]
        try:
            bound = {config.instance: list((await self.put(config)).address) for config in configs}
        except OSError as error:
            return answer_json({"error": f"cannot listen there: {error}"}, status=409)
        return answer_json({"listeners": bound})

    async def _on_remove(self, request: web.Request) -> web.Response:
        instance = request.match_info["instance"]
        if not await self.remove(instance):
            return answer_json({"error": f"no listener for {instance!r}"}, status=404)
        return answer_json({"removed": instance})


async def run(config: GatewayConfig, ready: Ready, stop: asyncio.Event) -> None:
    """Serve until `stop` is set. Raises WorldError when an address cannot be bound."""
    async with AsyncExitStack() as stack:
        gateway = Gateway()
        stack.push_async_callback(gateway.close)
        for listener in config.listeners:
            with binding(f"gateway: {listener.instance}", listener.listen or ANY_ADDRESS):
                await gateway.put(listener)
        admin = await serve_admin(stack, "gateway", gateway.admin_routes(), config.admin)
        ready({"listeners": gateway.addresses(), "admin": list(admin)})
        await stop.wait()


def serve(config: Mapping[str, Any], ready: Ready) -> None:
    """Run the gateway until SIGTERM or SIGINT; `config` and the ready payload: see docs/GATEWAY.md."""
    parsed = parse(config)
    run_until_signal(lambda stop: run(parsed, ready, stop))
