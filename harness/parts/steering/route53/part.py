"""Route 53: its control plane (moto behind a truthful API), its data plane, and the failover records between places.

Failover records know a PRIMARY and a SECONDARY (Developer Guide, "Failover routing"): the places with these roles.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

from harness.engines.addresses import can_listen, choose_port
from harness.errors import WorldError
from harness.faults.model import Link
from harness.kit.address import Address
from harness.names import CHECKERS, CONTROL_REGION, ROUTE53
from harness.parts.steering.route53.edge_records import balancer_dns_name, create_edge, set_negative_ttl
from harness.parts.steering.route53.spec import Route53 as Settings
from harness.topology.environment import Environment, Spec
from harness.wire.admin_client import AdminClient
from harness.world.diagnosis import Complaint, Diagnosis, is_passive, port
from harness.world.load_balancer import LoadBalancer
from harness.world.part import LIGHT, LOOPBACK, READY_TIMEOUT_S, Blueprint, Ground, Net, Process, StatusLine
from harness.world.steering import Steering
from harness.world.wires import Arrow

MODULE = "harness.parts.steering.route53.server"
_CONTROL_GROUP, _CONTROL_MODULE = "aws", "harness.engines.moto.server"
_TRUTHFUL = "harness.parts.steering.route53.control_plane:truthful"
_STATUS = re.compile(r"HTTP Status Code (\d{3})")
_QUORUM = 0.75
"""The share of a check's checkers that must have data; 18 % decide, but a few early ones are no steady state."""


class Route53(Steering):
    """Leads clients to the primary while its health check is healthy, else to the standby."""

    name = ROUTE53

    def __init__(self, blueprint: Blueprint, negative_ttl_s: float | None = None) -> None:
        self._blueprint = blueprint
        self._negative_ttl_s = negative_ttl_s
        self._environment = blueprint.environment
        self._data: Process | None = None

    def start(self, ground: Ground) -> None:
        """Start the control plane; while it warms up, do what the first client of a process takes long for."""
        config = {"region": CONTROL_REGION, "role": "control-plane", "listen": [LOOPBACK, 0], "wrap": _TRUTHFUL}
        self._control = ground.spawn(_CONTROL_GROUP, "control-plane", _CONTROL_MODULE, config)
        self._events = ground.folder / f"{self.name}.events.jsonl"
        from harness.engines.aws.clients import RegionClients

        RegionClients(CONTROL_REGION, (LOOPBACK, 1)).client("route53").close()

    @property
    def _api(self) -> Address:
        return _address(self._control, "listen")

    def endpoints(self) -> Mapping[str, Address]:
        """api: the control plane, past every link; once connected, dns: the name server, admin: of the data plane."""
        later = () if self._data is None else ("dns", "admin")
        return {"api": self._api, **{key: self._plane(key) for key in later}}

    def _plane(self, key: str) -> Address:
        if self._data is None:
            raise WorldError(f"{self.name}: its data plane is not there before the links are up")
        return _address(self._data, key)

    def arrows(self) -> Sequence[Arrow]:
        """From every instance of the subject to the API."""
        upstream, carries = self._api, ((CONTROL_REGION, ROUTE53), ("aws-global", ROUTE53))
        environment = self._environment
        return [
            Arrow(
                Link(
                    i.name, i.place, CONTROL_REGION, CONTROL_REGION, ROUTE53,
                    component=i.component.name, home=environment.home_of(i.place),
                ),
                upstream,
                carries=carries,
            )
            for i in self._blueprint.subject.instances(environment)
        ]  # fmt: skip

    def connect(self, net: Net) -> None:
        """Start the data plane, and publish the edges while it comes up."""
        self._edges = net.edges
        self._data = net.ground.spawn(LIGHT, self.name, MODULE, self._config(net))
        self._publish()
        AdminClient("control-plane", self._api).post("/drill/data-plane", {"admin": list(self._plane("admin"))})

    def _config(self, net: Net) -> dict[str, object]:
        environment, timing = self._environment, self._blueprint.timing
        balancers = {}
        for balancer in net.of(LoadBalancer):
            told, answered = balancer.targets(), net.edges[balancer.place].answered
            balancers[balancer_dns_name(balancer.place)] = {
                "address": answered, **({} if told is None else {"admin": list(told)})
            }  # fmt: skip
        wanted = environment.edge.dns_port and choose_port([LOOPBACK], environment.edge.dns_port, "edge.dns_port")
        return {
            "control_plane": list(self._api),
            "dns": [LOOPBACK, wanted],
            "admin": [LOOPBACK, 0],
            "address_book": {edge.answered: list(net.edge(CHECKERS, place)) for place, edge in net.edges.items()},
            "load_balancers": balancers,
            "regions": {edge.answered: place for place, edge in net.edges.items()},
            "watch": [environment.edge.record],
            "checkers": environment.health_checks.checkers,
            "scale": timing.scale,
            "seed": self._blueprint.seed,
            "events": str(self._events),
        }

    def _publish(self) -> None:
        """Make the zone, the health checks and the records, by plain Route 53 calls. Raises WorldError."""
        from harness.engines.aws.clients import RegionClients, told

        addresses = {place: (edge.answered, edge.port) for place, edge in self._edges.items()}
        path = self._blueprint.subject.application.edge_health_path
        client = RegionClients(CONTROL_REGION, self._api).client("route53")
        try:
            told("the edge was not published", lambda: self._make_zone(client, addresses, path))
        finally:
            client.close()

    def _make_zone(self, client: Any, addresses: Mapping[str, Address], path: str) -> None:
        zone_id = create_edge(client, self._environment, addresses, path)
        if self._negative_ttl_s is not None:
            set_negative_ttl(client, zone_id, self._negative_ttl_s)

    def freeze(self) -> None:
        """See Steering."""
        self._admin.post("/freeze", {"name": self._environment.edge.record})

    def thaw(self) -> None:
        """See Steering."""
        self._admin.post("/thaw")

    def answers(self) -> Sequence[str]:
        """See Steering."""
        found = self._admin.get("/status")["answers"].get(self._environment.edge.record, {})
        return [str(address) for address in found.get("addresses") or ()]

    @property
    def dns(self) -> Address:
        """See Steering."""
        return self._plane("dns")

    @property
    def _admin(self) -> AdminClient:
        return AdminClient(self.name, self._plane("admin"))

    def ready(self) -> Sequence[str]:
        """Why the edge's health checks are no quorum yet."""
        return quorum_reasons(self._admin.get("/status")["checks"], self._environment)

    def complaints(self) -> Mapping[str, Sequence[Complaint]]:
        """Of health checks that find a place unhealthy: why."""
        path = self._blueprint.subject.application.edge_health_path
        return {
            str(check["region"]): [_complaint(check, path)]
            for check in self._admin.get("/status")["checks"]
            if check["region"] and check["status"] == "unhealthy"
        }

    def reset(self) -> None:
        """A new zone with new checks, of which nothing is known."""
        AdminClient("control-plane", self._api).post("/drill/reset")
        self._publish()
        self._admin.post("/reset")

    def status(self) -> Sequence[StatusLine]:
        """Where the API and the name server are."""
        return (
            StatusLine("Route 53 API", "{}:{}".format(*self._api), "past every link"),
            StatusLine("DNS", "{}:{}".format(*self.dns), "authoritative, UDP and TCP"),
        )

    def events(self) -> Sequence[Path]:
        """Health checks and answers that changed."""
        return (self._events,)

    def versions(self) -> Mapping[str, str]:
        """Of what speaks DNS and HTTP here, and of moto."""
        return {name: metadata.version(name) for name in ("dnspython", "aiohttp", "moto")}


def quorum_reasons(checks: Sequence[Mapping[str, object]], environment: Environment) -> list[str]:
    """Why the health checks of the two places are no quorum yet. checks: as the data plane's status tells them."""
    by_place = {check["region"]: check for check in checks}
    reasons = []
    for place in (environment.primary, environment.standby):
        check = by_place.get(place.name)
        if check is None:
            reasons.append(f"no health check of {place.name} yet")
        elif float(str(check["has_data"])) < _QUORUM * float(str(check["checkers"])):
            reasons.append(f"{check['has_data']} of {check['checkers']} checkers of {place.name} have data")
    return reasons


def _complaint(check: Mapping[str, Any], path: str) -> Complaint:
    why = _why(check)
    found = _STATUS.search(why)
    text = f"Route 53's health check of {check['region']} is unhealthy: {path}: {why}"
    return Complaint(text, is_passive(None if found is None else int(found[1])))


def _why(check: Mapping[str, Any]) -> str:
    """What most of its checkers saw last."""
    seen = Counter(o["status"] for o in check["observations"] if o["status"] and not o["healthy"])
    return seen.most_common(1)[0][0] if seen else "nothing is known of why"


def _address(process: Process, key: str) -> Address:
    host, number = process.ready(READY_TIMEOUT_S)[key]
    return str(host), int(number)


def build(blueprint: Blueprint, spec: Spec) -> list[Route53]:
    """One for the application's name."""
    if not isinstance(spec, Settings):
        raise WorldError("not the settings of Route 53")
    return [Route53(blueprint, spec.negative_ttl_s)]


def diagnose(blueprint: Blueprint, spec: Spec) -> Iterator[Diagnosis]:
    """Whether the wanted port of the name server is free."""
    wanted = blueprint.environment.edge.dns_port
    if wanted:
        yield port("edge.dns_port", LOOPBACK, wanted, free=can_listen(LOOPBACK, wanted))
