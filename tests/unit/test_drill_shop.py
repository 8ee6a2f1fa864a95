"""A shop in a drill: it sells, closes with the clients, and may tell everything before the drill is judged."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from simulated_backend import EAST, SimulatedBackend, Story
from test_drill_business import Shop as Business
from test_drill_promises import run, there_and_back

from harness.drill.facade import Drill
from harness.errors import InputError, NotMeasurable
from harness.history.business import BusinessChange, BusinessTold
from harness.history.events import Event
from harness.outcome import Verdict
from harness.units import to_s
from harness.world.shop import Shop, shop_of


class Seller(Shop):
    """Has told everything when it has been asked for long enough, and remembers what it was asked for."""

    told_within_s = 60.0
    told = "a message is sent again 8 times within 4 h; in this profile within 60 s"

    def __init__(self, looks: int) -> None:
        self.looks = looks
        self.asked: list[tuple[object, ...]] = []

    def begin(self, orders_per_s: float) -> None:
        self.asked.append(("begin", orders_per_s))

    def pause(self) -> None:
        self.asked.append(("pause",))

    def burst(self, orders: int, over_s: float) -> None:
        self.asked.append(("burst", orders, over_s))

    def unsettled(self) -> str:
        self.looks -= 1
        return "3 retrying" if self.looks > 0 else ""


class World(Business):
    """A simulated world with that shop."""

    looks = 3

    def __init__(self, story: Story) -> None:
        super().__init__(story)
        self.seller = Seller(self.looks)

    def shop(self) -> Shop:
        return self.seller

    def waited_s(self) -> float:
        return to_s(self.clock.now_ns() - self._begun_ns)

    def capabilities(self) -> Mapping[str, bool | str]:
        return {**super().capabilities(), "shop": True}


def selling(drill: Drill) -> None:
    """A drill in which the shop sells, and everything is known in the end."""
    drill.sell(2.0)
    there_and_back(drill)
    drill.sell_at_once(50, 100.0)
    drill.require("business-kept", at_rest=True)


def told_of(folder: Path, kind: type[World]) -> tuple[World, Mapping[str, object], Verdict]:
    worlds: list[World] = []

    def make(story: Story) -> World:
        worlds.append(kind(story))
        return worlds[-1]

    result = run(folder, selling, make)
    (kept,) = [one.verdict for one in result.results if one.name == "business-kept"]
    return worlds[0], result.measured["business"], kept


def test_the_shop_sells_then_closes_and_tells_everything_before_it_is_judged(tmp_path: Path) -> None:
    world, measured, verdict = told_of(tmp_path, World)
    assert world.seller.asked == [("begin", 2.0), ("burst", 50, 10.0), ("pause",)]
    assert verdict is Verdict.MET
    assert (measured["told"], measured["untold"], measured["lost"]) == (Seller.told, "", 0)


def test_a_shop_that_never_ends_telling_is_not_waited_for_for_ever_and_that_is_said(tmp_path: Path) -> None:
    world, measured, _ = told_of(tmp_path, type("Endless", (World,), {"looks": 1_000_000}))
    assert measured["untold"] == "3 retrying"
    assert world.waited_s() < 400


def test_what_is_lost_is_waited_for_and_then_told(tmp_path: Path) -> None:
    _, measured, verdict = told_of(tmp_path, type("Loses", (World,), {"held": {"1": "1", "2": "1"}}))
    assert (measured["lost"], verdict) == (1, Verdict.MISSED)


def test_without_a_shop_the_drill_is_left_out(tmp_path: Path) -> None:
    with pytest.raises(NotMeasurable, match="no part of this world is a shop"):
        run(tmp_path, selling, SimulatedBackend)


class Quiet(World):
    """Something happens in the shop all the time. told: whether anybody is told of it."""

    told = True
    _number = 0

    def poll(self) -> Sequence[Event]:
        found = list(super().poll())
        now_ns, self._number = self.clock.now_ns(), self._number + 1
        event = f"n{self._number}"
        found.append(BusinessChange("shop", "orders", "orders/create", event, event, 1, now_ns))
        if self.told:
            found.append(
                BusinessTold("shop", "orders/create", event, event, 1, "http://a/webhooks", now_ns, now_ns, EAST, 200)
            )
        return found


@pytest.mark.parametrize(
    ("told", "verdict", "said"),
    [
        (True, Verdict.MET, "told of all of them"),
        (False, Verdict.MISSED, "no message was sent, for nothing is subscribed to: .*no message was ever taken"),
    ],
)
def test_an_application_that_is_told_of_nothing_any_more(
    tmp_path: Path, told: bool, verdict: Verdict, said: str
) -> None:
    def listening(drill: Drill) -> None:
        drill.sell(2.0)
        there_and_back(drill)
        drill.require_told(5.0)

    result = run(tmp_path, listening, type("Telling", (Quiet,), {"told": told}))
    (found,) = [one for one in result.results if one.name == "business-told"]
    assert found.verdict is verdict
    assert re.search(said, found.text), found.text


def test_what_no_shop_can_do_is_refused(tmp_path: Path) -> None:
    def too_many(drill: Drill) -> None:
        with pytest.raises(InputError, match="orders are 1 to 20000, not 0"):
            drill.sell_at_once(0, 10.0)
        drill.open()
        with pytest.raises(InputError, match="before the application runs"):
            drill.vary("monitor", "NAME", "value")

    def unknown(drill: Drill) -> None:
        with pytest.raises(InputError, match="no component is called ghost"):
            drill.vary("ghost", "NAME", "value")

    run(tmp_path / "many", too_many, World)
    run(tmp_path / "unknown", unknown, World)


def test_a_world_without_a_shop_says_so() -> None:
    with pytest.raises(Exception, match="there is no shop in this world"):
        shop_of(())
