"""The shop's records: what one action changes, and what webhooks say of it."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from shopify_rig import START_US, Rig

from harness.parts.commerce.shopify.records.fulfilling import Tracking
from harness.parts.commerce.shopify.records.metafields import NewMetafield
from harness.parts.commerce.shopify.records.orders import NewLine
from harness.parts.commerce.shopify.records.shop import Shop
from harness.parts.commerce.shopify.records.things import Address
from harness.parts.commerce.shopify.records.values import (
    Changed,
    Changes,
    Refused,
    cents,
    gid,
    iso,
    microseconds,
    number_of,
)

BODIES = Path(__file__).parents[1] / "data" / "shopify" / "webhooks"
SCHEMA_OF = {
    "orders": "orders", "fulfillments": "fulfillments", "refunds": "refunds.create", "products": "products.update",
    "customers": "customers.update", "inventory_levels": "inventory_levels.update", "themes": "themes",
}  # fmt: skip
TOO_NARROW = ("Expected at most 0 items", "is not of type 'integer'")
"""The schemas are inferred from samples: a list that was empty there has to be, a rate of 0 makes rates whole."""


@cache
def schema(kind: str) -> Any:
    return jsonschema.Draft202012Validator(json.loads((BODIES / f"{SCHEMA_OF[kind]}.json").read_text(encoding="utf-8")))


def mistakes(change: Changed) -> list[str]:
    found = schema(change.kind).iter_errors(change.body)
    return [
        f"{change.topic} {list(error.absolute_path)}: {error.message}" for error in found
        if not any(narrow in error.message for narrow in TOO_NARROW) and list(error.absolute_path) != ["image"]
    ]  # fmt: skip


def topics(changes: Changes) -> list[str]:
    return [change.topic for change in changes]


def a_life(rig: Rig) -> list[Changed]:
    shop = rig.shop
    ada = shop.customers.create(first_name="Ada", last_name="Löw", email="a@example.com", address=Address(city="Oslo"))
    changes = [*ada, *shop.customers.update(ada[0].id, note="“quoted”, \\ and \u2028")]
    taken = shop.orders.create(
        [NewLine(rig.variant, 3, {"gravure": "für/Ömer"})], customer=ada[0].id, note="😀", attributes={"a/b": "c"}
    )
    order, line = taken[0].id, taken[0].body["line_items"][0]["id"]
    changes += [*taken, *shop.orders.update(order, note="later", tags=("x", "y"))]
    changes += shop.refunding.refund(order, {line: 1}, note="one too many")
    changes += shop.fulfilling.fulfil(shop.registers.orders.require(order).fulfillment_orders[0])
    changes += shop.fulfilling.update(
        shop.registers.orders.require(order).fulfillments[0], tracking=Tracking("Post", "N1", "https://example.com/N1"),
        shipment_status="delivered",
    )  # fmt: skip
    changes += shop.orders.cancel(rig.order(2, customer=ada[0].id).id, "fraud", refund=True)
    changes += [*shop.catalogue.update(rig.product, title="Headphones"), *shop.catalogue.reprice(rig.variant, 2500)]
    return [*changes, *shop.themes.create("Spring")]


def test_every_body_has_the_shape_of_shopifys_own() -> None:
    changes = a_life(Rig())
    assert {change.kind for change in changes} == set(SCHEMA_OF)
    assert [mistake for change in changes for mistake in mistakes(change)] == []
    assert all(json.loads(json.dumps(change.body)) == change.body for change in changes)


def test_a_thing_never_goes_back_in_time_though_the_clock_does() -> None:
    at = [START_US]
    shop = Shop(lambda: at[0])
    variant = shop.catalogue.create("A")[0].body["variants"][0]["id"]
    order = shop.orders.create([NewLine(variant)])[0]
    seen = [order.updated_at_us]
    for step in (0, 5, -60_000_000, 0):
        at[0] += step
        change = shop.orders.update(order.id, note=str(step))[0]
        assert change.body["updated_at"] == iso(change.updated_at_us)
        seen.append(change.updated_at_us)
    assert seen == sorted(set(seen))


def test_one_action_tells_of_all_that_it_changed_at_one_time() -> None:
    rig = Rig()
    taken = rig.shop.orders.create([NewLine(rig.variant, 2)])
    assert topics(taken) == ["orders/create", "orders/paid", "inventory_levels/update"]
    assert taken[0].body == taken[1].body
    order = rig.shop.registers.orders.require(taken[0].id)
    sent = rig.shop.fulfilling.fulfil(order.fulfillment_orders[0], {_line(rig, order.id): 1})
    assert topics(sent) == ["fulfillments/create", "orders/updated", "orders/partially_fulfilled"]
    rest = rig.shop.fulfilling.fulfil(order.fulfillment_orders[0])
    assert topics(rest) == ["fulfillments/create", "orders/updated", "orders/fulfilled"]
    assert {change.updated_at_us for change in rest} == {order.updated_at_us}
    assert rest[1].body["fulfillment_status"] == "fulfilled"


def _line(rig: Rig, order: int) -> int:
    waiting = rig.shop.registers.orders.require(order).fulfillment_orders[0]
    return rig.shop.registers.fulfillment_orders.require(waiting).lines[0].id


def test_a_body_that_was_told_is_not_changed_by_what_happens_later() -> None:
    rig = Rig()
    told = rig.order(note="first")
    before = json.dumps(told.body)
    rig.shop.orders.update(told.id, note="second", tags=("z",))
    rig.shop.refunding.refund(told.id, {told.body["line_items"][0]["id"]: 1})
    assert json.dumps(told.body) == before


def test_goods_are_taken_by_orders_and_come_back_once() -> None:
    rig = Rig()
    item = rig.shop.registers.variants.require(rig.variant).inventory_item_id
    level = rig.shop.inventory.level(item, rig.shop.inventory.first_location().id)
    order = rig.order(5)
    assert (level.available, level.committed) == (95, 5)
    rig.shop.refunding.refund(order.id, {order.body["line_items"][0]["id"]: 2})
    assert (level.available, level.committed) == (97, 3)
    rig.shop.fulfilling.fulfil(rig.shop.registers.orders.require(order.id).fulfillment_orders[0])
    assert (level.available, level.committed) == (97, 0)
    cancelled = rig.order(4)
    rig.shop.orders.cancel(cancelled.id)
    assert (level.available, level.committed) == (97, 0)


@pytest.mark.parametrize("unpaid", [True, False])
def test_money_is_paid_back_no_more_than_once(unpaid: bool) -> None:
    rig = Rig()
    order = rig.order(2, financial_status="pending" if unpaid else "paid")
    line = order.body["line_items"][0]["id"]
    refund = rig.shop.refunding.refund(order.id, {line: 2})
    assert refund[0].body["transactions"][0]["amount"] == "41.98"
    assert refund[1].body["current_total_price"] == "5.00"
    with pytest.raises(Refused, match="cannot refund more items than were purchased"):
        rig.shop.refunding.refund(order.id, {line: 1})


def test_what_cannot_be_is_refused_and_changes_nothing() -> None:
    rig = Rig()
    order = rig.order()
    waiting = rig.shop.registers.orders.require(order.id).fulfillment_orders[0]
    rig.shop.fulfilling.fulfil(waiting)
    at = rig.shop.registers.orders.require(order.id).updated_at_us
    for refused in (
        lambda: rig.shop.orders.cancel(order.id),
        lambda: rig.shop.orders.pay(order.id),
        lambda: rig.shop.fulfilling.fulfil(waiting),
        lambda: rig.shop.orders.create([]),
        lambda: rig.shop.orders.create([NewLine(1)]),
        lambda: rig.shop.orders.create([NewLine(rig.variant, 0)]),
        lambda: rig.shop.catalogue.create(" "),
        lambda: rig.shop.customers.update(1, note="x"),
        lambda: rig.shop.themes.delete(rig.shop.themes.main().id),
    ):
        with pytest.raises(Refused):
            refused()
    assert rig.shop.registers.orders.require(order.id).updated_at_us == at
    assert len(rig.shop.registers.orders) == 1


def test_changes_are_listed_in_the_order_in_which_they_happened() -> None:
    rig = Rig()
    first, second, third = rig.order(), rig.order(), rig.order()
    rig.shop.orders.update(first.id, note="again")
    orders = rig.shop.registers.orders
    assert [one.id for one in orders.since()] == [second.id, third.id, first.id]
    assert [one.id for one in orders.since(third.updated_at_us)] == [third.id, first.id]
    assert [one.id for one in orders.since(0, third.updated_at_us)] == [second.id, third.id]


def test_a_subscription_is_made_once_for_an_address() -> None:
    shop = Rig().shop
    made = shop.subscriptions.create("orders/create", "https://app.example.com/webhooks")
    with pytest.raises(Refused, match="already been taken"):
        shop.subscriptions.create("orders/create", "https://app.example.com/webhooks")
    for address in ("app.example.com", "ftp://app.example.com", "https://", "https://app example", "http://a:b/"):
        with pytest.raises(Refused, match="Address is invalid"):
            shop.subscriptions.create("orders/updated", address)
    assert shop.subscriptions.of_topic("orders/create") == [made]
    assert list(shop.subscriptions.delete_all()) == [made.id]
    assert shop.subscriptions.get(made.id) is None
    strict = Shop(lambda: START_US, allow_http=False)
    with pytest.raises(Refused, match="protocol http:// is not supported"):
        strict.subscriptions.create("orders/create", "http://app.example.com/")


def test_metafields_are_kept_all_or_none() -> None:
    shop = Rig().shop
    good = NewMetafield("gid://shopify/Shop/1", "drill", "state", '{"a": 1}', "json")
    with pytest.raises(Refused, match="invalid JSON") as refused:
        shop.metafields.set([good, NewMetafield("gid://shopify/Shop/1", "drill", "other", "{", "json")])
    assert refused.value.field == ("metafields", "1", "value")
    assert shop.metafields.get("gid://shopify/Shop/1", "drill", "state") is None
    (kept,) = shop.metafields.set([good])
    assert shop.metafields.of("gid://shopify/Shop/1") == [kept]
    assert shop.metafields.delete("gid://shopify/Shop/1", "drill", "state")
    assert not shop.metafields.delete("gid://shopify/Shop/1", "drill", "state")


def test_the_old_secret_counts_for_a_while_after_a_rotation() -> None:
    rig = Rig()
    installation = rig.shop.installation
    old = installation.client_secret
    new = installation.rotate_secret(signs_for_s=10, accepted_for_s=60)
    assert new != old
    assert (installation.signing_secret(), installation.accepts_secret(old)) == (old, True)
    rig.clock.sleep_s(11)
    assert (installation.signing_secret(), installation.accepts_secret(old)) == (new, True)
    rig.clock.sleep_s(60)
    assert (installation.accepts_secret(old), installation.accepts_secret(new)) == (False, True)


@pytest.mark.parametrize(
    ("text", "worth"), [("12.34", 1234), ("0.5", 50), ("-3", -300), (".99", 99), ("1.999", 199), ("7.", 700)]
)
def test_amounts(text: str, worth: int) -> None:
    assert cents(text) == worth


@pytest.mark.parametrize("text", ["", "x", "1e3", "--1", "1.x", "٣"])
def test_what_is_no_amount(text: str) -> None:
    with pytest.raises(ValueError, match="not an amount"):
        cents(text)


def test_times_and_ids_are_read_as_they_are_said() -> None:
    assert microseconds(iso(START_US + 1)) == START_US + 1
    assert microseconds("2026-10-01") == microseconds("2026-10-01T02:00:00+02:00")
    assert number_of("Order", gid("Order", 7)) == 7
    assert [number_of("Order", text) for text in ("7", "gid://shopify/Product/7", "gid://shopify/Order/x")] == [
        None
    ] * 3
