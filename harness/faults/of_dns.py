"""What the faults on the way to DNS share: which links lead there, and by which names they are called.

A link of DNS leads from clients or a canary to a resolver, or from a resolver or a canary to a name server.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from harness.faults.dns_actions import TroubleDns
from harness.faults.model import BLACK_HOLE, REFUSE, Fault, Link, Plan, ProcessRef
from harness.faults.needs import DNS_PATHS
from harness.names import CANARY, CLIENTS, DNS

NAME_SERVERS, RESOLVERS = "name-servers", "resolvers"
"""All of them."""


@dataclass(frozen=True)
class OfDns(Fault):
    """A fault on the way to DNS."""

    needs: ClassVar[tuple[str, ...]] = (DNS_PATHS,)

    def hits(self, link: Link) -> bool:
        return link.service == DNS and link.target == self.target


@dataclass(frozen=True)
class LosesDns(OfDns):
    """A server that nobody reaches any more: black-hole: no answer comes. refuse: the port is closed."""

    modes: ClassVar[tuple[str, ...]] = (BLACK_HOLE, REFUSE)

    mode: str = BLACK_HOLE

    def plan(self, links: Sequence[Link], processes: Sequence[ProcessRef]) -> Plan:
        hit = self.chosen(links)
        name = f"{self.kind}.{self.target}"
        return self.planned([TroubleDns(link.name, name, self.mode) for link in hit], hit)


def resolvers_in(links: Iterable[Link]) -> set[str]:
    """Whom clients ask."""
    return {link.target for link in links if link.service == DNS and link.source == CLIENTS}


def name_servers_in(links: Iterable[Link]) -> set[str]:
    """Whom resolvers ask."""
    return {link.target for link in links if link.service == DNS and link.source not in (CLIENTS, CANARY)}
