"""Route 53: its control plane (moto behind a truthful API), its data plane, and the failover records between places.

Failover records know a PRIMARY and a SECONDARY (Developer Guide, "Failover routing"): the places with these roles.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

from harness.engines.addresses import choose_port
from harness.engines.provider.values import ApiLoss
from harness.errors import WorldError
from harness.faults.model import Link
from harness.faults.needs import PROVIDER_CONTROL_PLANE, PROVIDER_HEALTH_CHECKS, ROUTING_CONTROLS
from harness.kit.address import Address
from harness.names import CHECKERS, CLOUDWATCH, CONTROL_REGION, ROUTE53
from harness.parts.steering.route53.edge_records import (
    alarm_name,
    alarm_of,
    balancer_dns_name,
    create_edge,
    set_negative_ttl,
)
from harness.parts.steering.route53.outage import UNAVAILABLE
from harness.parts.steering.route53.pacing import CALLS_PER_S, INSYNC_S
from harness.parts.steering.route53.readiness import complaint, quorum_reasons, unheard, untold
from harness.parts.steering.route53.routing_controls.beside import RoutingControlsBeside
from harness.parts.steering.route53.spec import Route53 as Spec
from harness.topology.environment import Spec as AnySpec
from harness.topology.subject import Instance
from harness.wire.admin_client import AdminClient
from harness.world.diagnosis import Complaint, Diagnosis
from harness.world.load_balancer import LoadBalancer
from harness.world.part import LIGHT, LOOPBACK, Blueprint, Ground, Net, StatusLine
from harness.world.process import Process, listening
from harness.world.provider_process import CheckingProvider, name_server_port
from harness.world.steering import Asked, watched_by
from harness.world.wires import Arrow

MODULE = "harness.parts.steering.route53.server"
_CONTROL_GROUP, _CONTROL_MODULE = "aws", "harness.engines.moto.server"
_TRUTHFUL = "harness.parts.steering.route53.control_plane:truthful"
_ANY_CALL, _BLIND = "/2013-04-01/healthcheck?maxitems=1", ('"unreachable"', '"frozen"')
"""What the canaries ask, and what means that the checkers are blind."""
_NO_CHECKS = "not measurable here: health checks follow routing controls, and no checker looks at anything"
_NO_CONTROLS = "not measurable here: nobody has routing controls (`steering: {kind: route53, routing_controls: {}}`)"


class Route53(CheckingProvider):
    """Leads clients to the primary while its health check is healthy, else to the standby."""

    name = ROUTE53

    def __init__(self, blueprint: Blueprint, spec: Spec) -> None:
        super().__init__(blueprint)
        self._spec = spec
        controls = spec.routing_controls
        self._beside = None if controls is None else RoutingControlsBeside(blueprint, controls)
        self._controls: Mapping[str, str] = {}
        self._net: Net | None = None
        self._control: Process | None = None

    def start(self, ground: Ground) -> None:
        """Start the control plane; while it warms up, do what the first client of a process takes long for."""
        config = {"region": CONTROL_REGION, "role": "control-plane", "listen": [LOOPBACK, 0], "wrap": _TRUTHFUL}
        self._control = ground.spawn(_CONTROL_GROUP, "control-plane", _CONTROL_MODULE, config)
        self._noted = self._noting_in(ground)
        self._public = ground.edges
        if self._beside is not None:
            self._beside.start(ground)
        from harness.engines.aws.clients import RegionClients

        RegionClients(CONTROL_REGION, (LOOPBACK, 1)).client("route53").close()

    @property
    def _api(self) -> Address:
        return listening("control-plane", self._control)["listen"]

    def endpoints(self) -> Mapping[str, Address]:
        """api: the control plane, past every link; once connected, dns: the name server, admin: of the data plane."""
        later = {} if self._process is None else self._own
        beside = {} if self._beside is None else {"routing-control-config": self._beside.config, **self._beside.cluster}
        return {"api": self._api, **later, **beside}

    @property
    def _own(self) -> Mapping[str, Address]:
        if self._process is None:
            raise WorldError(f"{self.name}: its data plane is not there before the links are up")
        return super()._own

    def arrows(self) -> Sequence[Arrow]:
        """From every instance of the subject to the API, and the canaries that ask how it is, and what checkers see."""
        upstream = self._api
        return [
            *watched_by(Asked(upstream, _ANY_CALL, (UNAVAILABLE,)), Asked(upstream, "/drill/sight", _BLIND)),
            *self._callers(upstream),
            *(() if self._beside is None else self._beside.arrows(self._public)),
        ]

    def _callers(self, upstream: Address) -> list[Arrow]:
        environment, carries = self._environment, ((CONTROL_REGION, ROUTE53), ("aws-global", ROUTE53))
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
        self._edges, self._net = net.edges, net
        self._process = net.ground.spawn(LIGHT, self.name, MODULE, self._config(net))
        self._publish()
        scale = self._blueprint.timing.scale
        self._control_plane.post("/drill/pace", {"insync_s": INSYNC_S * scale, "calls_per_s": CALLS_PER_S})
        self._control_plane.post("/drill/data-plane", {"admin": list(self._own["admin"])})

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
            "clients_at": self._spec.clients_at,
            "locations": dict(self._spec.locations),
            "routing_controls": None if self._beside is None else list(self._beside.admin),
            "cloudwatch": {
                arrow.link.target: list(net.at(arrow))
                for arrow in net.dialled_by(CHECKERS)
                if arrow.link.service == CLOUDWATCH
            },
            "alarms": {alarm_name(place.name): place.name for place in environment.places},
            "events": self._noted,
        }

    def _publish(self) -> None:
        """Make the zone, the health checks and the records, by plain Route 53 calls. Raises WorldError."""
        from harness.engines.aws.clients import RegionClients, told

        addresses = {place: (edge.answered, edge.port) for place, edge in self._edges.items()}
        path = self._blueprint.subject.application.edge_health_path
        client = RegionClients(CONTROL_REGION, self._api).client("route53")
        try:
            self._put_alarms()
            self._controls = {} if self._beside is None else self._beside.publish()
            told("the edge was not published", lambda: self._make_zone(client, addresses, path))
        finally:
            client.close()

    def _put_alarms(self) -> None:
        """Make each place's alarm in its region, which has forgotten everything. Raises WorldError."""
        from harness.engines.aws.clients import RegionClients, told

        if self._spec.alarm is None or self._net is None:
            return
        at = {a.link.target: self._net.at(a) for a in self._net.dialled_by(CHECKERS) if a.link.service == CLOUDWATCH}
        for place in (self._environment.primary, self._environment.standby):
            region = place.database_name
            client = RegionClients(region, at[region]).client("cloudwatch")
            settings = alarm_of(place, self._spec.alarm)
            try:
                told(f"the alarm of {place.name} was not made", lambda c=client, s=settings: c.put_metric_alarm(**s))  # type: ignore[misc]
            finally:
                client.close()

    def _make_zone(self, client: Any, addresses: Mapping[str, Address], path: str) -> None:
        zone_id = create_edge(client, self._environment, addresses, path, self._spec, self._controls)
        if self._spec.negative_ttl_s is not None:
            set_negative_ttl(client, zone_id, self._spec.negative_ttl_s)

    def environment_for(self, instance: Instance) -> Mapping[str, str]:
        """What whoever switches routing controls needs; nothing elsewhere."""
        if self._beside is None or self._net is None:
            return {}
        return self._beside.variables(self._net, instance)

    def lose_api(self, mode: ApiLoss = "failing") -> None:
        """See Steering. The data plane follows the same API, and goes on with what it has read."""
        self._control_plane.post("/drill/outage", {"mode": mode})
        if self._beside is not None:
            self._beside.outage(mode)

    def restore_api(self) -> None:
        """See Steering."""
        self._control_plane.post("/drill/outage", {"mode": None})
        if self._beside is not None:
            self._beside.outage(None)

    @property
    def _control_plane(self) -> AdminClient:
        return AdminClient("control-plane", self._api)

    def ready(self) -> Sequence[str]:
        """Why the edge's health checks are no quorum yet, or the routing controls not heard of."""
        if self._beside is not None:
            return unheard(self._admin.get("/status")["checks"])
        if self._spec.alarm is not None:
            return untold(self._admin.get("/status")["checks"], self._spec.alarm, self._environment)
        return quorum_reasons(self._admin.get("/status")["checks"], self._environment)

    def complaints(self) -> Mapping[str, Sequence[Complaint]]:
        """Of health checks that find a place unhealthy: why."""
        path = self._blueprint.subject.application.edge_health_path
        return {
            str(check["region"]): [complaint(check, path)]
            for check in self._admin.get("/status")["checks"]
            if check["region"] and check["status"] == "unhealthy"
        }

    def reset(self) -> None:
        """A new zone with new checks, of which nothing is known."""
        self._control_plane.post("/drill/reset")
        if self._beside is not None:
            self._beside.reset()
        self._publish()
        self._admin.post("/reset")

    def status(self) -> Sequence[StatusLine]:
        """Where the API and the name server are."""
        beside = () if self._beside is None else self._beside.status()
        return (
            StatusLine("Route 53 API", "{}:{}".format(*self._api), "past every link"),
            StatusLine("DNS", "{}:{}".format(*self.dns), "authoritative, UDP and TCP"),
            *beside,
        )

    def events(self) -> Sequence[Path]:
        """Health checks and answers that changed."""
        return (self._events,) if self._beside is None else (self._events, self._beside.events)

    def capabilities(self) -> Mapping[str, bool | str]:
        """What can be taken away."""
        return {
            PROVIDER_CONTROL_PLANE: True,
            PROVIDER_HEALTH_CHECKS: self._beside is None or _NO_CHECKS,
            ROUTING_CONTROLS: self._beside is not None or _NO_CONTROLS,
        }

    def versions(self) -> Mapping[str, str]:
        """Of what speaks DNS and HTTP here, and of moto."""
        return {name: metadata.version(name) for name in ("dnspython", "aiohttp", "moto")}


def build(blueprint: Blueprint, spec: AnySpec) -> list[Route53]:
    """One for the application's name."""
    assert isinstance(spec, Spec)
    return [Route53(blueprint, spec)]


def diagnose(blueprint: Blueprint, spec: AnySpec) -> Iterator[Diagnosis]:
    """Whether the wanted port of the name server is free."""
    return name_server_port(blueprint)
