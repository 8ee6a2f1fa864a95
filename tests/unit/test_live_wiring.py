"""Every arrow of the embedded world is a link, and a lost region cuts exactly those with an end in it."""

from __future__ import annotations

import pytest
from simulated_backend import EAST, WEST, arrows, environment, links, subject

from harness.faults.catalogue import fault_named
from harness.names import DYNAMODB, OUTSIDE, ROUTE53, link_name
from harness.parts.edge.gateway.part import routes
from harness.topology.timing import Profile, Timing
from harness.world.part import Blueprint

REGIONS = (EAST, WEST)
ALL = {arrow.link.name: arrow for arrow in arrows(Blueprint(environment(), subject(), Timing(Profile.FAST)))}
BESIDE = {name for name in ALL if name.endswith(":dns") or name.startswith("canary->provider:")}
"""Of no region: how clients ask for names, and who watches the provider itself."""
ARROWS = {name: arrow for name, arrow in ALL.items() if name not in BESIDE}
INSTANCES = {instance.name: instance.place for instance in subject().instances(environment())}


def cut(kind: str, target: str | None = None, **parameters: str) -> set[str]:
    plan = fault_named(kind, target=target, **parameters).plan(links(), [])
    return set(plan.links)


def test_every_arrow_of_the_picture_is_there_and_no_other() -> None:
    expected = set()
    for region in REGIONS:
        expected |= {f"{source}->{region}:http" for source in ("clients", "checkers", "canary")}
        expected |= {f"lb.{region}->storefront.{region}:http"}
        expected |= {f"canary.{place}->{region}:dynamodb" for place in (*REGIONS, OUTSIDE)}
        expected |= {f"canary.outside->{region}:dynamodb-{kind}" for kind in ("writes", "reads")}
        expected |= {f"{instance}->{region}:dynamodb" for instance in INSTANCES}
    expected |= {f"{instance}->{EAST}:route53" for instance in INSTANCES}
    assert set(ARROWS) == expected


def test_names_are_asked_over_links_of_their_own_that_no_region_takes_with_it() -> None:
    servers, resolvers = ("ns-1", "ns-2"), ("resolver-1", "resolver-2")
    asked = {f"{source}->{resolver}:dns" for source in ("clients", "canary") for resolver in resolvers}
    asked |= {f"{source}->{server}:dns" for source in (*resolvers, "canary") for server in servers}
    assert {f"canary->provider:{what}" for what in ("control-plane", "health-checks")} | asked == BESIDE
    assert {end for name in BESIDE for end in (ALL[name].link.source_place, ALL[name].link.target_place)} == {OUTSIDE}
    assert not BESIDE & (cut("region-outage", EAST) | cut("region-isolated", EAST))


def test_arrows_lead_where_they_say() -> None:
    """Those with the same target lead to the same socket, and those with another one elsewhere."""
    upstreams: dict[tuple[str, str], set[tuple[str, int]]] = {}
    for arrow in ARROWS.values():
        upstreams.setdefault((arrow.link.target, arrow.link.service.partition("-")[0]), set()).add(arrow.upstream)
    assert all(len(addresses) == 1 for addresses in upstreams.values())
    assert len(set.union(*upstreams.values())) == len(upstreams) == 7


def test_only_what_clients_dial_has_an_address_of_its_own() -> None:
    fixed = {name for name, arrow in ARROWS.items() if arrow.listen != ("127.0.0.1", 0)}
    assert fixed == {f"clients->{region}:http" for region in REGIONS}


def test_both_ends_of_every_arrow_are_where_they_are() -> None:
    for name, wire in ARROWS.items():
        source, _, rest = name.partition("->")
        target = rest.partition(":")[0]
        assert wire.link.target_place == (EAST if target.endswith(EAST) else WEST)
        if source in INSTANCES:
            assert wire.link.source_place == INSTANCES[source]
        elif source.startswith(("lb.", "canary.")):
            assert wire.link.source_place == source.partition(".")[2]
        else:
            assert wire.link.source_place == OUTSIDE


def test_a_lost_region_takes_everything_with_an_end_in_it_and_the_control_plane() -> None:
    """Both ends, inside it too, with its load balancer and, for us-east-1, Route 53's API."""
    lost = cut("region-outage", EAST)
    assert lost == {
        *(f"{source}->{EAST}:http" for source in ("clients", "checkers", "canary")),
        f"lb.{EAST}->storefront.{EAST}:http",
        *(f"{instance}->{EAST}:dynamodb" for instance in INSTANCES),
        *(f"{instance}->{EAST}:route53" for instance in INSTANCES),
        *(f"canary.{place}->{EAST}:dynamodb" for place in (EAST, WEST, OUTSIDE)),
        *(f"canary.outside->{EAST}:dynamodb-{kind}" for kind in ("writes", "reads")),
        *(f"{component}.{EAST}->{WEST}:dynamodb" for component in ("storefront", "replicator", "canary")),
    }


def test_a_lost_standby_leaves_the_control_plane_alone() -> None:
    lost = cut("region-outage", WEST)
    assert not {name for name in lost if name.endswith(":route53")} - {
        f"storefront.{WEST}->{EAST}:route53", f"replicator.{WEST}->{EAST}:route53",
    }  # fmt: skip
    assert f"clients->{EAST}:http" not in lost


def test_the_survivor_of_a_lost_region_goes_on_by_itself() -> None:
    left = set(ARROWS) - cut("region-outage", EAST)
    assert {f"clients->{WEST}:http", f"checkers->{WEST}:http", f"lb.{WEST}->storefront.{WEST}:http"} <= left
    assert {f"storefront.{WEST}->{WEST}:dynamodb", f"monitor.outside->{WEST}:dynamodb"} <= left


def test_life_goes_on_inside_an_isolated_region() -> None:
    inside = {
        f"lb.{EAST}->storefront.{EAST}:http", f"storefront.{EAST}->{EAST}:dynamodb",
        f"storefront.{EAST}->{EAST}:route53", f"replicator.{EAST}->{EAST}:dynamodb",
    }  # fmt: skip
    assert not inside & cut("region-isolated", EAST)
    assert cut("region-isolated", EAST) <= cut("region-outage", EAST)


def test_a_lost_database_is_lost_for_everybody_and_nothing_else_is() -> None:
    lost = cut("service-outage", EAST, service="dynamodb")
    assert lost == {name for name in ARROWS if name.endswith(f"->{EAST}:dynamodb")}


def test_a_stall_of_replication_leaves_every_region_to_itself() -> None:
    stalled = cut("replication-stall")
    assert f"replicator.{EAST}->{WEST}:dynamodb" in stalled
    assert f"replicator.{WEST}->{EAST}:dynamodb" in stalled
    assert not {name for name in stalled if name.startswith("monitor.outside") or ":http" in name}


@pytest.mark.parametrize("instance", sorted(INSTANCES))
def test_the_gateway_sends_every_call_over_the_callers_own_links(instance: str) -> None:
    ports = {name: ("127.0.0.1", 1000 + number) for number, name in enumerate(ARROWS)}
    found = routes([arrow for arrow in ARROWS.values() if arrow.link.source == instance], ports)
    for region in REGIONS:
        own = list(ports[link_name(instance, region, DYNAMODB)])
        assert found[region][DYNAMODB] == found[region]["*"] == own
    control = list(ports[link_name(instance, EAST, ROUTE53)])
    assert found[EAST][ROUTE53] == found["aws-global"][ROUTE53] == control
    assert ROUTE53 not in found[WEST]


def test_every_canary_says_how_it_is_to_be_tried() -> None:
    for name, arrow in ARROWS.items():
        assert (arrow.probe is not None) == arrow.link.from_canary == name.startswith("canary")
        if arrow.probe is not None and arrow.link.service == DYNAMODB:
            assert arrow.probe == {"kind": "dynamodb", "region": arrow.link.target}
