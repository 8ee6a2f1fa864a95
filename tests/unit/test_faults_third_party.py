"""Faults on third parties: which links, what is seen, and that the heal takes all of it back."""

from __future__ import annotations

from typing import Any

import pytest
from test_faults_plans import LINKS, PROCESSES, healing, home

from harness.errors import InputError
from harness.faults.actions import CutLink
from harness.faults.blast_radius import blast_radius
from harness.faults.catalogue import FAULTS, fault_named
from harness.faults.commerce_actions import RelieveParty, TroubleParty
from harness.faults.model import Link
from harness.measurement.canary import Rate
from harness.names import CANARY, OUTSIDE, THIRD_PARTY

EAST, WEST = "us-east-1", "us-west-2"


def party_links() -> list[Link]:
    """A world whose application tells an ERP and a CRM what happens."""
    callers = ((CANARY, OUTSIDE, ""), (f"app.{EAST}", EAST, "app"), (f"app.{WEST}", WEST, "app"))
    told = [
        Link(source, place, system, OUTSIDE, THIRD_PARTY, component, home(place), component == "")
        for system in ("erp", "crm")
        for source, place, component in callers
    ]
    return [*LINKS, *told]


def test_a_third_party_that_is_lost_or_slow_is_so_to_all_who_call_it_and_the_others_are_not() -> None:
    expected = {f"{source}->erp:third-party" for source in (CANARY, f"app.{EAST}", f"app.{WEST}")}
    for kind in ("third-party-outage", "third-party-slow"):
        for mode in FAULTS[kind].modes:
            planned = fault_named(kind, system="erp", mode=mode).plan(party_links(), PROCESSES)
            assert set(planned.links) == expected
            assert planned.canary.links == ("canary->erp:third-party",)
            assert len(healing(planned)) == sum(not isinstance(action, CutLink) for action in planned.apply)
    with pytest.raises(
        InputError, match="touches no link; its target is the system of a third party, and there are crm, erp"
    ):
        fault_named("third-party-outage", system="wms").plan(party_links(), PROCESSES)


@pytest.mark.parametrize(
    ("kind", "mode", "more", "said"),
    [
        ("third-party-trouble", "failing", {"rate": 0.5}, "fails 50% of the calls (503)"),
        ("third-party-trouble", "wrong", {}, "answers 100% of the calls with what nobody can read"),
        ("third-party-trouble", "unanswered", {}, "carries out what it is asked, and never answers"),
        ("third-party-limited", "limited", {"per_s": 2.5}, "lets 2.5 calls a second in, and refuses the others (429)"),
        ("third-party-maintenance", "maintenance", {"days": 2}, "for its maintenance (503), for 2 days of a drill"),
        ("third-party-lies", "lying", {}, "says that it stores what it is told (201), and stores nothing"),
    ],
)
def test_trouble_of_a_third_party_touches_no_link_and_ends_with_its_heal(
    kind: str, mode: str, more: dict[str, Any], said: str
) -> None:
    planned = fault_named(kind, system="erp", mode=mode, **more).plan(party_links(), PROCESSES)
    [trouble] = planned.apply
    assert isinstance(trouble, TroubleParty)
    assert (trouble.party, trouble.trouble) == ("erp", mode)
    assert healing(planned) == [RelieveParty("erp", trouble.name)]
    assert (planned.links, planned.canary.links) == ((), ("canary->erp:third-party",))
    assert "touches the system erp" in blast_radius(planned)
    assert said in blast_radius(planned)


def test_shares_and_rates_that_are_none_are_refused() -> None:
    none: tuple[tuple[str, dict[str, Any]], ...] = (
        ("third-party-trouble", {"rate": 0.0}),
        ("third-party-limited", {"per_s": 0.0}),
    )
    for kind, wrong in none:
        with pytest.raises(InputError, match=kind):
            fault_named(kind, system="erp", **wrong)
    half = fault_named("third-party-trouble", system="erp", rate=0.5).plan(party_links(), PROCESSES)
    assert half.canary.expected == Rate(0.4, 0.6)
