"""What the shop could not tell is learned from the shop: the reference application asks the stand-in's Admin API."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from shopify_rig import Rig
from shopify_tables import Tables, settings, shop, store

from harness.parts.commerce.shopify.doing import Doing
from harness.parts.commerce.shopify.life import Life, Next, step
from harness.parts.commerce.shopify.records.values import Changed
from reference.shopify_app import things
from reference.shopify_app.admin_api.client import AdminFailed
from reference.shopify_app.reconciliation import queries
from reference.shopify_app.reconciliation.service import Reconciliation
from reference.shopify_app.settings import TOPICS
from reference.shopify_app.things import KINDS


@dataclass
class Asking:
    """In the place of the application's client: the stand-in answers, in the same thread. costs: of a page, at most."""

    rig: Rig
    first_max: int = 250
    asked: list[Mapping[str, Any]] = field(default_factory=list)

    def query(self, document: str, variables: Mapping[str, object] | None = None, patience_s: float = 0) -> Any:
        self.asked.append(variables or {})
        if int((variables or {}).get("first", 0)) > self.first_max:  # type: ignore[call-overload]
            raise AdminFailed("too costly", too_costly=True)
        return self.rig.data(document, **(variables or {}))


@dataclass
class World:
    """A shop with a life, and the application's tables. seed: of what happens and of what is lost."""

    seed: int
    rig: Rig = field(default_factory=Rig)
    tables: Tables = field(default_factory=Tables)

    def __post_init__(self) -> None:
        self.doing = Doing(self.rig.shop, self.seed, 6, 5)
        self.life = Life(self.seed, 6, 5)
        self.asking = Asking(self.rig)
        self.reconciliation = Reconciliation(settings(), shop(), store(self.tables), self.asking)  # type: ignore[arg-type]

    def live(self, deeds: int) -> list[Changed]:
        found: list[Changed] = []
        for _ in range(deeds):
            self.rig.clock.sleep_s(1.0)
            self.life, doing = step(self.life, Next(), 0)
            for deed in doing:
                found += self.doing.do(deed)
        return [change for change in found if change.topic in TOPICS]

    def tell(self, changes: list[Changed]) -> None:
        made = store(self.tables)
        for change in changes:
            made.apply(things.learned(change.topic, change.body), "webhook")

    def known(self) -> dict[str, Any]:
        found: dict[str, Any] = {
            kind: {key: item["version"]["N"] for key, item in self.tables.table(kind).items()} for kind in KINDS
        }
        found["effects"] = {key: item["count"]["N"] for key, item in self.tables.table("effects").items()}
        return found


def expected(changes: list[Changed]) -> dict[tuple[str, str], int]:
    newest: dict[tuple[str, str], int] = {}
    for change in changes:
        thing = (change.kind, str(change.id))
        if change.kind in KINDS:
            newest[thing] = max(change.updated_at_us, newest.get(thing, 0))
    return newest


@pytest.mark.parametrize("seed", range(6))
def test_whatever_webhooks_are_lost_the_same_is_known_and_done_once(seed: int) -> None:
    draw = random.Random(seed)
    world, told = World(seed), World(seed)
    changes = world.live(60)
    told.tell(told.live(60))
    world.tell([change for change in changes if draw.random() < 0.5])
    report = world.reconciliation.run()
    assert report.news > 0
    found = world.known()
    for (kind, key), version in expected(changes).items():
        assert int(found[kind][key]) >= version, (kind, key)
    assert found["effects"].items() >= told.known()["effects"].items()
    assert set(found["effects"].values()) == {"1"}


def test_a_second_time_only_what_was_changed_since_is_asked_for_and_nothing_is_written() -> None:
    world = World(1)
    world.live(80)
    world.reconciliation.run()
    before = world.known()
    world.rig.clock.sleep_s(3_600)
    late = world.live(3)
    world.tables.calls.clear()
    report = world.reconciliation.run()
    assert 0 < sum(report.seen.values()) < 30
    assert world.known() != before
    world.tables.calls.clear()
    assert world.reconciliation.run().news == 0
    assert "put_item" not in world.tables.calls
    for (kind, key), version in expected(late).items():
        assert int(world.known()[kind][key]) >= version


@pytest.mark.parametrize("seed", range(10, 14))
def test_from_the_position_on_nothing_is_missed_of_orders_that_were_known_before(seed: int) -> None:
    world = World(seed)
    world.live(60)
    world.reconciliation.run()
    world.rig.clock.sleep_s(3_600)
    late = world.live(60)
    world.reconciliation.run()
    for (kind, key), version in expected(late).items():
        assert int(world.known()[kind][key]) >= version, (kind, key)


def test_pages_become_smaller_while_they_cost_too_much() -> None:
    world = World(2)
    world.live(60)
    world.asking.first_max = 3
    report = world.reconciliation.run()
    assert report.seen["orders"] > 3
    assert {asked["first"] for asked in world.asking.asked if "first" in asked} == {25, 12, 6, 3}


def test_subscriptions_that_are_gone_or_lead_elsewhere_are_put_right() -> None:
    world = World(3)
    report = world.reconciliation.run()
    assert len(report.subscribed) == len(TOPICS)
    assert world.reconciliation.run().subscribed == ()
    listed = world.reconciliation.listed()
    assert {one["uri"] for one in listed} == {"http://app.example/webhooks"}
    world.rig.data(queries.UNSUBSCRIBE, id=listed[0]["id"])
    about = {"uri": "https://old.example/webhooks", "format": "JSON"}
    world.rig.data(queries.SUBSCRIBE, topic=listed[0]["topic"], about=about)
    report = world.reconciliation.run()
    assert (report.subscribed, report.moved) == ((listed[0]["topic"],), 1)
    assert {one["uri"] for one in world.reconciliation.listed()} == {"http://app.example/webhooks"}


def test_a_region_asks_alone_while_its_claim_holds() -> None:
    world = World(4)
    other = Reconciliation(settings("us-west-2"), shop(), store(world.tables, "us-west-2"), world.asking)  # type: ignore[arg-type]
    assert world.reconciliation._claim()
    assert other.run().skipped
    assert not world.reconciliation.run().skipped
    assert not other.run().skipped
