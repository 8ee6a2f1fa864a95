"""Cloudflare Load Balancing: its API and name servers, and the data centres that look at every place's edge.

Each place is a pool. The answer follows what the data centres see, so nobody of the subject has to call the API.
"""

from __future__ import annotations

import hashlib
import shlex
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from harness.engines.addresses import front_addresses
from harness.kit.address import Address, join_address
from harness.names import CHECKERS, CLIENTS, CLOUDFLARE
from harness.parts.steering.cloudflare.publishing import ACCOUNT, ZONE, Caller, publish
from harness.parts.steering.cloudflare.routes import BASE
from harness.parts.steering.cloudflare.server import ALIVE
from harness.parts.steering.cloudflare.spec import Cloudflare as Spec
from harness.world.diagnosis import Complaint, Diagnosis, is_passive
from harness.world.part import LIGHT, LOOPBACK, Blueprint, Ground, Net
from harness.world.provider_process import CheckingProvider, name_server_port
from harness.world.steering import Asked, watched_by
from harness.world.wires import Arrow

MODULE = "harness.parts.steering.cloudflare.server"
TOKEN = "drill".ljust(40, "0")
"""Of an account on loopback: no secret. Whoever calls by hand has it."""
_PUBLISHING = "publishing"
_QUORUM = 0.75
"""The share of an endpoint's data centres that must have looked before a state is steady."""
_LOOK = """\
from cloudflare import Cloudflare
client = Cloudflare(api_token="{token}", base_url="{url}", max_retries=0)
for pool in client.load_balancers.pools.list(account_id="{account}"):
    print(pool.name, client.load_balancers.pools.health.get(pool.id, account_id="{account}"))
"""
"""No empty lines: shells paste what is between quotation marks as it is."""


class Cloudflare(CheckingProvider):
    """Leads clients to the first pool that is healthy, else to the one of last resort."""

    name = CLOUDFLARE
    api_line = ("Cloudflare API", "past every link")

    def __init__(self, blueprint: Blueprint, spec: Spec) -> None:
        super().__init__(blueprint)
        self._spec = spec
        self._fronts: Mapping[str, Address] = {}
        self._net: Net | None = None

    def start(self, ground: Ground) -> None:
        """Start the process; what it looks at is told once the links are up."""
        self._edges = ground.edges
        environment = self._environment
        ports = {edge.port for edge in ground.edges.values()}
        self._fronts = front_addresses(min(ports)) if self._spec.proxied else {}
        self._process = ground.spawn(
            LIGHT,
            self.name,
            MODULE,
            {
                "token": TOKEN,
                "callers": {token_of(_PUBLISHING): ""},
                "zone": environment.edge.hosted_zone,
                "dns": [LOOPBACK, environment.edge.dns_port],
                "anycast": self._fronts,
                "watch": [environment.edge.record],
                "places": {edge.answered: place for place, edge in ground.edges.items()},
                "requests": self._spec.requests_per_5_minutes,
                "scale": self._blueprint.timing.scale,
                "seed": self._blueprint.seed,
                "events": self._noting_in(ground),
            },
        )

    def arrows(self) -> Sequence[Arrow]:
        """The canaries' that show that the API is lost, or that the data centres see nothing."""
        told = self.endpoints()
        checks = Asked(told["admin"], "/sight", ("unreachable", "frozen"))
        return list(watched_by(Asked(told["api"], ALIVE), checks))

    def connect(self, net: Net) -> None:
        """The links are up: tell where health checks dial, and set the edge up."""
        self._net = net
        books = {
            what: {edge.answered: list(net.edge(source, place)) for place, edge in net.edges.items()}
            for what, source in (("checks", CHECKERS), ("proxies", CLIENTS))
        }
        self._admin.post("/address-book", books)
        self._publish()

    def _publish(self) -> None:
        caller = Caller(self.endpoints()["api"], token_of(_PUBLISHING))
        publish(caller, self._blueprint, self._spec, self._edges)

    def fronts(self) -> Mapping[str, Address]:
        """See Steering: the addresses of Cloudflare's own edge, where the name is proxied."""
        return self._fronts

    def ready(self) -> Sequence[str]:
        """Why the data centres are no quorum yet."""
        return quorum_reasons(self._told(), [place.name for place in self._environment.places[:2]])

    def _told(self) -> Mapping[str, Mapping[str, Any]]:
        """What the process says of each place's endpoint."""
        places = {edge.answered: place for place, edge in self._edges.items()}
        found = self._admin.get("/status")["endpoints"]
        return {places[one["address"]]: one for one in found if one["address"] in places}

    def complaints(self) -> Mapping[str, Sequence[Complaint]]:
        """Of data centres that find a place unhealthy: why."""
        path = self._blueprint.subject.application.edge_health_path
        return {place: [_complaint(place, one, path)] for place, one in self._told().items() if not one["healthy"]}

    def commands(self) -> Sequence[tuple[str, str]]:
        """What one does with the API: by `curl`, and with Cloudflare's own client."""
        url = f"http://{join_address(self.endpoints()['api'])}{BASE}"
        header = f"-H 'Authorization: Bearer {TOKEN}'"
        look = _LOOK.format(token=TOKEN, url=url, account=ACCOUNT)
        return (
            ("The load balancer:", f"curl -s {header} {url}/zones/{ZONE}/load_balancers"),
            ("The pools:", f"curl -s {header} {url}/accounts/{ACCOUNT}/load_balancers/pools"),
            ("What each data centre sees, with Cloudflare's client:", f"python -c {shlex.quote(look)}"),
        )


def quorum_reasons(told: Mapping[str, Mapping[str, Any]], places: Sequence[str]) -> list[str]:
    """Why what is known of the places is no quorum yet. told: by place, as the process's status tells it."""
    reasons = []
    for place in places:
        one = told.get(place)
        if one is None or not one["data_centres"]:
            reasons.append(f"no data centre looks at {place} yet")
        elif one["has_data"] < _QUORUM * one["data_centres"]:
            reasons.append(f"{one['has_data']} of {one['data_centres']} data centres have looked at {place}")
    return reasons


def _complaint(place: str, told: Mapping[str, Any], path: str) -> Complaint:
    number = f" (HTTP {told['status']})" if told["status"] else ""
    why = f"{told['failure'] or 'nothing is known of why'}{number}"
    return Complaint(f"Cloudflare's monitor finds {place} unhealthy: {path}: {why}", is_passive(told["status"]))


def token_of(name: str) -> str:
    """The token of somebody who calls the API of this world."""
    return hashlib.sha256(f"cloudflare/{name}".encode()).hexdigest()[:40]


def build(blueprint: Blueprint, spec: Spec) -> list[Cloudflare]:
    """One for the application's name."""
    return [Cloudflare(blueprint, spec)]


def diagnose(blueprint: Blueprint, spec: Spec) -> Iterator[Diagnosis]:
    """Whether the wanted port of the name server is free."""
    return name_server_port(blueprint)
