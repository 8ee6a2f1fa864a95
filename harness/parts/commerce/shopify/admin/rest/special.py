"""Paths of the REST API that are not simply one resource."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from harness.parts.commerce.shopify.admin.exchange import AdminReply, AdminRequest, json_reply
from harness.parts.commerce.shopify.admin.rest.errors import Unusable, not_found, required
from harness.parts.commerce.shopify.admin.rest.things import (
    content_of,
    file_body,
    metafield_body,
    number_in,
    rows_in,
    subscription_body,
    tracking_in,
    waiting_body,
)
from harness.parts.commerce.shopify.records.bodies.goods import level_body, variant_body
from harness.parts.commerce.shopify.records.bodies.order import order_body
from harness.parts.commerce.shopify.records.bodies.parcel import parcel_body, refund_body
from harness.parts.commerce.shopify.records.metafields import NewMetafield
from harness.parts.commerce.shopify.records.registers import Register
from harness.parts.commerce.shopify.records.shop import Shop
from harness.parts.commerce.shopify.records.things import Theme, ThemeFile
from harness.parts.commerce.shopify.records.values import Body, Changed, Changes, Refused, gid, iso

Given = Mapping[str, Any]
Handler = Callable[[Shop, AdminRequest, Given, Sequence[int], list[Changed]], AdminReply]
_OWNERS = {"orders": "Order", "products": "Product", "customers": "Customer"}


def shop_body(shop: Shop) -> Body:
    """The shop."""
    return {
        "id": shop.id, "name": shop.name, "email": "merchant@example.com", "domain": shop.domain,
        "myshopify_domain": shop.domain, "currency": shop.currency, "plan_name": "partner_test",
        "plan_display_name": "Development", "timezone": "(GMT+00:00) UTC", "iana_timezone": "Etc/UTC",
        "taxes_included": False, "weight_unit": "kg", "primary_locale": "en", "country": "CA", "country_code": "CA",
        "primary_location_id": shop.inventory.first_location().id, "created_at": iso(shop.created_at_us),
        "updated_at": iso(shop.created_at_us),
    }  # fmt: skip


def _inside(given: Given, name: str) -> Given:
    inside = given.get(name)
    if not isinstance(inside, dict):
        raise required(name)
    return inside


def _shop(shop: Shop, _: AdminRequest, __: Given, ___: Sequence[int], ____: list[Changed]) -> AdminReply:
    return json_reply({"shop": shop_body(shop)})


def _acted(act: Callable[[Shop, int, Given], Changes]) -> Handler:
    """Something done with an order, of which the order is the answer."""

    def handler(shop: Shop, _: AdminRequest, given: Given, ids: Sequence[int], changed: list[Changed]) -> AdminReply:
        changed += act(shop, ids[0], given)
        return json_reply({"order": order_body(shop.registers.orders.require(ids[0]), shop.registers)})

    return handler


def _cancel(shop: Shop, number: int, given: Given) -> Changes:
    reason = given.get("reason") if isinstance(given.get("reason"), str) else "other"
    return shop.orders.cancel(number, str(reason), restock=bool(given.get("restock")), refund="amount" in given)


def _waiting(shop: Shop, _: AdminRequest, __: Given, ids: Sequence[int], ___: list[Changed]) -> AdminReply:
    order = shop.registers.orders.require(ids[0])
    found = [shop.registers.fulfillment_orders.require(number) for number in order.fulfillment_orders]
    return json_reply({"fulfillment_orders": [waiting_body(one, shop) for one in found]})


def _parcels(shop: Shop, _: AdminRequest, __: Given, ids: Sequence[int], ___: list[Changed]) -> AdminReply:
    order = shop.registers.orders.require(ids[0])
    found = [shop.registers.fulfillments.require(number) for number in order.fulfillments]
    return json_reply({"fulfillments": [parcel_body(one, order, shop.registers) for one in found]})


def _fulfil(shop: Shop, _: AdminRequest, given: Given, __: Sequence[int], changed: list[Changed]) -> AdminReply:
    inside = _inside(given, "fulfillment")
    wanted: dict[int, dict[int, int] | None] = {}
    for one in rows_in(inside, "line_items_by_fulfillment_order"):
        rows = rows_in(one, "fulfillment_order_line_items")
        wanted[number_in(one, "fulfillment_order_id")] = (
            {number_in(row, "id"): number_in(row, "quantity") for row in rows} if rows else None
        )
    if not wanted:
        raise Refused("can't be blank", ("line_items_by_fulfillment_order",))
    changed += shop.fulfilling.fulfil_all(wanted, tracking_in(inside))
    parcel = shop.registers.fulfillments.require(changed[0].id)
    body = parcel_body(parcel, shop.registers.orders.require(parcel.order_id), shop.registers)
    return json_reply({"fulfillment": body}, 201)


def _track(shop: Shop, _: AdminRequest, given: Given, ids: Sequence[int], changed: list[Changed]) -> AdminReply:
    changed += shop.fulfilling.update(ids[0], tracking=tracking_in(_inside(given, "fulfillment")))
    parcel = shop.registers.fulfillments.require(ids[0])
    body = parcel_body(parcel, shop.registers.orders.require(parcel.order_id), shop.registers)
    return json_reply({"fulfillment": body})


def _refunds(shop: Shop, _: AdminRequest, __: Given, ids: Sequence[int], ___: list[Changed]) -> AdminReply:
    order = shop.registers.orders.require(ids[0])
    found = [shop.registers.refunds.require(number) for number in order.refunds]
    return json_reply({"refunds": [refund_body(one, order, shop.registers) for one in found]})


def _refund(shop: Shop, _: AdminRequest, given: Given, ids: Sequence[int], changed: list[Changed]) -> AdminReply:
    inside = _inside(given, "refund")
    rows = rows_in(inside, "refund_line_items")
    quantities = {number_in(row, "line_item_id"): number_in(row, "quantity") for row in rows}
    if not quantities:
        raise Refused("can't be blank", ("refund_line_items",))
    restock = any(row.get("restock_type", "no_restock") != "no_restock" for row in rows)
    changed += shop.refunding.refund(ids[0], quantities, note=str(inside.get("note") or ""), restock=restock)
    refund = shop.registers.refunds.require(changed[0].id)
    return json_reply({"refund": refund_body(refund, shop.registers.orders.require(ids[0]), shop.registers)}, 201)


def _variants(shop: Shop, _: AdminRequest, __: Given, ids: Sequence[int], ___: list[Changed]) -> AdminReply:
    product = shop.registers.products.require(ids[0])
    found = [shop.registers.variants.require(number) for number in product.variants]
    return json_reply({"variants": [variant_body(one, shop.registers) for one in found]})


def _set_level(shop: Shop, _: AdminRequest, given: Given, __: Sequence[int], changed: list[Changed]) -> AdminReply:
    item, location = number_in(given, "inventory_item_id"), number_in(given, "location_id")
    changed += shop.inventory.set_available(item, location, number_in(given, "available"))
    return json_reply({"inventory_level": level_body(shop.inventory.level(item, location))})


def _adjust_level(shop: Shop, _: AdminRequest, given: Given, __: Sequence[int], changed: list[Changed]) -> AdminReply:
    item, location = number_in(given, "inventory_item_id"), number_in(given, "location_id")
    changed += shop.inventory.adjust(item, location, number_in(given, "available_adjustment"))
    return json_reply({"inventory_level": level_body(shop.inventory.level(item, location))})


def _hooks(shop: Shop, request: AdminRequest, __: Given, ___: Sequence[int], ____: list[Changed]) -> AdminReply:
    topic, address = request.query.get("topic"), request.query.get("address")
    found = [one for one in shop.subscriptions if topic in (None, one.topic) and address in (None, one.uri)]
    return json_reply({"webhooks": [subscription_body(one) for one in found]})


def _hook_count(shop: Shop, _: AdminRequest, __: Given, ___: Sequence[int], ____: list[Changed]) -> AdminReply:
    return json_reply({"count": len(list(shop.subscriptions))})


def _hook(shop: Shop, _: AdminRequest, __: Given, ids: Sequence[int], ___: list[Changed]) -> AdminReply:
    found = shop.subscriptions.get(ids[0])
    return not_found() if found is None else json_reply({"webhook": subscription_body(found)})


def _new_hook(shop: Shop, _: AdminRequest, given: Given, __: Sequence[int], ___: list[Changed]) -> AdminReply:
    inside = _inside(given, "webhook")
    topic, address = inside.get("topic"), inside.get("address")
    if not isinstance(topic, str) or "/" not in topic:
        raise Refused("Invalid topic specified.", ("topic",))
    if not isinstance(address, str) or not address:
        raise Refused("can't be blank", ("address",))
    wanted = inside.get("fields") or []
    if not isinstance(wanted, list):
        raise Unusable({"fields": ["is not a list"]}, 422)
    fields = tuple(str(one) for one in wanted)
    made = shop.subscriptions.create(topic, address, format="JSON", include_fields=fields)
    return json_reply({"webhook": subscription_body(made)}, 201)


def _change_hook(shop: Shop, _: AdminRequest, given: Given, ids: Sequence[int], ___: list[Changed]) -> AdminReply:
    inside = _inside(given, "webhook")
    said = {
        own: inside[name] for name, own in (("address", "uri"), ("topic", "topic")) if isinstance(inside.get(name), str)
    }
    return json_reply({"webhook": subscription_body(shop.subscriptions.update(ids[0], said))})


def _no_hook(shop: Shop, _: AdminRequest, __: Given, ids: Sequence[int], ___: list[Changed]) -> AdminReply:
    shop.subscriptions.delete(ids[0])
    return json_reply({})


def _key(request: AdminRequest) -> str | None:
    return request.query.get("asset[key]")


def _assets(shop: Shop, request: AdminRequest, _: Given, ids: Sequence[int], __: list[Changed]) -> AdminReply:
    theme, key = shop.registers.themes.require(ids[0]), _key(request)
    if key is None:
        shown = [theme.files[name] for name in sorted(theme.files)]
        return json_reply({"assets": [file_body(one, theme, whole=False) for one in shown]})
    return _asset(theme, theme.files.get(key))


def _asset(theme: Theme, file: ThemeFile | None) -> AdminReply:
    return not_found() if file is None else json_reply({"asset": file_body(file, theme, whole=True)})


def _put_asset(shop: Shop, _: AdminRequest, given: Given, ids: Sequence[int], changed: list[Changed]) -> AdminReply:
    theme, inside = shop.registers.themes.require(ids[0]), _inside(given, "asset")
    key = inside.get("key")
    if not isinstance(key, str):
        raise Unusable({"asset": ["key can't be blank"]}, 422)
    written = shop.themes.write(theme.id, {key: content_of(inside, theme)})
    changed += written.changes
    for refused in written.refused.values():
        raise Unusable({"asset": [refused.message]}, 422)
    return json_reply({"asset": file_body(theme.files[key], theme, whole=False)})


def _no_asset(shop: Shop, request: AdminRequest, _: Given, ids: Sequence[int], changed: list[Changed]) -> AdminReply:
    written = shop.themes.erase(ids[0], [_key(request) or ""])
    changed += written.changes
    if written.refused:
        return not_found()
    return json_reply({"message": f"{_key(request)} was successfully deleted"})


def _owner(kind: str, ids: Sequence[int], shop: Shop) -> str:
    registers: dict[str, Register[Any]] = {
        "Order": shop.registers.orders,
        "Product": shop.registers.products,
        "Customer": shop.registers.customers,
    }
    return gid(kind, registers[kind].require(ids[0]).id)


def _metafields(kind: str) -> Handler:
    def handler(shop: Shop, _: AdminRequest, __: Given, ids: Sequence[int], ___: list[Changed]) -> AdminReply:
        owner = _owner(kind, ids, shop)
        return json_reply({"metafields": [metafield_body(one) for one in shop.metafields.of(owner)]})

    return handler


def _new_metafield(kind: str) -> Handler:
    def handler(shop: Shop, _: AdminRequest, given: Given, ids: Sequence[int], __: list[Changed]) -> AdminReply:
        inside, owner = _inside(given, "metafield"), _owner(kind, ids, shop)
        said = {name: str(inside.get(name) or "") for name in ("namespace", "key", "value")}
        made = shop.metafields.set(
            [NewMetafield(owner, **said, type=str(inside["type"]) if "type" in inside else None)]
        )
        return json_reply({"metafield": metafield_body(made[0])}, 201)

    return handler


_ID = r"(\d{1,18})"
SPECIAL: Mapping[tuple[str, str], Handler] = {
    ("GET", "shop"): _shop,
    ("POST", f"orders/{_ID}/cancel"): _acted(_cancel),
    ("POST", f"orders/{_ID}/close"): _acted(lambda shop, number, _: shop.orders.close(number)),
    ("POST", f"orders/{_ID}/open"): _acted(lambda shop, number, _: shop.orders.reopen(number)),
    ("GET", f"orders/{_ID}/fulfillment_orders"): _waiting,
    ("GET", f"orders/{_ID}/fulfillments"): _parcels,
    ("POST", "fulfillments"): _fulfil,
    ("POST", f"fulfillments/{_ID}/update_tracking"): _track,
    ("GET", f"orders/{_ID}/refunds"): _refunds,
    ("POST", f"orders/{_ID}/refunds"): _refund,
    ("GET", f"products/{_ID}/variants"): _variants,
    ("POST", "inventory_levels/set"): _set_level,
    ("POST", "inventory_levels/adjust"): _adjust_level,
    ("GET", "webhooks"): _hooks,
    ("GET", "webhooks/count"): _hook_count,
    ("GET", f"webhooks/{_ID}"): _hook,
    ("POST", "webhooks"): _new_hook,
    ("PUT", f"webhooks/{_ID}"): _change_hook,
    ("DELETE", f"webhooks/{_ID}"): _no_hook,
    ("GET", f"themes/{_ID}/assets"): _assets,
    ("PUT", f"themes/{_ID}/assets"): _put_asset,
    ("DELETE", f"themes/{_ID}/assets"): _no_asset,
    **{("GET", f"{name}/{_ID}/metafields"): _metafields(kind) for name, kind in _OWNERS.items()},
    **{("POST", f"{name}/{_ID}/metafields"): _new_metafield(kind) for name, kind in _OWNERS.items()},
}
