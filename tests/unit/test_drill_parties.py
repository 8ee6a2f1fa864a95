"""Third parties in a drill: what is due must be there, faults that no call met show nothing, steps name them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from simulated_backend import EAST, SimulatedBackend, Story, plan
from test_drill_promises import run

from harness.drill import case_files
from harness.drill.conclusion import conclude
from harness.drill.evidence import DrillResult
from harness.drill.facade import Drill
from harness.drill.third_parties import days_of, party_of
from harness.errors import InputError, NotMeasurable
from harness.faults.model import Link
from harness.faults.needs import THIRD_PARTIES
from harness.history.business import BusinessChange
from harness.history.events import Event
from harness.history.parties import PartyCall
from harness.names import CANARY, OUTSIDE, THIRD_PARTY
from harness.outcome import Verdict
from harness.reporting import parties
from harness.topology.environment import Section
from harness.units import NS_PER_S

APP = f"storefront.{EAST}"
LINKS = [
    Link(CANARY, OUTSIDE, "erp", OUTSIDE, THIRD_PARTY, from_canary=True),
    Link(APP, EAST, "erp", OUTSIDE, THIRD_PARTY, component="storefront", home=EAST),
]


class Erp(SimulatedBackend):
    """A world with a shop in which an order is made each second, and an ERP that the application tells of them.

    queued: what could not be told is told after the heal; silent: it tells the ERP nothing; twice: it tells everything
    under two keys.
    """

    queued, silent, twice = True, False, False

    def __init__(self, story: Story) -> None:
        super().__init__(story)
        self._links = [*self._links, *LINKS]
        named = Section(kind="third_party", systems=["erp"])
        self.environment = self.environment.model_copy(update={"third_parties": named})
        self._made = 0
        self._waiting: list[str] = []

    def capabilities(self) -> Mapping[str, bool | str]:
        return {**super().capabilities(), THIRD_PARTIES: True}

    def poll(self) -> Sequence[Event]:
        found, now_ns = list(super().poll()), self.clock.now_ns()
        self._made = self._made or now_ns // NS_PER_S
        while self._made * NS_PER_S < now_ns:
            self._made += 1
            key, at_ns = str(1000 + self._made), self._made * NS_PER_S
            effects = (f"erp:{key}",)
            found.append(BusinessChange("shop", "orders", "orders/create", f"e{key}", key, 1, at_ns, effects))
            self._waiting.append(key)
        told, self._waiting = self._waiting, []
        if self.silent:
            return found
        if self._cut(APP, "erp", THIRD_PARTY) is not None:
            self._waiting = told if self.queued else []
            return found
        for key in told:
            for n in range(1 + self.twice):
                found.append(PartyCall("erp", f"erp:{key}", f"{key}-{n}", "1", 201, True, now_ns, now_ns, EAST))
        return found


def lost(drill: Drill) -> None:
    drill.open()
    drill.reach_steady_state(EAST)
    drill.inject("third-party-outage", system=drill.system("ERP"), mode="refuse")
    drill.require_error_budget(8)
    drill.heal()
    drill.require_held("erp", "party-holds", 5.0)
    drill.require_order("erp")


def said(result: DrillResult, name: str) -> tuple[Verdict, str]:
    [one] = [one for one in result.results if one.name == name]
    return one.verdict, one.text


def test_an_erp_that_was_away_holds_every_order_once_afterwards_and_shoppers_were_served(tmp_path: Path) -> None:
    result = run(tmp_path, lost, Erp)
    assert result.verdict is Verdict.MET, result.reasons
    verdict, text = said(result, "party-holds")
    assert verdict is Verdict.MET
    assert re.search(r"erp holds all of \d+ that it was due, once; there after 0", text)
    assert said(result, "party-order")[0] is Verdict.MET
    erp = result.measured["parties"]["erp"]
    assert (erp["due"], erp["missing"], erp["doubled"], erp["refused"]) == (erp["stored"], 0, 0, 0)
    assert "there after (half)" in parties.rows(erp)
    assert re.fullmatch(r"erp holds (\d+) of \1, the last after [5-9]\.\d\d s", parties.line(result))
    filed = case_files.read(tmp_path)
    again = conclude(filed.case, filed.events, filed.commits, filed.final)
    assert [(one.name, one.verdict) for one in again.results] == [(one.name, one.verdict) for one in result.results]


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"queued": False}, r"[78] of \d+ that erp was due never reached it: \d+, \d+, \d+ and \d more"),
        ({"twice": True}, r"erp holds \d+ of them more than once: \d+ 2 times"),
    ],
)
def test_what_was_dropped_or_told_under_two_keys_turns_it_red(tmp_path: Path, wrong: dict[str, Any], told: str) -> None:
    result = run(tmp_path, lost, type("Broken", (Erp,), wrong))
    assert result.verdict is Verdict.MISSED
    verdict, text = said(result, "party-holds")
    assert verdict is Verdict.MISSED
    assert re.search(told, text), text


def test_a_fault_on_a_third_party_that_nobody_calls_shows_nothing(tmp_path: Path) -> None:
    def only_lost(drill: Drill) -> None:
        drill.open()
        drill.reach_steady_state(EAST)
        drill.inject("third-party-outage", system="erp", mode="refuse")
        drill.require_error_budget(8)

    class Idle(Erp):
        def poll(self) -> Sequence[Event]:
            return [event for event in super().poll() if not isinstance(event, BusinessChange | PartyCall)]

    result = run(tmp_path / "idle", only_lost, Idle)
    assert result.verdict is Verdict.INVALID
    assert any("no call met the third-party-outage of erp" in reason for reason in result.reasons), result.reasons
    assert run(tmp_path / "busy", only_lost, Erp).verdict is Verdict.MET


def test_nothing_due_is_no_proof(tmp_path: Path) -> None:
    def asked(drill: Drill) -> None:
        lost(drill)

    class NoShop(Erp):
        def poll(self) -> Sequence[Event]:
            return [event for event in super().poll() if not isinstance(event, BusinessChange)]

    verdict, text = said(run(tmp_path, asked, NoShop), "party-holds")
    assert (verdict, text) == (Verdict.UNKNOWN, "nothing was due to erp: nothing happened that asks for it")


def test_steps_name_systems_as_people_write_them_and_only_those_there_are(tmp_path: Path) -> None:
    world = Erp(Story()).environment
    assert party_of("ERP", world) == "erp"
    with pytest.raises(InputError, match="no third party is called crm; there are: erp"):
        party_of("CRM", world)
    assert days_of(2, world) == 600
    without: Any = SimulatedBackend(Story())
    assert party_of("CRM", without.environment) == "crm"  # the drill is left out there, and refused nowhere
    with pytest.raises(NotMeasurable, match="stands for the systems of others"):
        Drill(without, plan(), tmp_path).system("CRM")
