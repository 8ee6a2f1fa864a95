"""The legacy REST API: lists and their pages, orders, products, customers, themes' assets, webhooks."""

from __future__ import annotations

import base64
import json
import re
from typing import Any
from urllib.parse import quote

import pytest
from shopify_rig import HOST, VERSION, Rig


def walk(rig: Rig, path: str, many: str) -> list[list[int]]:
    """The ids of every page, by the Link header."""
    pages, target = [], f"/admin/api/{VERSION}/{path}"
    while target:
        reply = rig.ask("GET", target)
        assert reply.status == 200, reply
        pages.append([one["id"] for one in json.loads(reply.body)[many]])
        link = re.fullmatch(rf'<http://{HOST}(.*)>; rel="next"', reply.headers.get("Link", ""))
        target = link[1] if link else ""
    return pages


def test_lists_have_pages() -> None:
    rig = Rig()
    ids = [rig.order().id for _ in range(5)]
    assert walk(rig, "orders.json?limit=2", "orders") == [[ids[4], ids[3]], [ids[2], ids[1]], [ids[0]]]
    assert walk(rig, f"orders.json?limit=3&since_id={ids[0]}", "orders") == [[ids[1], ids[2], ids[3]], [ids[4]]]
    assert rig.rest("GET", "orders/count.json") == {"count": 5}


def test_lists_are_filtered() -> None:
    rig = Rig()
    first, second, third = rig.order(), rig.order(financial_status="pending"), rig.order()
    rig.shop.orders.cancel(third.id)
    rig.shop.orders.update(first.id, note="x")
    since = quote(rig.shop.registers.orders.require(third.id).line_items and second.body["updated_at"])

    def ids(query: str) -> set[int]:
        return {one["id"] for one in rig.rest("GET", f"orders.json?{query}")["orders"]}

    assert ids("") == {first.id, second.id}
    assert ids("status=any") == {first.id, second.id, third.id}
    assert ids("status=cancelled") == {third.id}
    assert ids(f"status=any&updated_at_min={since}") == {first.id, second.id, third.id}
    assert ids(f"status=any&created_at_max={since}") == {first.id, second.id}
    assert ids("financial_status=pending") == {second.id}
    assert ids(f"status=any&ids={first.id},{third.id}") == {first.id, third.id}
    assert rig.rest("GET", "orders.json?fields=id,note&limit=1")["orders"] == [{"id": second.id, "note": None}]
    by_change = rig.rest("GET", "orders.json?status=any&order=updated_at%20asc")["orders"]
    assert [one["id"] for one in by_change] == [second.id, third.id, first.id]


@pytest.mark.parametrize(
    "query",
    ["limit=0", "limit=251", "limit=x", "since_id=-1", "updated_at_min=never", "page_info=x", "page_info=e30%3D",
     "page_info=eyJmaWx0ZXJzIjogMSwgImxhc3RfaWQiOiAxfQ%3D%3D", "page_info=x&status=any"],
)  # fmt: skip
def test_queries_that_cannot_be(query: str) -> None:
    assert "errors" in Rig().rest("GET", f"orders.json?{query}", status=400)


def test_an_order_through_its_life() -> None:
    rig = Rig()
    customer = rig.rest("POST", "customers.json", {"customer": {"first_name": "Ada", "email": "a@example.com"}}, 201)
    made = rig.rest(
        "POST", "orders.json",
        {
            "order": {
                "line_items": [{"variant_id": rig.variant, "quantity": 2, "properties": [{"name": "a", "value": "b"}]}],
                "customer": {"id": customer["customer"]["id"]}, "financial_status": "paid", "tags": "vip, eu",
                "note_attributes": [{"name": "k", "value": "v"}],
            }
        }, 201,
    )["order"]  # fmt: skip
    assert (made["customer"]["first_name"], made["tags"], made["total_price"]) == ("Ada", "vip, eu", "46.98")
    number = made["id"]
    changed = rig.rest("PUT", f"orders/{number}.json", {"order": {"id": number, "note": "ü"}})["order"]
    assert (changed["note"], changed["tags"]) == ("ü", "vip, eu")
    (waiting,) = rig.rest("GET", f"orders/{number}/fulfillment_orders.json")["fulfillment_orders"]
    parcel = rig.rest(
        "POST", "fulfillments.json",
        {"fulfillment": {"line_items_by_fulfillment_order": [{"fulfillment_order_id": waiting["id"]}]}}, 201,
    )["fulfillment"]  # fmt: skip
    tracked = {"fulfillment": {"tracking_info": {"number": "N1", "company": "Post"}}}
    rig.rest("POST", f"fulfillments/{parcel['id']}/update_tracking.json", tracked)
    (parcel,) = rig.rest("GET", f"orders/{number}/fulfillments.json")["fulfillments"]
    assert (parcel["tracking_number"], parcel["line_items"][0]["quantity"]) == ("N1", 2)
    line = made["line_items"][0]["id"]
    refund = {"refund": {"refund_line_items": [{"line_item_id": line, "quantity": 1}], "note": "n"}}
    assert rig.rest("POST", f"orders/{number}/refunds.json", refund, 201)["refund"]["note"] == "n"
    assert len(rig.rest("GET", f"orders/{number}/refunds.json")["refunds"]) == 1
    assert rig.rest("POST", f"orders/{number}/close.json")["order"]["closed_at"]
    assert rig.rest("POST", f"orders/{number}/open.json")["order"]["closed_at"] is None
    refused = rig.rest("POST", f"orders/{number}/cancel.json", status=422)
    assert "fulfilled" in str(refused["errors"])
    assert [change.topic for change in rig.told][:4] == [
        "customers/create", "orders/create", "orders/paid", "inventory_levels/update",
    ]  # fmt: skip
    other = rig.order()
    assert rig.rest("POST", f"orders/{other.id}/cancel.json", {"reason": "fraud"})["order"]["cancel_reason"] == "fraud"


def test_products_customers_and_inventory() -> None:
    rig = Rig()
    product = rig.rest("POST", "products.json", {"product": {"title": "T", "variants": [{"price": "3.50"}]}}, 201)[
        "product"
    ]
    assert product["variants"][0]["price"] == "3.50"
    variant = product["variants"][0]["id"]
    changed = {"product": {"title": "U", "variants": [{"id": variant, "price": "4.00"}]}}
    assert rig.rest("PUT", f"products/{product['id']}.json", changed)["product"]["variants"][0]["price"] == "4.00"
    assert len(rig.rest("GET", f"products/{product['id']}/variants.json")["variants"]) == 1
    level = {
        "inventory_item_id": product["variants"][0]["inventory_item_id"],
        "location_id": rig.rest("GET", "locations.json")["locations"][0]["id"],
    }
    assert rig.rest("POST", "inventory_levels/set.json", {**level, "available": 5})["inventory_level"]["available"] == 5
    more = {**level, "available_adjustment": -2}
    assert rig.rest("POST", "inventory_levels/adjust.json", more)["inventory_level"]["available"] == 3
    assert rig.rest("DELETE", f"products/{product['id']}.json") == {}
    rig.rest("GET", f"products/{product['id']}.json", status=404)
    customer = rig.shop.customers.create(email="a@example.com")[0]
    assert rig.rest("PUT", f"customers/{customer.id}.json", {"customer": {"note": "x"}})["customer"]["note"] == "x"
    taken = rig.rest("POST", "customers.json", {"customer": {"email": "a@example.com"}}, 422)
    assert taken["errors"] == {"email": ["has already been taken"]}
    assert rig.rest("DELETE", f"customers/{customer.id}.json") == {}


def test_assets_of_a_theme() -> None:
    rig = Rig()
    theme = rig.rest("GET", "themes.json")["themes"][0]["id"]
    image = base64.b64encode(b"\x00\x01").decode()
    path = f"themes/{theme}/assets.json"
    written = rig.rest("PUT", path, {"asset": {"key": "layout/theme.liquid", "value": "hi"}})["asset"]
    assert (written["key"], "value" in written) == ("layout/theme.liquid", False)
    rig.rest("PUT", path, {"asset": {"key": "assets/a.png", "attachment": image}})
    rig.rest("PUT", path, {"asset": {"key": "layout/b.liquid", "source_key": "layout/theme.liquid"}})
    assert [one["key"] for one in rig.rest("GET", path)["assets"]] == [
        "assets/a.png", "layout/b.liquid", "layout/theme.liquid",
    ]  # fmt: skip
    assert rig.rest("GET", f"{path}?asset%5Bkey%5D=assets/a.png")["asset"]["attachment"] == image
    assert rig.rest("GET", f"{path}?asset%5Bkey%5D=layout/b.liquid")["asset"]["value"] == "hi"
    assert "successfully deleted" in rig.rest("DELETE", f"{path}?asset%5Bkey%5D=layout/b.liquid")["message"]
    rig.rest("GET", f"{path}?asset%5Bkey%5D=layout/b.liquid", status=404)
    for asset in (
        {"key": "x", "value": ""},
        {"key": "assets/a"},
        {"value": "x"},
        {"key": "assets/a", "attachment": "?"},
    ):
        rig.rest("PUT", path, {"asset": asset}, 422)
    new = rig.rest("POST", "themes.json", {"theme": {"name": "Spring"}}, 201)["theme"]
    assert rig.rest("PUT", f"themes/{new['id']}.json", {"theme": {"role": "main"}})["theme"]["role"] == "main"
    assert rig.rest("DELETE", f"themes/{theme}.json") == {}


def test_webhooks() -> None:
    rig = Rig()
    about = {"webhook": {"topic": "orders/create", "address": "https://app.example.com/", "format": "json"}}
    made = rig.rest("POST", "webhooks.json", about, 201)["webhook"]
    assert rig.rest("POST", "webhooks.json", about, 422)["errors"] == {
        "address": ["for this topic has already been taken"]
    }
    assert rig.rest("GET", "webhooks.json?topic=orders/create")["webhooks"] == [made]
    assert rig.rest("GET", "webhooks.json?topic=orders/paid")["webhooks"] == []
    assert rig.rest("GET", "webhooks/count.json") == {"count": 1}
    moved = rig.rest("PUT", f"webhooks/{made['id']}.json", {"webhook": {"address": "https://b.example.com/"}})[
        "webhook"
    ]
    assert rig.rest("GET", f"webhooks/{made['id']}.json")["webhook"] == moved
    assert rig.rest("DELETE", f"webhooks/{made['id']}.json") == {}
    rig.rest("DELETE", f"webhooks/{made['id']}.json", status=404)
    for webhook in ({"topic": "nonsense", "address": "https://a/"}, {"topic": "orders/create"}, {"topic": 1}):
        rig.rest("POST", "webhooks.json", {"webhook": webhook}, 422)


def test_metafields_and_scopes() -> None:
    rig = Rig()
    kept = {"metafield": {"namespace": "drill", "key": "state", "value": "1", "type": "number_integer"}}
    assert rig.rest("POST", f"products/{rig.product}/metafields.json", kept, 201)["metafield"]["value"] == "1"
    assert len(rig.rest("GET", f"products/{rig.product}/metafields.json")["metafields"]) == 1
    rig.rest("GET", "products/1/metafields.json", status=404)
    scopes = json.loads(rig.ask("GET", "/admin/oauth/access_scopes.json").body)["access_scopes"]
    assert {"handle": "read_orders"} in scopes
    narrow = Rig(scopes=("read_products",))
    narrow.rest("GET", "products.json")
    assert "read_orders scope" in narrow.rest("GET", "orders.json", status=403)["errors"]
    assert "write_products scope" in narrow.rest("POST", "products.json", {"product": {"title": "x"}}, 403)["errors"]


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "nothing.json", None, 404),
        ("GET", "orders/x.json", None, 404),
        ("GET", "orders/999999999999999999999.json", None, 404),
        ("GET", "orders/1/2/3.json", None, 404),
        ("PATCH", "orders.json", None, 405),
        ("DELETE", "orders/1.json", None, 405),
        ("POST", "shop.json", {"shop": {}}, 405),
        ("POST", "products.json", None, 400),
        ("POST", "products.json", {"product": []}, 400),
        ("POST", "products.json", [], 400),
        ("POST", "products.json", b"{", 400),
        ("POST", "products.json", b"\xff", 400),
        ("POST", "products.json", b"[" * 100_000, 400),
        ("POST", "products.json", {"product": {"title": 5}}, 422),
        ("POST", "products.json", {"product": {"title": "x" * 256}}, 422),
        ("POST", "products.json", {"product": {"title": "x", "variants": "y"}}, 422),
        ("POST", "products.json", {"product": {"title": "x", "variants": [{"price": "dear"}]}}, 422),
        ("POST", "orders.json", {"order": {"line_items": [{"variant_id": "1", "quantity": 1}]}}, 422),
        ("POST", "orders.json", {"order": {"line_items": [{"variant_id": 1, "quantity": True}]}}, 422),
        ("POST", "orders.json", {"order": {}}, 422),
        ("PUT", "orders/1.json", {"order": {"note": "x"}}, 404),
        ("POST", "fulfillments.json", {"fulfillment": {}}, 422),
        ("POST", "inventory_levels/set.json", {"inventory_item_id": 1, "location_id": 1, "available": 1}, 404),
        ("POST", "inventory_levels/set.json", {"available": "many"}, 422),
    ],
)
def test_what_cannot_be_done(method: str, path: str, body: Any, status: int) -> None:
    assert "errors" in Rig().rest(method, path, body, status)
