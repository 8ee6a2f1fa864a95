"""The configuration of the process that carries DNS: checked once, with every problem reported at the same time."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from harness.kit.address import ANY_ADDRESS, Address, LoopbackAddress
from harness.kit.config import Strict, Text, parsed
from harness.names import CANARY, CLIENTS, DNS, link_name


class RelayConfig(Strict):
    """Addresses are [host, port], port 0 = any free one.

    name_servers, resolvers: their names; every resolver asks every name server. listen: the host on which all links
    listen. upstream: the authoritative server behind every name server; None: it is told later. events: JSON-lines file
    of what resolvers find out. seed: of draws.
    """

    name_servers: Annotated[tuple[Text, ...], Field(min_length=1, max_length=8)] = ("ns-1", "ns-2")
    resolvers: Annotated[tuple[Text, ...], Field(min_length=1, max_length=8)] = ("resolver-1", "resolver-2")
    listen: Text = "127.0.0.1"
    upstream: Address | None = None
    admin: LoopbackAddress = ANY_ADDRESS
    events: Path | None = None
    seed: int = 0

    @classmethod
    def parse(cls, config: Mapping[str, Any]) -> RelayConfig:
        """The configuration in `config`. Raises InputError with every unknown, missing or wrong key."""
        return parsed(cls, config, "relay")

    def to_name_servers(self, source: str) -> list[str]:
        """The names of the links from somebody to every name server, in the order of these."""
        return [link_name(source, server, DNS) for server in self.name_servers]

    def to_resolvers(self) -> list[str]:
        """The names of all links to resolvers, in the order of these."""
        return [link_name(source, one, DNS) for one in self.resolvers for source in (CLIENTS, CANARY)]

    def links(self) -> list[str]:
        """The names of all links."""
        return [
            *self.to_resolvers(),
            *(name for who in (*self.resolvers, CANARY) for name in self.to_name_servers(who)),
        ]
