"""The seam of load balancers: who dials the edge of a place, what is behind it, and what it tells of its targets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from harness.faults.model import Link
from harness.kit.address import Address
from harness.kit.tls import Tls
from harness.names import CANARY, CHECKERS, CLIENTS, HTTP, LOAD_BALANCER, OUTSIDE, SHOP, instance_name, link_name
from harness.topology.environment import Environment
from harness.topology.kinds import folder_of, is_module, load, section_named
from harness.topology.timing import Timing
from harness.world.diagnosis import Complaint, is_passive
from harness.world.part import Blueprint, Edge, Part
from harness.world.terms import terms_of
from harness.world.wires import Arrow

TIMED_OUT = "Target.Timeout"
"""Why a target is not healthy, where its check was not answered in time (ELB API reference, TargetHealth.Reason)."""


class LoadBalancer(Part):
    """The load balancer of one place. Its links lead to the application there: those that its name dials."""

    def __init__(self, place: str) -> None:
        self.place = place
        self.name = instance_name(LOAD_BALANCER, place)

    def targets(self) -> Address | None:
        """Where `GET /targets` answers {"targets": [{"healthy": true}, ...]}, for steering that follows it.

        `POST /targets` with a list of {"id", "address", "health_path"} replaces them, for platforms whose pods come and
        go (`Arrow.registered`). None: it does not tell, and takes none.
        """
        return None


@dataclass(frozen=True)
class Settling:
    """How long load balancers take at most to change their mind about a target, in nanoseconds of one profile.

    refused_ns: until one that refuses is unhealthy; silent_ns: one that says nothing; accept_ns: until one is healthy.
    """

    refused_ns: int
    silent_ns: int
    accept_ns: int


def edges_given(environment: Environment) -> Mapping[str, Edge] | None:
    """Where the edges are, by place, as the `edges.py` of an environment's load balancer says; None where it has none,
    and addresses of this machine are chosen."""
    section = section_named("load_balancer")
    kind = environment.load_balancer.kind
    if not is_module(f"{folder_of(section, kind)}.edges"):
        return None
    found: Mapping[str, Edge] = load(section, kind, "edges").edges(environment)
    return found


def tls_of(environment: Environment) -> Tls | None:
    """How clients speak TLS with edges, as the `edges.py` of an environment's load balancer says; None: not at all."""
    section, kind = section_named("load_balancer"), environment.load_balancer.kind
    module = f"{folder_of(section, kind)}.edges"
    found = getattr(load(section, kind, "edges"), "tls", None) if is_module(module) else None
    tls: Tls | None = None if found is None else found(environment)
    return tls


def settling_of(environment: Environment, timing: Timing) -> Settling | None:
    """What the `settling.py` of an environment's load balancer says; None where it has none."""
    section = section_named("load_balancer")
    kind = environment.load_balancer.kind
    if not is_module(f"{folder_of(section, kind)}.settling"):
        return None
    found: Settling = load(section, kind, "settling").settling(environment, timing)
    return found


def targets_in_words(place: str, targets: Iterable[Mapping[str, Any]], path: str, wanted: str) -> list[Complaint]:
    """Why a load balancer finds no healthy target. targets: as `GET /targets` tells them."""
    told = list(targets)
    sick = [target for target in told if target.get("state", "unhealthy") == "unhealthy" and not target.get("healthy")]
    if not told or len(sick) < len(told):
        return []
    return [Complaint(_in_words(place, target, path, wanted), is_passive(target.get("status"))) for target in sick]


def answer_in_words(target: Mapping[str, Any]) -> str:
    """What a target's last check got. target: as `GET /targets` tells of it."""
    if target.get("reason") == TIMED_OUT:
        return "no answer in time"
    return str(target.get("status") or "no answer")


def _in_words(place: str, target: Mapping[str, Any], path: str, wanted: str) -> str:
    gives = f"{path} of {target.get('id', 'the application')} gives {answer_in_words(target)}"
    reason = target.get("reason") or "no reason given"
    return f"the load balancer of {place} finds no healthy target: {gives}, wanted {wanted} ({reason})"


def edge_arrows(blueprint: Blueprint, edge: Edge, upstream: Address) -> tuple[Arrow, ...]:
    """The links to an edge: from the clients, from the health checkers, from a canary, and from a shop, if any."""
    application, record = blueprint.subject.application, blueprint.environment.edge.record
    probe = {"kind": "http", "path": application.health, "host": record}
    place = edge.place
    shop = (Arrow(Link(SHOP, OUTSIDE, place, place, HTTP), upstream),) if has_shop(blueprint.environment) else ()
    return (
        Arrow(Link(CLIENTS, OUTSIDE, place, place, HTTP), upstream, listen=(edge.host, edge.port)),
        Arrow(Link(CHECKERS, OUTSIDE, place, place, HTTP), upstream),
        Arrow(Link(CANARY, OUTSIDE, place, place, HTTP, from_canary=True), upstream, probe=probe),
        *shop,
    )


def has_shop(environment: Environment) -> bool:
    """Whether a shop tells the application of its business over the edge."""
    return environment.shop.kind is not None


def application_arrow(blueprint: Blueprint, place: str, upstream: Address) -> Arrow:
    """The link from a place's load balancer to the application there, which a platform brings."""
    target = instance_name(blueprint.subject.application.name, place)
    return Arrow(Link(instance_name(LOAD_BALANCER, place), place, target, place, HTTP), upstream)


def missing_links(blueprint: Blueprint, arrows: Iterable[Arrow]) -> list[tuple[str, str]]:
    """What a world cannot do without and no part brings: the section whose part should, and the link's name."""
    there = {arrow.link.name for arrow in arrows}
    ours = terms_of(blueprint.environment) is None  # else nobody here checks health or dials the application
    application = blueprint.subject.application.name
    wanted = []
    for place in (place.name for place in blueprint.environment.places):
        sources: tuple[str, ...] = (CLIENTS, CHECKERS, CANARY) if ours else (CLIENTS, CANARY)
        sources += (SHOP,) if has_shop(blueprint.environment) else ()
        wanted += [("load_balancer", link_name(source, place, HTTP)) for source in sources]
        target = instance_name(application, place)
        wanted += [("platform", link_name(instance_name(LOAD_BALANCER, place), target, HTTP))] if ours else []
    return [(section, name) for section, name in wanted if name not in there]
