"""What somebody who shops may send to the reference's Shopify application, and what is made of it."""

from __future__ import annotations

import json

import pytest
from shopify_tables import Tables, shop, store

from reference.shopify_app import shopping
from reference.shopify_app.rows import SENT
from reference.shopify_app.shopping import Line, Misread

CART = b'{"lines": [{"product": "1", "quantity": 2}, {"product": 7, "quantity": 1}]}'


def test_a_cart_is_read_and_kept_as_a_whole() -> None:
    lines = shopping.lines_of(CART)
    assert lines == (Line("1", 2), Line("7", 1))
    tables = Tables()
    for _ in range(2):
        tables.call("put_item", **shopping.cart_put("carts", "a-1", lines))
    assert json.loads(tables.table("carts")["a-1"]["lines"]["S"]) == [
        {"product": "1", "quantity": 2}, {"product": "7", "quantity": 1},
    ]  # fmt: skip


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"[]", b'{"lines": 3}', b'{"lines": []}', b'{"lines": [{"product": "1"}]}', b"\xff",
        b'{"lines": [{"product": "1", "quantity": 0}]}', b'{"lines": [{"product": "1", "quantity": true}]}',
        b'{"lines": [{"product": "1", "quantity": 1.5}]}', b'{"lines": [{"product": "a/b", "quantity": 1}]}',
        b'{"lines": [{"product": "1", "quantity": 1001}]}', b"[" * 100_000,
        json.dumps({"lines": [{"product": "1", "quantity": 1}] * 101}).encode(),
    ],
)  # fmt: skip
def test_what_is_no_cart_is_the_clients_mistake(body: bytes) -> None:
    with pytest.raises(Misread):
        shopping.lines_of(body)


@pytest.mark.parametrize("key", ["", "a b", "../x", "é", "x" * 65])
def test_an_id_that_could_be_anything_is_refused(key: str) -> None:
    with pytest.raises(Misread):
        shopping.id_of(key)


def test_paying_twice_asks_for_one_thing_in_whichever_region_it_comes() -> None:
    tables = Tables()
    east, west = store(tables, "us-east-1"), store(tables, "us-west-2")
    effect = shopping.intent("visit-1", shopping.lines_of(CART))
    assert (east.ask_for(effect), west.ask_for(effect)) == (True, False)
    assert tables.table(shop().effects_table)["checkout:visit-1"]["count"] == {"N": "1"}


def test_an_order_can_be_tracked_from_the_intent_on_and_as_the_shop_knows_it() -> None:
    tables = Tables()
    east = store(tables)
    east.ask_for(shopping.intent("visit-1", shopping.lines_of(CART)))
    row = tables.table(shop().effects_table)["checkout:visit-1"]
    assert shopping.status_of({}, row) == {"status": "paid", "erp": "waits"}
    east.settle_effect("checkout:visit-1", SENT)
    assert shopping.status_of({}, tables.table(shop().effects_table)["checkout:visit-1"])["erp"] == "told"  # type: ignore[index]
    of_shop = {"id": {"S": "1001"}, "data": {"S": '{"financial_status": "refunded"}'}}
    assert shopping.status_of(of_shop, {}) == {"status": "refunded"}
    cancelled = {"id": {"S": "1001"}, "data": {"S": '{"financial_status": "paid", "cancelled_at": "2026"}'}}
    assert shopping.status_of(cancelled, {}) == {"status": "cancelled"}
    assert shopping.status_of({}, {}) is None


def test_a_product_is_shown_as_it_is_known() -> None:
    assert shopping.product_of({"id": {"S": "5"}, "data": {"S": '{"title": "Chair"}'}}) == {"id": "5", "title": "Chair"}
    assert shopping.product_of({}) is None
