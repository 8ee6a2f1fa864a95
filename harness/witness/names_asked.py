"""Whom a witness asks for names: the authoritative server, and the resolvers that its clients ask."""

from __future__ import annotations

from dataclasses import dataclass

from harness.witness.dns_client import DnsClient, Habits, open_client
from harness.witness.models import WitnessConfig


@dataclass(frozen=True)
class NamesAsked:
    """authoritative: knows the answer as it is. lookups: what clients are told; the same one where there is no resolver
    between."""

    authoritative: DnsClient
    lookups: DnsClient

    def close(self) -> None:
        """Close every socket."""
        self.authoritative.close()
        self.lookups.close()


async def open_names(config: WitnessConfig) -> NamesAsked:
    """Open the sockets."""
    authoritative = await open_client(config.dns, config.seed)
    if not config.resolvers:
        return NamesAsked(authoritative, authoritative)
    first, *others = config.resolvers
    habits = Habits(config.stub.timeout_s, config.stub.attempts)
    return NamesAsked(authoritative, await open_client(first, config.seed, *others, habits=habits))
