"""The embedded world put together without a process: every part finds the others by their seams."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from simulated_backend import EAST, WEST, Nowhere, environment, subject

from harness.engines.aws import clients
from harness.faults.region_outage import RegionOutage
from harness.names import CHECKERS, CLIENTS, CLOUDWATCH, link_name
from harness.parts.links.toxiproxy.client import Proxy
from harness.parts.links.toxiproxy.part import Toxiproxy
from harness.parts.steering.route53 import part as route53
from harness.topology.environment import Section
from harness.topology.timing import Profile, Timing
from harness.wire.admin_client import AdminClient
from harness.world.assembly import assemble, build, seams_of
from harness.world.load_balancer import LoadBalancer
from harness.world.part import Blueprint, Net

BLUEPRINT = Blueprint(environment(), subject(), Timing(Profile.FAST))


class Ground(Nowhere):
    """Remembers what each process was told."""

    def __init__(self) -> None:
        super().__init__(BLUEPRINT.environment)
        self.told: dict[str, Mapping[str, Any]] = {}

    def spawn(self, group: str, name: str, module: str, config: Mapping[str, Any]) -> Any:
        self.told[name] = config
        return super().spawn(group, name, module, config)


def listens_elsewhere(wanted: Sequence[Proxy]) -> dict[str, Proxy]:
    return {proxy.name: Proxy(proxy.name, ("127.0.0.1", 2001 + n), proxy.upstream) for n, proxy in enumerate(wanted)}


def put_together(blueprint: Blueprint, monkeypatch: pytest.MonkeyPatch) -> tuple[Net, Ground]:
    nobody = SimpleNamespace(client=lambda _: SimpleNamespace(close=lambda: None))
    monkeypatch.setattr(clients, "RegionClients", lambda *_: nobody)
    monkeypatch.setattr(route53, "create_edge", lambda *_: "zone")
    monkeypatch.setattr(route53, "set_negative_ttl", lambda *_: None)
    monkeypatch.setattr(AdminClient, "post", lambda *_: None)
    monkeypatch.setattr(Toxiproxy, "client", SimpleNamespace(populate=listens_elsewhere))
    ground = Ground()
    return assemble(build(blueprint), blueprint, ground), ground


@pytest.fixture
def assembled(monkeypatch: pytest.MonkeyPatch) -> tuple[Net, Ground]:
    return put_together(BLUEPRINT, monkeypatch)


def test_the_data_plane_asks_each_balancer_for_its_targets_and_each_edge_for_its_health(
    assembled: tuple[Net, Ground],
) -> None:
    net, ground = assembled
    told = ground.told["route53"]
    assert told["address_book"] == {
        edge.answered: list(net.listening[link_name(CHECKERS, place, "http")]) for place, edge in net.edges.items()
    }
    balancers = {balancer.place: balancer.targets() for balancer in net.of(LoadBalancer)}
    assert set(balancers) == {EAST, WEST}
    expected = [(net.edges[place].answered, list(address or ())) for place, address in balancers.items()]
    assert [(b["address"], b["admin"]) for b in told["load_balancers"].values()] == expected


def test_an_edge_is_dialled_over_its_link(assembled: tuple[Net, Ground]) -> None:
    net, _ = assembled
    assert net.edge(CLIENTS, EAST) == net.listening[f"clients->{EAST}:http"]
    assert net.endpoint(f"lb.{EAST}", "admin") is not None
    assert net.endpoint("nobody", "admin") is None


def test_every_region_and_the_rest_are_found_by_what_they_do(assembled: tuple[Net, Ground]) -> None:
    seams = seams_of(assembled[0].parts)
    assert set(seams.regions) == {EAST, WEST}
    assert (seams.links.name, seams.platform.name, seams.steering.name) == ("toxiproxy", "platform", "route53")


def test_health_checks_look_at_metrics_over_links_that_are_lost_with_their_region(
    assembled: tuple[Net, Ground], monkeypatch: pytest.MonkeyPatch
) -> None:
    net, ground = assembled
    assert (ground.told["route53"]["cloudwatch"], [a for a in net.arrows if a.link.service == CLOUDWATCH]) == ({}, [])
    steering = Section.model_validate({"kind": "route53", "metrics": True})
    watched = BLUEPRINT.environment.model_copy(update={"steering": steering})
    net, ground = put_together(replace(BLUEPRINT, environment=watched), monkeypatch)
    names = {region: link_name(CHECKERS, region, CLOUDWATCH) for region in (EAST, WEST)}
    assert ground.told["route53"]["cloudwatch"] == {r: list(net.listening[name]) for r, name in names.items()}
    hit = RegionOutage(EAST, "black-hole").plan([arrow.link for arrow in net.arrows], ()).links
    assert (names[EAST] in hit, names[WEST] in hit) == (True, False)
