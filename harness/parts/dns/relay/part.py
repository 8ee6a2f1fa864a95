"""The way to DNS: resolvers between clients and name servers, and a link for each way, over UDP and TCP.

All name servers are the steering's own one, behind links of their own: what differs between two name servers of a zone
is whether they are reached. DNS is outside of every place, so losing a place takes none of it away.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from harness.faults.hand import Hand
from harness.faults.model import Link
from harness.faults.needs import DNS_PATHS
from harness.kit.address import Address, join_address
from harness.names import CANARY, CLIENTS, DNS, DNS_RELAY, OUTSIDE, link_name
from harness.parts.dns.relay.answers import WRONG_ADDRESS
from harness.parts.dns.relay.hand import DnsHand
from harness.parts.dns.relay.spec import Relay as Spec
from harness.wire.admin_client import AdminClient
from harness.world.naming import NameService, Stub, name_servers, resolvers
from harness.world.part import LIGHT, LOOPBACK, Blueprint, Ground, Net, StatusLine
from harness.world.process import Process, listening
from harness.world.steering import Steering
from harness.world.wires import Arrow

MODULE = "harness.parts.dns.relay.server"


class Relay(NameService):
    """Carries questions from clients to resolvers, and from those to name servers."""

    name = DNS_RELAY

    def __init__(self, blueprint: Blueprint, spec: Spec) -> None:
        self._blueprint = blueprint
        self._spec = spec
        self._name_servers, self._resolvers = name_servers(spec.name_servers), resolvers(spec.resolvers)
        self._process: Process | None = None

    def start(self, ground: Ground) -> None:
        """Start the process; it is told where the answers are once the links are up."""
        self._events = ground.folder / f"{self.name}.events.jsonl"
        config = {
            "name_servers": list(self._name_servers), "resolvers": list(self._resolvers), "listen": LOOPBACK,
            "seed": self._blueprint.seed, "events": str(self._events),
        }  # fmt: skip
        self._process = ground.spawn(LIGHT, self.name, MODULE, config)

    def endpoints(self) -> Mapping[str, Address]:
        """By link: where it listens; admin: its own interface."""
        return listening(self.name, self._process)

    def arrows(self) -> Sequence[Arrow]:
        """From clients and a canary to every resolver; from each resolver and a canary to every name server."""
        ways = [(source, one) for one in self._resolvers for source in (CLIENTS, CANARY)]
        ways += [(source, one) for one in self._name_servers for source in (*self._resolvers, CANARY)]
        return [self._arrow(source, target) for source, target in ways]

    def _arrow(self, source: str, target: str) -> Arrow:
        link = Link(source, OUTSIDE, target, OUTSIDE, DNS, from_canary=source == CANARY)
        probe = {"kind": "dns", "name": self._blueprint.environment.edge.record, "bad": [WRONG_ADDRESS]}
        at = self.endpoints()[link.name]
        return Arrow(link, at, at, probe=probe if link.from_canary else None, carrier=self.name)

    def connect(self, net: Net) -> None:
        """Where the answers are."""
        (steering,) = net.of(Steering)
        self._admin.post("/upstream", list(steering.dns))

    def asked(self) -> Sequence[Address]:
        """See NameService."""
        at = self.endpoints()
        return [at[link_name(CLIENTS, one, DNS)] for one in self._resolvers]

    @property
    def stub(self) -> Stub:
        """See NameService."""
        return Stub(self._spec.timeout_s, self._spec.attempts)

    @property
    def _admin(self) -> AdminClient:
        return AdminClient(self.name, self.endpoints()["admin"])

    def reset(self) -> None:
        """Nothing is wrong with any link."""
        self._admin.post("/reset")

    def status(self) -> Sequence[StatusLine]:
        """Where clients ask, and what is wrong with each link."""
        admin = join_address(self.endpoints()["admin"])
        asked = zip(self._resolvers, self.asked(), strict=True)
        return (
            *(StatusLine(one, join_address(at), "as clients ask it, UDP and TCP") for one, at in asked),
            StatusLine("links of DNS", admin, "", f"http://{admin}/lines"),
        )

    def events(self) -> Sequence[Path]:
        """What resolvers find out of name servers."""
        return (self._events,)

    def hands(self) -> Sequence[Hand]:
        """The adversary's."""
        return (DnsHand(lambda: self._admin),)

    def capabilities(self) -> Mapping[str, bool | str]:
        """That the way to DNS can be broken."""
        return {DNS_PATHS: True}


def build(blueprint: Blueprint, spec: Spec) -> list[Relay]:
    """One for all resolvers and name servers."""
    return [Relay(blueprint, spec)]
