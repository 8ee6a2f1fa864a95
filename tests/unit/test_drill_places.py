"""Places and the regions of their databases: what a fault hits, what is cut, what survives."""

from __future__ import annotations

import pytest
from simulated_backend import ROOT, arrows, subject

from harness.drill.words import place_of, target_of
from harness.errors import InputError
from harness.faults.catalogue import fault_named
from harness.faults.model import Link
from harness.topology.load import load_environment
from harness.topology.timing import Profile, Timing
from harness.world.part import Blueprint

PLACES = load_environment(ROOT / "environments" / "places.yaml")
LINKS: list[Link] = [a.link for a in arrows(Blueprint(PLACES, subject(), Timing(Profile.FAST)))]
NYC, SFO, EAST, WEST = "nyc3", "sfo3", "us-east-1", "us-west-2"


def cut(kind: str, target: str = "all", **parameters: str) -> set[str]:
    return set(fault_named(kind, target=target, **parameters).plan(LINKS, []).links)


@pytest.mark.parametrize(
    ("words", "service", "target"),
    [
        ("the primary region", None, NYC),
        ("region sfo3", None, SFO),
        ("region us-east-1", None, EAST),
        ("the primary region", "dynamodb", EAST),
        ("the standby region", "dynamodb", WEST),
        ("region us-west-2", "dynamodb", WEST),
        ("the primary region", "http", NYC),
    ],
)
def test_a_database_is_lost_where_it_is_and_a_place_where_the_application_is(
    words: str, service: str | None, target: str
) -> None:
    assert target_of(words, PLACES, service) == target


def test_clients_are_served_by_places_never_by_the_region_of_a_database() -> None:
    with pytest.raises(InputError, match="unknown region us-east-1; this environment has: nyc3, sfo3"):
        place_of("region us-east-1", PLACES)


def test_a_lost_place_leaves_its_database_to_everybody_else() -> None:
    lost = cut("region-outage", NYC)
    assert {f"clients->{NYC}:http", f"storefront.{NYC}->{EAST}:dynamodb", f"replicator.{NYC}->{WEST}:dynamodb"} <= lost
    assert not lost & {f"storefront.{SFO}->{EAST}:dynamodb", f"monitor.outside->{EAST}:dynamodb"}
    assert f"canary.{NYC}->{EAST}:dynamodb" in lost  # so that it is seen to have bitten
    assert f"canary.outside->{EAST}:dynamodb" not in lost


def test_a_lost_database_leaves_the_place_beside_it_in_reach() -> None:
    lost = cut("region-outage", EAST)
    assert {f"storefront.{NYC}->{EAST}:dynamodb", f"storefront.{SFO}->{EAST}:dynamodb"} <= lost
    assert {f"monitor.outside->{EAST}:route53", f"canary.outside->{EAST}:dynamodb"} <= lost
    assert not {name for name in lost if name.endswith(":http")}


def test_replication_stalls_between_a_place_and_the_database_of_another_one() -> None:
    assert cut("replication-stall") == {
        f"{source}->{target}:dynamodb"
        for place, target in ((NYC, WEST), (SFO, EAST))
        for source in (f"storefront.{place}", f"replicator.{place}", f"canary.{place}")
    }


@pytest.mark.parametrize(
    ("kind", "parameters", "text"),
    [
        ("service-outage", {}, "its target is a database's region, and there are us-east-1, us-west-2"),
        (
            "service-outage",
            {"service": "smtp"},
            "its target is where links of the service smtp lead, and there are none",
        ),
        ("gray-failure", {}, "its target is a database's region, and there are us-east-1, us-west-2"),
        ("replication-stall", {}, "its target is `all` or a database's region, and there are us-east-1, us-west-2"),
        ("region-isolated", {"target": "nyc4"}, "there are nyc3, sfo3, us-east-1, us-west-2"),
        (
            "one-way-partition",
            {"target": "nyc3->sfo3"},
            "there are nyc3->us-east-1, nyc3->us-west-2, outside->nyc3, outside->sfo3, outside->us-east-1, "
            "outside->us-west-2, sfo3->us-east-1, sfo3->us-west-2",
        ),
    ],
)
def test_a_fault_that_touches_nothing_lists_only_what_it_could_be_aimed_at(
    kind: str, parameters: dict[str, str], text: str
) -> None:
    with pytest.raises(InputError) as error:
        cut(kind, **{"target": NYC, **parameters})
    assert str(error.value).endswith(f"touches no link; {text}")


def test_every_instance_works_in_the_region_of_its_places_database() -> None:
    homes = {link.source: link.home for link in LINKS if link.component}
    assert homes[f"storefront.{NYC}"] == EAST
    assert homes[f"replicator.{SFO}"] == WEST
    assert homes["monitor.outside"] == ""
