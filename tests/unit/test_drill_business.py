"""What happens in a shop must be known to the application in the end, once, in order, and nothing forged with it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from simulated_backend import EAST, SimulatedBackend, Story
from test_drill_promises import run, there_and_back

from harness.drill import case_files
from harness.drill.conclusion import conclude
from harness.drill.facade import Drill
from harness.history.business import BusinessChange, BusinessTold
from harness.history.events import Commit, Event
from harness.outcome import Verdict
from harness.topology.subject import Business


class Shop(SimulatedBackend):
    """A world with a shop in which two orders are made while the drill runs."""

    held: Mapping[str, str] = {"1": "2", "2": "1"}
    counted: Mapping[str, str] = {"1/paid": "1"}
    log: Sequence[tuple[str, str]] = (("1", "1"), ("1", "2"), ("2", "1"))
    forged_taken = False
    keeps: Mapping[str, str] = {"orders": "orders"}
    asks: Mapping[str, tuple[str, ...]] = {"refunds/create": ("refund:{id}",)}
    refunded: tuple[str, ...] = ("1/paid",)
    """Of a refund, which is nothing that is kept."""

    def __init__(self, story: Story) -> None:
        super().__init__(story)
        business = Business(keeps=self.keeps, effects="effects", asks=self.asks)
        self.subject = self.subject.model_copy(update={"business": business})
        self._told = False

    def poll(self) -> Sequence[Event]:
        found = list(super().poll())
        if found and not self._told:
            self._told = True
            now_ns = found[0].mono_ns
            error = None if self.forged_taken else "answered 401"
            found += [
                BusinessChange("shop", "orders", "orders/create", "e1", "1", 1, now_ns),
                BusinessChange("shop", "orders", "orders/updated", "e2", "1", 2, now_ns),
                BusinessChange("shop", "orders", "orders/create", "e3", "2", 1, now_ns),
                BusinessChange("shop", "refunds", "refunds/create", "e4", "7", 1, now_ns, self.refunded),
                BusinessTold(
                    "shop", "orders/create", "e9", "f1", 1, "http://app.example.com/webhooks", now_ns, now_ns,
                    EAST, 200 if error is None else 401, error, forged=True,
                ),
            ]  # fmt: skip
        return found

    def data(self) -> Mapping[str, Mapping[str, Mapping[str, str | None]]]:
        return {
            region: {**tables, "orders": dict(self.held), "effects": dict(self.counted)}
            for region, tables in super().data().items()
        }

    def commits(self) -> Sequence[Commit] | None:
        now_ns = self.clock.now_ns()
        kept = [Commit(EAST, "orders", k, v, n, now_ns) for n, (k, v) in enumerate(self.log)]
        return [*(super().commits() or ()), *kept]


ASKED = ("business-kept", "business-once", "business-order", "business-forged")


def of_a_shop(drill: Drill) -> None:
    there_and_back(drill)
    for requirement in ASKED:
        drill.require(requirement, at_rest=True)


def test_a_shop_whose_merchant_knows_everything_once_and_in_order(tmp_path: Path) -> None:
    result = run(tmp_path, of_a_shop, Shop)
    assert {one.name: one.verdict for one in result.results if one.name in ASKED} == dict.fromkeys(ASKED, Verdict.MET)


@pytest.mark.parametrize(
    ("requirement", "wrong", "said"),
    [
        ("business-kept", {"held": {"1": "1", "2": "1"}}, r"1 of 3 changes, of 1 thing, .*version 1 is known"),
        ("business-kept", {"held": {"1": "2"}}, r"orders 2 .*not known at all"),
        ("business-once", {"counted": {"1/paid": "2"}}, "1/paid 2 times"),
        ("business-order", {"log": (("1", "2"), ("1", "1"))}, "orders 1 in us-east-1: version 2 became 1"),
        ("business-forged", {"forged_taken": True}, "1 of 1 forged messages were taken at us-east-1"),
        ("business-kept", {"refunded": ("refund:7",)}, r"never done at us-east-1: refund:7 \(refunds/create"),
    ],
)  # fmt: skip
def test_each_of_them_can_be_missed_and_says_what_by(
    tmp_path: Path, requirement: str, wrong: Mapping[str, object], said: str
) -> None:
    result = run(tmp_path, of_a_shop, type("Wrong", (Shop,), dict(wrong)))
    (found,) = [one for one in result.results if one.name == requirement]
    assert found.verdict is Verdict.MISSED
    assert re.search(said, found.text), found.text


@pytest.mark.parametrize(
    ("requirement", "wrong", "said"),
    [
        ("business-kept", {"keeps": {"order": "orders"}}, r"`business.keeps`: order\); what changed was of orders"),
        ("business-order", {"keeps": {"order": "orders"}, "log": ()}, "nothing changed that the application keeps"),
        ("business-kept", {"refunded": ()}, r"`business.asks` of refunds/create names what no message of it has"),
        ("business-once", {"counted": {}, "refunded": ()}, "the table of effects is empty at us-east-1"),
    ],
)  # fmt: skip
def test_what_was_never_looked_at_is_not_met(
    tmp_path: Path, requirement: str, wrong: Mapping[str, object], said: str
) -> None:
    result = run(tmp_path, of_a_shop, type("Vain", (Shop,), dict(wrong)))
    (found,) = [one for one in result.results if one.name == requirement]
    assert found.verdict is Verdict.UNKNOWN
    assert re.search(said, found.text), found.text


@pytest.mark.parametrize(("most_s", "verdict"), [(1_000.0, Verdict.MET), (0.001, Verdict.MISSED)])
def test_how_soon_everything_was_known_is_judged_by_what_was_promised(
    tmp_path: Path, most_s: float, verdict: Verdict
) -> None:
    def scenario(drill: Drill) -> None:
        there_and_back(drill)
        drill.require_known_within(most_s)

    (found,) = [one for one in run(tmp_path, scenario, Shop).results if one.name == "business-soon"]
    assert found.verdict is verdict, found.text


def test_without_a_shop_nothing_is_said_of_it(tmp_path: Path) -> None:
    result = run(tmp_path, of_a_shop)
    (found,) = [one for one in result.results if one.name == "business-kept"]
    assert found.verdict is Verdict.UNKNOWN


def test_it_can_be_judged_again_from_its_files(tmp_path: Path) -> None:
    result = run(tmp_path, of_a_shop, Shop)
    (folder,) = [path.parent for path in tmp_path.rglob("case.json")]
    filed = case_files.read(folder)
    again = conclude(filed.case, filed.events, filed.commits, filed.final)
    assert [one.text for one in again.results] == [one.text for one in result.results]
