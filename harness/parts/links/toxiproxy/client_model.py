"""What a Toxiproxy server is told, and what it tells: toxics, proxies, capabilities. No I/O."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from harness.faults.actions import Stream
from harness.kit.address import Address, join_address, split_address


@dataclass(frozen=True)
class Toxic:
    """A toxic on a proxy. attributes: in the units of Toxiproxy (milliseconds, bytes, kilobytes per second)."""

    type: str
    stream: Stream = "downstream"
    attributes: Mapping[str, int | float | str] = field(default_factory=dict)
    toxicity: float = 1.0
    name: str = ""

    def as_json(self) -> dict[str, Any]:
        return {
            "name": self.name or f"{self.type}_{self.stream}",
            "type": self.type,
            "stream": self.stream,
            "toxicity": self.toxicity,
            "attributes": dict(self.attributes),
        }

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> Toxic:
        return cls(body["type"], body["stream"], body.get("attributes", {}), body["toxicity"], body["name"])


@dataclass(frozen=True)
class Proxy:
    """A proxy: where it listens (port 0: anywhere, until it is created), where it leads, what is on it."""

    name: str
    listen: Address
    upstream: Address
    enabled: bool = True
    toxics: tuple[Toxic, ...] = ()

    def as_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "listen": join_address(self.listen),
            "upstream": join_address(self.upstream),
            "enabled": self.enabled,
        }

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> Proxy:
        toxics = tuple(Toxic.from_json(toxic) for toxic in body.get("toxics") or ())
        return cls(
            body["name"], split_address(body["listen"]), split_address(body["upstream"]), body["enabled"], toxics
        )


@dataclass(frozen=True)
class Capabilities:
    """What the server can do.

    black_hole: accept-queue (new connections time out while connecting), silence (the embedded server where the
    system gives no better: accepted, then silence, FIN swallowed), timeout (a real one: as silence, but FIN leaks).
    request_failure: drawn per request, or per connection. cut: rst (connections are reset), or fin (a real server:
    the proxy is disabled for a moment). bulk: several links change at once, between two bytes.
    """

    server: str
    black_hole: Literal["accept-queue", "silence", "timeout"] = "timeout"
    request_failure: Literal["per-request", "per-connection"] = "per-connection"
    cut: Literal["rst", "fin"] = "fin"
    bulk: bool = False
