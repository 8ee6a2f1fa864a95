"""Akamai GTM, outside of every place: a signed API, liveness testing agents, name servers, and the property that leads
clients to the primary while most agents find it good, else to the standby.

The application's name is a CNAME in the customer's own zone, and leads to the property. The world's own set-up counts
as made long ago: only what is changed afterwards has to be activated.
"""

from __future__ import annotations

import hashlib
import shlex
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from harness.engines.addresses import choose_port
from harness.kit.address import join_address
from harness.names import AKAMAI, CHECKERS
from harness.parts.steering.akamai.calls import BASE
from harness.parts.steering.akamai.model import UNAVAILABLE
from harness.parts.steering.akamai.publishing import Caller, Publisher, property_name
from harness.parts.steering.akamai.signing import Credential
from harness.parts.steering.akamai.spec import Akamai as Spec
from harness.topology.environment import Environment
from harness.world.diagnosis import Complaint, Diagnosis, is_passive
from harness.world.part import LIGHT, LOOPBACK, Blueprint, Ground, Net
from harness.world.provider_process import CheckingProvider, name_server_port
from harness.world.steering import Asked, watched_by
from harness.world.wires import Arrow

MODULE = "harness.parts.steering.akamai.server"
BY_HAND = "by hand"
"""Under which name calls with the account's own credential are told."""
_PUBLISHING = ""
_QUORUM = 0.75
"""The share of agents that must have reported of a server: less is no steady state."""
_BLIND = ('"unreachable"', '"frozen"')
_CALL = """\
import requests
from akamai.edgegrid import EdgeGridAuth
session = requests.Session()
session.auth = EdgeGridAuth(client_token="{token}", client_secret="{secret}", access_token="{access}")
version = {{"Accept": "application/vnd.config-gtm.v1.6+json", "Content-Type": "application/vnd.config-gtm.v1.6+json"}}
property = "{url}{base}/domains/{domain}/properties/{property}"
"""
_SHOW = """\
print(session.get(property, headers=version).json())
print(session.get("{url}{base}/domains/{domain}/status/current").json())
"""
_MOVE = """\
body = session.get(property, headers=version).json()
for target in body["trafficTargets"]:
    target["enabled"] = target["servers"] == ["{address}"]
print(session.put(property, headers=version, json=body).json()["status"])
"""
"""No empty lines: shells paste what is between quotation marks as it is."""


class Akamai(CheckingProvider):
    """Leads clients to what the property hands out."""

    name = AKAMAI
    api_line = ("Akamai API", "past every link, signed by EdgeGrid")
    account_line = "GTM"

    def __init__(self, blueprint: Blueprint, spec: Spec) -> None:
        super().__init__(blueprint)
        self._spec = spec

    def start(self, ground: Ground) -> None:
        """Start the process; where its agents dial is told once the links are up."""
        self._edges = ground.edges
        environment, spec = self._environment, self._spec
        wanted = environment.edge.dns_port and choose_port([LOOPBACK], environment.edge.dns_port, "edge.dns_port")
        alias = {
            "name": environment.edge.record, "zone": environment.edge.hosted_zone, "ttl_s": spec.cname_ttl_s,
            "negative_ttl_s": spec.negative_ttl_s,
            "target": f"{property_name(environment.edge.record)}.{spec.domain}",
        }  # fmt: skip
        config = {
            "credentials": [vars(credential_of(BY_HAND)), vars(credential_of(_PUBLISHING))],
            "dns": [LOOPBACK, wanted],
            "aliases": [alias],
            "watch": [environment.edge.record],
            "edges": {place: edge.answered for place, edge in ground.edges.items()},
            "agents": spec.agents,
            "scale": self._blueprint.timing.scale,
            "seed": self._blueprint.seed,
            "activation_s": spec.activation_s,
            "half_life_tests": spec.half_life_tests,
            "events": self._noting_in(ground),
        }
        self._process = ground.spawn(LIGHT, self.name, MODULE, config)

    def arrows(self) -> Sequence[Arrow]:
        """The canaries that ask how the API is, and what the agents see."""
        found = self.endpoints()
        return list(watched_by(Asked(found["api"], BASE, (UNAVAILABLE,)), Asked(found["admin"], "/sight", _BLIND)))

    def connect(self, net: Net) -> None:
        """The links are up, and the load balancers listen."""
        book = {edge.answered: list(net.edge(CHECKERS, place)) for place, edge in net.edges.items()}
        self._admin.post("/address-book", book)
        self._publish()

    def _publish(self) -> None:
        caller = Caller(self.endpoints()["api"], credential_of(_PUBLISHING))
        Publisher(caller, self._blueprint, self._spec, self._edges).publish()
        self._admin.post("/activate")

    def ready(self) -> Sequence[str]:
        """Why the agents are no quorum yet."""
        return quorum_reasons(self._admin.get("/status")["servers"], self._addresses(), self._environment)

    def complaints(self) -> Mapping[str, Sequence[Complaint]]:
        """Of agents that find a place failing: why."""
        by_address = {address: place for place, address in self._addresses().items()}
        path = self._blueprint.subject.application.edge_health_path
        return {
            by_address[server["server"]]: [_complaint(by_address[server["server"]], path, server["seen"])]
            for server in self._admin.get("/status")["servers"]
            if server["failing"] and server["server"] in by_address
        }

    def _addresses(self) -> Mapping[str, str]:
        return {place: edge.answered for place, edge in self._edges.items()}

    def commands(self) -> Sequence[tuple[str, str]]:
        """What one does with the API, with Akamai's own signing client."""
        primary, standby = self._environment.primary.name, self._environment.standby.name
        return (
            ("The property and its domain's status, signed by edgegrid-python:", self._script(_SHOW, primary)),
            (f"Leave {standby} alone enabled (takes effect once it is activated):", self._script(_MOVE, standby)),
        )

    def _script(self, lines: str, place: str) -> str:
        credential = credential_of(BY_HAND)
        words = {
            "token": credential.client_token, "secret": credential.client_secret, "access": credential.access_token,
            "url": f"http://{join_address(self.endpoints()['api'])}", "base": BASE, "domain": self._spec.domain,
            "property": property_name(self._environment.edge.record), "address": self._edges[place].answered,
        }  # fmt: skip
        return f"python -c {shlex.quote((_CALL + lines).format(**words))}"


def credential_of(name: str) -> Credential:
    """The credential of somebody who calls the API of this world: no secret, it is on loopback."""
    hexed = hashlib.sha256(f"akamai/{name}".encode()).hexdigest()
    return Credential(f"akab-client-{hexed[:16]}", hexed[16:48], f"akab-access-{hexed[48:]}", name)


def quorum_reasons(
    servers: Sequence[Mapping[str, Any]], addresses: Mapping[str, str], environment: Environment
) -> list[str]:
    """Why agents are no quorum yet. servers: as the process's status tells them. addresses: of the places' edges."""
    by_address = {server["server"]: server for server in servers}
    reasons = []
    for place in (environment.primary, environment.standby):
        server = by_address.get(addresses[place.name])
        if server is None:
            reasons.append(f"no liveness test of {place.name} yet")
        elif server["reports"] < _QUORUM * server["agents"]:
            reasons.append(f"{server['reports']} of {server['agents']} agents have reported of {place.name}")
        elif place is environment.primary and server["failing"]:
            reasons.append(f"most agents find {place.name} failing, or have not forgiven it yet")
    return reasons


def _complaint(place: str, path: str, seen: Sequence[str]) -> Complaint:
    """What most agents saw last."""
    why = Counter(seen).most_common(1)[0][0] if seen else "nothing is known of why"
    status = why.rpartition(" ")[2]
    text = f"GTM's agents find {place} failing: {path}: {why}"
    return Complaint(text, is_passive(int(status) if status.isdigit() else None))


def build(blueprint: Blueprint, spec: Spec) -> list[Akamai]:
    """One for the application's name."""
    return [Akamai(blueprint, spec)]


def diagnose(blueprint: Blueprint, spec: Spec) -> Iterator[Diagnosis]:
    """Whether the wanted port of the name server is free."""
    return name_server_port(blueprint)
