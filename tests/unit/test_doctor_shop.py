"""What `drill doctor` tells of an application beside a shop: one order, and messages that nobody signed."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from harness.cli.trials import shop as trial
from harness.history.business import BusinessChange, BusinessTold
from harness.history.codec import write
from harness.topology.subject import Business
from harness.world.shop import Shop

BUSINESS = Business(keeps={"orders": "orders"}, effects="effects", asks={"orders/create": ("erp:{id}",)})
MADE = BusinessChange("shop", "orders", "orders/create", "e1", "7", 5, 1, ("erp:7",))
URL = "http://app.example.com/webhooks"
KEPT: Mapping[str, Mapping[str, str]] = {"orders": {"7": "5"}, "effects": {"erp:7": "1"}}


def told(status: int | None, place: str = "east", *, forged: bool = False) -> BusinessTold:
    error = None if status == 200 else "timeout" if status is None else f"answered {status}"
    return BusinessTold("shop", "orders/create", "e1", "d1", 1, URL, 1, 2, place, status, error, forged)


class Seller(Shop):
    """Has made one order, and told of it, as soon as it was asked to."""

    def __init__(
        self, folder: Any, topics: Mapping[str, Sequence[str]], answer: int | None, forged: int | None
    ) -> None:
        self._file, self._topics, self._answer, self._forged = folder / "events.jsonl", topics, answer, forged
        write(self._file, [])
        self._events: list[BusinessChange | BusinessTold] = []

    def subscribed(self) -> Mapping[str, Sequence[str]]:
        return self._topics

    def burst(self, orders: int, over_s: float) -> None:
        self._say(MADE, *([told(self._answer)] if self._topics else []))

    def forge(self, count: int) -> None:
        self._say(*(told(self._forged, place, forged=True) for place in ("east", "west")))

    def unsettled(self) -> str:
        return ""

    def events(self) -> Sequence[Any]:
        return (self._file,)

    def _say(self, *events: BusinessChange | BusinessTold) -> None:
        self._events += events
        write(self._file, self._events)


def tried(
    folder: Any, monkeypatch: pytest.MonkeyPatch, tables: Mapping[str, Mapping[str, str]] = KEPT, *,
    topics: Mapping[str, Sequence[str]] = {"orders/create": (URL,)}, answer: int | None = 200,
    forged: int | None = 401, shop: bool = True, business: Business | None = BUSINESS,
) -> list[str]:  # fmt: skip
    monkeypatch.setattr(trial, "_PATIENCE_S", 0.0)
    seller = Seller(folder, topics, answer, forged)
    world: Any = SimpleNamespace(
        subject=SimpleNamespace(business=business),
        net=SimpleNamespace(of=lambda _: [seller] if shop else []),
        environment=SimpleNamespace(primary=SimpleNamespace(name="east"), database_of=lambda place: f"db-{place}"),
        data=lambda: {"db-east": tables},
        edges=("east", "west"),
    )
    return [f"{one.state} {one.what}: {one.text}" for one in trial.try_shop(world)]


def test_an_application_that_keeps_its_promises(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert tried(tmp_path, monkeypatch) == [
        f"ok subscribed to: orders/create, at {URL}",
        "ok webhook orders/create: 200 at east",
        "ok kept: 1 of orders in db-east, as the shop has it",
        "ok done: 1 in table effects of db-east",
        "ok forged webhooks at east: 1, all refused",
        "ok forged webhooks at west: 1, all refused",
    ]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"topics": {}}, "warn subscribed to: nothing within 0 s, so the shop tells it of nothing"),
        ({"topics": {"products/create": (URL,)}}, "warn subscribed to: nothing of orders, which it keeps"),
        ({"topics": {"orders/updated": (URL,)}}, "warn subscribed to: not to orders/create, which asks for something"),
        ({"answer": 401}, "fail webhook orders/create: answered 401 at east: it is genuine"),
        ({"answer": 500}, "fail webhook orders/create: answered 500 at east"),
        ({"answer": None}, "fail webhook orders/create: timeout at east"),
        ({"tables": {**KEPT, "orders": {"gid://7": "5"}}}, "fail kept: orders: .* no row with that key and a version"),
        ({"tables": {**KEPT, "orders": {"7": "4"}}}, "fail kept: orders: table orders of db-east has version 4, not 5"),
        ({"tables": {**KEPT, "effects": {}}}, "fail done: table effects of db-east has no count of erp:7"),
        ({"tables": {**KEPT, "effects": {"erp:7": "2"}}}, "fail done: erp:7 2 times, of one order"),
        ({"forged": 200}, r"fail forged webhooks at west: 1 of 1 were taken \(answered 200\)"),
        ({"forged": None}, "warn forged webhooks at west: 1 of 1 were neither taken nor refused: timeout"),
        ({"shop": False}, "warn shop: the subject file says where it keeps what a shop tells"),
    ],
)
def test_what_is_wrong_is_told(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch, wrong: dict[str, Any], said: str
) -> None:
    rows = tried(tmp_path, monkeypatch, **wrong)
    assert any(re.match(said, row) for row in rows), rows


def test_without_a_shop_and_without_a_business_nothing_is_said(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert tried(tmp_path, monkeypatch, shop=False, business=None) == []
    assert all(not row.startswith(("ok kept", "fail")) for row in tried(tmp_path, monkeypatch, business=None))
