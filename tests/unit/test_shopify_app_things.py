"""What the reference's Shopify application learns from webhooks and from the Admin API, and that it learns the same."""

from __future__ import annotations

import json
from typing import Any

import pytest

from reference.shopify_app import rows, things
from reference.shopify_app.reconciliation import nodes
from reference.shopify_app.things import Thing, Unreadable

AT = "2026-11-29T11:00:00.000007Z"
VERSION = things.version_of(AT)


def order(**more: Any) -> dict[str, Any]:
    return {"id": 1001, "updated_at": AT, "name": "#1001", "financial_status": "pending", **more}


def effects(topic: str, body: dict[str, Any]) -> list[str]:
    return [effect.key for effect in things.learned(topic, body).effects]


def test_a_version_is_exact_to_the_microsecond_and_knows_time_zones() -> None:
    assert VERSION % 1_000_000 == 7
    assert things.version_of("2026-11-29T06:00:00.000007-05:00") == VERSION
    assert things.moment_of(VERSION) == AT


@pytest.mark.parametrize(
    ("about", "expected"),
    [
        ({}, ["erp:1001"]),
        ({"financial_status": "paid"}, ["erp:1001", "fulfilment:1001"]),
        ({"financial_status": "refunded"}, ["erp:1001", "fulfilment:1001"]),
        ({"financial_status": None}, ["erp:1001"]),
        ({"cancelled_at": AT}, ["erp:1001", "cancel:1001"]),
        ({"refunds": [{"id": 5, "note": None}]}, ["erp:1001", "refund:5"]),
    ],
)
def test_what_is_to_be_done_is_seen_from_any_state_of_an_order(about: dict[str, Any], expected: list[str]) -> None:
    for topic in ("orders/create", "orders/updated", "orders/cancelled"):
        assert effects(topic, order(**about)) == expected


def test_a_refund_and_its_order_ask_for_the_same() -> None:
    refund = {"id": 5, "order_id": 1001, "note": "broken"}
    alone = things.learned("refunds/create", refund).effects
    assert alone[0] in things.learned("orders/updated", order(refunds=[refund])).effects


def test_fulfilments_are_things_of_their_own_and_come_with_their_order_too() -> None:
    body = {"id": 7, "order_id": 1001, "updated_at": AT, "status": "success"}
    alone = things.learned("fulfillments/create", body)
    assert alone.things == (Thing("fulfillments", "7", VERSION, {"order": "1001", "status": "success"}),)
    assert alone.things[0] in things.learned("orders/updated", order(fulfillments=[body])).things


@pytest.mark.parametrize(
    ("topic", "body"),
    [
        ("orders/create", {}),
        ("orders/create", {"id": None, "updated_at": AT}),
        ("orders/create", {"id": True, "updated_at": AT}),
        ("orders/create", {"id": "gid://shopify/Order/", "updated_at": AT}),
        ("orders/create", {"id": 1, "updated_at": "soon"}),
        ("orders/create", {"id": 1, "updated_at": None}),
        ("refunds/create", {"id": 1}),
        ("products/update", {"id": [1], "updated_at": AT}),
        ("themes/publish", {"id": 1, "updated_at": AT}),
    ],
)
def test_what_has_no_identity_or_no_version_says_so(topic: str, body: dict[str, Any]) -> None:
    with pytest.raises(Unreadable):
        things.learned(topic, body)


def test_a_reconciled_order_leads_to_what_its_webhook_leads_to() -> None:
    webhook = order(
        financial_status="partially_refunded", cancelled_at=AT, total_price="10.00", note="\u2615",
        fulfillments=[{"id": 7, "updated_at": AT, "status": "success"}], refunds=[{"id": 5, "note": "x"}],
    )  # fmt: skip
    node = {
        "id": "gid://shopify/Order/1001", "updatedAt": AT, "name": "#1001", "note": "\u2615",
        "displayFinancialStatus": "PARTIALLY_REFUNDED", "cancelledAt": AT,
        "totalPriceSet": {"shopMoney": {"amount": "10.00"}},
        "fulfillments": [{"id": "gid://shopify/Fulfillment/7", "updatedAt": AT, "status": "SUCCESS"}],
        "refunds": [{"id": "gid://shopify/Refund/5", "note": "x"}],
    }  # fmt: skip
    assert nodes.learned("orders", node) == things.learned("orders/updated", webhook)


def test_reconciled_customers_and_products_are_what_their_webhooks_tell() -> None:
    customer = {"id": 3, "updated_at": AT, "first_name": "Zo\u00eb", "last_name": None}
    node = {"id": "gid://shopify/Customer/3", "updatedAt": AT, "firstName": "Zo\u00eb", "lastName": None}
    assert nodes.learned("customers", node) == things.learned("customers/update", customer)
    product = {"id": 9, "updated_at": AT, "title": "Tea"}
    node = {"id": "gid://shopify/Product/9", "updatedAt": AT, "title": "Tea"}
    assert nodes.learned("products", node) == things.learned("products/update", product)


def test_an_order_whose_lists_are_full_is_asked_for_by_itself() -> None:
    assert not nodes.is_cut({"refunds": [1], "fulfillments": [1, 2]}, 3)
    assert nodes.is_cut({"refunds": [1, 2, 3], "fulfillments": []}, 3)


@pytest.mark.parametrize(
    "odd", ["\U0001f30d" * 300_000, {"a": ["x" * 400_000]}, ["\ud83d" * 90_000], "\u0000" * 400_000]
)
def test_what_a_row_has_no_room_for_is_cut(odd: Any) -> None:
    refund = {"id": 5, "order_id": 1001, "note": odd}
    body = order(name=odd, total_price=odd, note=odd, cancelled_at=odd, refunds=[refund])
    known = things.learned("orders/updated", body)
    written = [rows.thing_put(one, "webhook") for one in known.things]
    written += [rows.effect_put("effects", one, "us-east-1", 1) for one in known.effects]
    assert max(len(json.dumps(one["Item"])) for one in written) < 400_000


def test_an_id_that_no_key_has_room_for_is_unreadable() -> None:
    with pytest.raises(Unreadable):
        things.learned("orders/updated", order(id=int("9" * 4_000)))
