"""Every arrow of the embedded world is a link, and a lost region cuts exactly those with an end in it."""

from __future__ import annotations

import pytest
from simulated_backend import EAST, WEST, environment, links, subject

from harness.faults.catalogue import fault_named
from harness.live.wiring import Sockets, balancer_name, gateway_routes, wires
from harness.names import DYNAMODB, OUTSIDE, ROUTE53, link_name

REGIONS = (EAST, WEST)
SOCKETS = Sockets(
    edges={EAST: ("127.0.1.10", 18080), WEST: ("127.0.2.10", 18080)},
    load_balancers={EAST: ("127.0.0.1", 101), WEST: ("127.0.0.1", 102)},
    applications={EAST: ("127.0.0.1", 201), WEST: ("127.0.0.1", 202)},
    regions={EAST: ("127.0.0.1", 301), WEST: ("127.0.0.1", 302)},
    control_plane=("127.0.0.1", 401),
)
WIRES = {wire.link.name: wire for wire in wires(environment(), subject(), SOCKETS)}
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
        expected |= {f"{instance}->{region}:dynamodb" for instance in INSTANCES}
    expected |= {f"{instance}->{EAST}:route53" for instance in INSTANCES}
    assert set(WIRES) == expected


def test_arrows_lead_where_they_say() -> None:
    for number, region in enumerate(REGIONS):
        for source in ("clients", "checkers", "canary"):
            assert WIRES[f"{source}->{region}:http"].upstream == ("127.0.0.1", 101 + number)
        assert WIRES[f"lb.{region}->storefront.{region}:http"].upstream == ("127.0.0.1", 201 + number)
        assert WIRES[f"monitor.outside->{region}:dynamodb"].upstream == ("127.0.0.1", 301 + number)
        assert WIRES[f"clients->{region}:http"].listen == SOCKETS.edges[region]
    assert WIRES[f"monitor.outside->{EAST}:route53"].upstream == ("127.0.0.1", 401)


def test_only_what_clients_dial_has_an_address_of_its_own() -> None:
    fixed = {name for name, wire in WIRES.items() if wire.listen != ("127.0.0.1", 0)}
    assert fixed == {f"clients->{region}:http" for region in REGIONS}


def test_both_ends_of_every_arrow_are_where_they_are() -> None:
    for name, wire in WIRES.items():
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
        *(f"{component}.{EAST}->{WEST}:dynamodb" for component in ("storefront", "replicator", "canary")),
    }


def test_a_lost_standby_leaves_the_control_plane_alone() -> None:
    lost = cut("region-outage", WEST)
    assert not {name for name in lost if name.endswith(":route53")} - {
        f"storefront.{WEST}->{EAST}:route53", f"replicator.{WEST}->{EAST}:route53",
    }  # fmt: skip
    assert f"clients->{EAST}:http" not in lost


def test_the_survivor_of_a_lost_region_goes_on_by_itself() -> None:
    left = set(WIRES) - cut("region-outage", EAST)
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
    assert lost == {name for name in WIRES if name.endswith(f"->{EAST}:dynamodb")}


def test_a_stall_of_replication_leaves_every_region_to_itself() -> None:
    stalled = cut("replication-stall")
    assert f"replicator.{EAST}->{WEST}:dynamodb" in stalled
    assert f"replicator.{WEST}->{EAST}:dynamodb" in stalled
    assert not {name for name in stalled if name.startswith("monitor.outside") or ":http" in name}


@pytest.mark.parametrize("instance", sorted(INSTANCES))
def test_the_gateway_sends_every_call_over_the_callers_own_links(instance: str) -> None:
    ports = {name: ("127.0.0.1", 1000 + number) for number, name in enumerate(WIRES)}
    routes = gateway_routes(environment(), instance, ports)
    for region in REGIONS:
        own = list(ports[link_name(instance, region, DYNAMODB)])
        assert routes[region][DYNAMODB] == routes[region]["*"] == own
    control = list(ports[link_name(instance, EAST, ROUTE53)])
    assert routes[EAST][ROUTE53] == routes["aws-global"][ROUTE53] == control
    assert ROUTE53 not in routes[WEST]


def test_a_load_balancer_is_called_as_its_links_are() -> None:
    assert f"{balancer_name(EAST)}->storefront.{EAST}:http" in WIRES
