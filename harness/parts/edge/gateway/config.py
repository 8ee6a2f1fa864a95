"""The gateway's configuration."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from harness.engines.kit.config import Address, address, check_keys, text
from harness.errors import InputError
from harness.parts.edge.gateway.model import Routes


@dataclass(frozen=True)
class ListenerConfig:
    """One component instance. region: where its unsigned calls go. listen None: keep the address, or any."""

    instance: str
    region: str
    listen: Address | None
    routes: Routes


@dataclass(frozen=True)
class GatewayConfig:
    """listeners: one per component instance; admin: where the admin API listens."""

    listeners: tuple[ListenerConfig, ...]
    admin: Address


def parse_listener(value: object, place: str = "listener") -> ListenerConfig:
    """A listener from JSON. Raises InputError."""
    body = check_keys(value, place, required=("instance", "region", "routes"), optional=("listen",))
    routes = parse_routes(body["routes"], f"{place}.routes")
    listen = address(body["listen"], f"{place}.listen") if body.get("listen") is not None else None
    return ListenerConfig(
        instance=text(body["instance"], f"{place}.instance"),
        region=text(body["region"], f"{place}.region"),
        listen=listen,
        routes=routes,
    )


def parse_routes(value: object, place: str) -> Routes:
    """region -> service -> address, from JSON. Raises InputError."""
    if not isinstance(value, Mapping):
        raise InputError(f"{place}: a mapping region -> service -> [host, port] is wanted, not {value!r}")
    routes: dict[str, dict[str, Address]] = {}
    for region, services in value.items():
        if not isinstance(services, Mapping):
            raise InputError(f"{place}.{region}: a mapping service -> [host, port] is wanted, not {services!r}")
        routes[region] = {service: address(to, f"{place}.{region}.{service}") for service, to in services.items()}
    return routes


def parse(config: Mapping[str, Any]) -> GatewayConfig:
    """The whole configuration from JSON. Raises InputError."""
    body = check_keys(config, "gateway", required=("listeners",), optional=("admin",))
    if not isinstance(body["listeners"], (list, tuple)):
        raise InputError("gateway.listeners: a list is wanted")
    listeners = tuple(parse_listener(item, f"gateway.listeners[{n}]") for n, item in enumerate(body["listeners"]))
    names = [listener.instance for listener in listeners]
    if duplicates := sorted({name for name in names if names.count(name) > 1}):
        raise InputError(f"gateway.listeners: more than one listener for {', '.join(duplicates)}")
    return GatewayConfig(listeners, address(body.get("admin", ["127.0.0.1", 0]), "gateway.admin"))
