"""Every arrow of the embedded world as a link: who speaks to whom, about what, and where both ends are. No sockets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from harness.faults.model import Link
from harness.kit.address import Address as Address
from harness.names import (
    CANARY,
    CHECKERS,
    CLIENTS,
    CONTROL_REGION,
    DYNAMODB,
    HTTP,
    OUTSIDE,
    ROUTE53,
    instance_name,
    link_name,
)
from harness.topology.environment import Environment
from harness.topology.subject import Subject

ANY_PORT = 0


@dataclass(frozen=True)
class Wire:
    """A link with its two sockets: where its proxy listens (port 0: anywhere), and where it leads."""

    link: Link
    listen: Address
    upstream: Address


@dataclass(frozen=True)
class Sockets:
    """Where the parts of a world listen. By region: load balancers, region servers, edges, applications."""

    edges: Mapping[str, Address]
    load_balancers: Mapping[str, Address]
    applications: Mapping[str, Address]
    regions: Mapping[str, Address]
    control_plane: Address


def wires(environment: Environment, subject: Subject, sockets: Sockets) -> tuple[Wire, ...]:
    """All links of a world, those that clients meet first."""
    return (
        *_edge_wires(environment, subject, sockets),
        *_database_wires(environment, subject, sockets),
        *_canary_wires(environment, sockets),
    )


def _wire(
    source: str, source_place: str, target: str, target_place: str, service: str, upstream: Address,
    listen: Address = ("127.0.0.1", ANY_PORT),
) -> Wire:  # fmt: skip
    name = link_name(source, target, service)
    return Wire(Link(name, source_place, target_place, service), listen, upstream)


def _edge_wires(environment: Environment, subject: Subject, sockets: Sockets) -> list[Wire]:
    found = []
    for region in (place.name for place in environment.places):
        balancer = sockets.load_balancers[region]
        found.append(_wire(CLIENTS, OUTSIDE, region, region, HTTP, balancer, sockets.edges[region]))
        found.append(_wire(CHECKERS, OUTSIDE, region, region, HTTP, balancer))
        found.append(_wire(CANARY, OUTSIDE, region, region, HTTP, balancer))
        application = instance_name(subject.application.name, region)
        found.append(_wire(balancer_name(region), region, application, region, HTTP, sockets.applications[region]))
    return found


def balancer_name(region: str) -> str:
    """How links call a region's load balancer."""
    return instance_name("lb", region)


def _database_wires(environment: Environment, subject: Subject, sockets: Sockets) -> list[Wire]:
    found = []
    for instance in subject.instances(environment):
        for region, upstream in sockets.regions.items():
            found.append(_wire(instance.name, instance.place, region, region, DYNAMODB, upstream))
        found.append(
            _wire(instance.name, instance.place, CONTROL_REGION, CONTROL_REGION, ROUTE53, sockets.control_plane)
        )
    return found


def _canary_wires(environment: Environment, sockets: Sockets) -> list[Wire]:
    places = (*(place.name for place in environment.places), OUTSIDE)
    return [
        _wire(instance_name(CANARY, place), place, region, region, DYNAMODB, upstream)
        for place in places
        for region, upstream in sockets.regions.items()
    ]


def gateway_routes(
    environment: Environment, instance: str, listening: Mapping[str, Address]
) -> dict[str, dict[str, list[str | int]]]:
    """Where the gateway sends one instance's calls, by region and service. listening: link name -> proxy's socket."""
    routes: dict[str, dict[str, list[str | int]]] = {}
    for region in environment.databases:
        database = listening[link_name(instance, region, DYNAMODB)]
        routes[region] = {DYNAMODB: list(database), "*": list(database)}
    control = listening[link_name(instance, CONTROL_REGION, ROUTE53)]
    routes.setdefault(CONTROL_REGION, {})[ROUTE53] = list(control)
    routes["aws-global"] = {ROUTE53: list(control)}
    return routes
