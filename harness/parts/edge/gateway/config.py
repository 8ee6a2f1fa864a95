"""The gateway's configuration."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from pydantic import field_validator

from harness.kit.address import ANY_ADDRESS, Address, LoopbackAddress
from harness.kit.config import Strict, Text, parsed


class ListenerConfig(Strict):
    """One component instance. region: where its unsigned calls go. listen None: keep the address, or any.

    routes: region -> service (or `*`) -> address.
    """

    instance: Text
    region: Text
    listen: LoopbackAddress | None = None
    routes: dict[str, dict[str, Address]]


class GatewayConfig(Strict):
    """listeners: one per component instance; admin: where the admin API listens."""

    listeners: tuple[ListenerConfig, ...]
    admin: LoopbackAddress = ANY_ADDRESS

    @field_validator("listeners")
    @classmethod
    def _one_each(cls, listeners: tuple[ListenerConfig, ...]) -> tuple[ListenerConfig, ...]:
        counted = Counter(listener.instance for listener in listeners)
        if twice := sorted(name for name, times in counted.items() if times > 1):
            raise ValueError(f"more than one listener for {', '.join(twice)}")
        return listeners


def parse_listener(value: object) -> ListenerConfig:
    """A listener from JSON. Raises InputError."""
    return parsed(ListenerConfig, value, "listener")


def parse(config: Mapping[str, Any]) -> GatewayConfig:
    """The whole configuration from JSON. Raises InputError."""
    return parsed(GatewayConfig, config, "gateway")
