"""The resources of the REST API: how each is shown, made, changed and deleted."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from harness.parts.commerce.shopify.admin.rest.errors import Unusable
from harness.parts.commerce.shopify.records.bodies.goods import level_body, product_body
from harness.parts.commerce.shopify.records.bodies.order import order_body
from harness.parts.commerce.shopify.records.bodies.parcel import parcel_body, refund_body
from harness.parts.commerce.shopify.records.bodies.people import address_body, customer_body
from harness.parts.commerce.shopify.records.catalogue import NewVariant
from harness.parts.commerce.shopify.records.fulfilling import Tracking
from harness.parts.commerce.shopify.records.orders import NewLine
from harness.parts.commerce.shopify.records.registers import Register
from harness.parts.commerce.shopify.records.shop import Shop
from harness.parts.commerce.shopify.records.themes import theme_body
from harness.parts.commerce.shopify.records.things import (
    FulfillmentOrder,
    Location,
    Metafield,
    Subscription,
    Theme,
    ThemeFile,
)
from harness.parts.commerce.shopify.records.values import Body, Changes, Refused, cents, gid, iso

Given = Mapping[str, Any]


@dataclass(frozen=True)
class Resource:
    """One of them. one, many: its names in bodies and paths. make, change, delete: None where that is not served."""

    one: str
    many: str
    scope: str
    register: Callable[[Shop], Register[Any]]
    body: Callable[[Any, Shop], Body]
    make: Callable[[Shop, Given], Changes] | None = None
    change: Callable[[Shop, int, Given], Changes] | None = None
    delete: Callable[[Shop, int], Changes] | None = None
    newest_first: bool = False


def _words(given: Given) -> tuple[str, ...] | None:
    tags = given.get("tags")
    if tags is None:
        return None
    if not isinstance(tags, str | list):
        raise Unusable({"tags": ["must be a string or a list"]}, 422)
    parts = tags.split(",") if isinstance(tags, str) else tags
    return tuple(str(part).strip() for part in parts if str(part).strip())


def _texts(given: Given, *names: str) -> dict[str, Any]:
    for name in names:
        if given.get(name) is not None and not isinstance(given[name], str):
            raise Unusable({name: ["must be a string"]}, 422)
    return {name: given[name] for name in names if given.get(name) is not None}


def number_in(given: Given, name: str) -> int:
    """A number that must be there."""
    value = given.get(name)
    if isinstance(value, bool) or not isinstance(value, int):
        raise Unusable({name: ["is not a number"]}, 422)
    return value


def rows_in(given: Given, name: str) -> list[Given]:
    """A list of objects, empty where there is none."""
    rows = given.get(name) or []
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise Unusable({name: ["is not a list"]}, 422)
    return rows


def _new_order(shop: Shop, given: Given) -> Changes:
    lines = [
        NewLine(
            number_in(row, "variant_id"), number_in(row, "quantity"),
            {str(one.get("name")): str(one.get("value")) for one in rows_in(row, "properties")},
        )
        for row in rows_in(given, "line_items")
    ]  # fmt: skip
    customer = given.get("customer")
    attributes = {str(one.get("name")): str(one.get("value")) for one in rows_in(given, "note_attributes")}
    return shop.orders.create(
        lines, customer=number_in(customer, "id") if isinstance(customer, dict) and "id" in customer else None,
        tags=_words(given) or (), attributes=attributes,
        **_texts(given, "email", "phone", "note", "financial_status", "source_name"),
    )  # fmt: skip


def _changed_order(shop: Shop, number: int, given: Given) -> Changes:
    attributes = None
    if "note_attributes" in given:
        attributes = {str(one.get("name")): str(one.get("value")) for one in rows_in(given, "note_attributes")}
    said = _texts(given, "email", "phone", "note")
    return shop.orders.update(number, tags=_words(given), attributes=attributes, **said)


def _price(row: Given) -> int:
    try:
        return cents(str(row.get("price", "0")))
    except ValueError:
        raise Unusable({"price": ["is not a number"]}, 422) from None


def _new_product(shop: Shop, given: Given) -> Changes:
    variants = [
        NewVariant(price=_price(row), sku=str(row.get("sku") or ""), title=str(row.get("option1") or "Default Title"))
        for row in rows_in(given, "variants")
    ]
    said = _texts(given, "body_html", "vendor", "product_type", "handle", "status")
    title = _texts(given, "title").get("title", "")
    return shop.catalogue.create(title, variants=variants or (NewVariant(),), tags=_words(given) or (), **said)


def _changed_product(shop: Shop, number: int, given: Given) -> Changes:
    product = shop.registers.products.require(number)
    repriced: Changes = ()
    for row in rows_in(given, "variants"):
        if row.get("id") in product.variants and "price" in row:
            known = shop.registers.variants.require(number_in(row, "id"))
            repriced += shop.catalogue.reprice(known.id, _price(row)) if known.price != _price(row) else ()
    said = _texts(given, "title", "body_html", "vendor", "product_type", "handle", "status")
    return (*shop.catalogue.update(number, tags=_words(given), **said), *repriced)


def _new_customer(shop: Shop, given: Given) -> Changes:
    said = _texts(given, "first_name", "last_name", "email", "phone", "note")
    if not said:
        raise Refused("Customer must have a name, phone number or email address", ())
    return shop.customers.create(tags=_words(given) or (), **said)


def _changed_customer(shop: Shop, number: int, given: Given) -> Changes:
    said = _texts(given, "first_name", "last_name", "email", "phone", "note")
    return shop.customers.update(number, tags=_words(given), **said)


def tracking_in(given: Given) -> Tracking | None:
    """Where a parcel can be followed."""
    info = given.get("tracking_info")
    if not isinstance(info, dict):
        return None
    return Tracking(str(info.get("company") or ""), str(info.get("number") or ""), str(info.get("url") or ""))


def subscription_body(one: Subscription) -> Body:
    """A webhook, as REST calls a subscription."""
    return {
        "id": one.id, "address": one.uri, "topic": one.topic, "format": one.format.lower(),
        "created_at": iso(one.created_at_us), "updated_at": iso(one.updated_at_us), "fields": list(one.include_fields),
        "metafield_namespaces": list(one.metafield_namespaces), "api_version": one.api_version,
        "private_metafield_namespaces": [], "admin_graphql_api_id": gid("WebhookSubscription", one.id),
    }  # fmt: skip


def location_body(location: Location) -> Body:
    """A location."""
    said = address_body(location.address)
    return {
        "id": location.id, "name": location.name, "active": True, "legacy": False,
        **{name: said[name] for name in ("address1", "address2", "city", "province", "country", "zip", "phone")},
        "created_at": iso(location.created_at_us), "updated_at": iso(location.updated_at_us),
        "admin_graphql_api_id": gid("Location", location.id),
    }  # fmt: skip


def waiting_body(waiting: FulfillmentOrder, shop: Shop) -> Body:
    """A fulfilment order."""
    rows = [
        {
            "id": line.id, "line_item_id": line.line_item_id, "quantity": line.total,
            "fulfillable_quantity": line.remaining, "fulfillment_order_id": waiting.id, "shop_id": shop.id,
        }
        for line in waiting.lines
    ]  # fmt: skip
    return {
        "id": waiting.id, "shop_id": shop.id, "order_id": waiting.order_id, "status": waiting.status,
        "request_status": waiting.request_status, "assigned_location_id": waiting.location_id, "line_items": rows,
        "created_at": iso(waiting.created_at_us), "updated_at": iso(waiting.updated_at_us),
    }  # fmt: skip


def metafield_body(one: Metafield) -> Body:
    """A metafield."""
    return {
        "id": one.id, "namespace": one.namespace, "key": one.key, "value": one.value, "type": one.type,
        "owner_id": int(one.owner.rpartition("/")[2]), "owner_resource": one.owner.split("/")[3].lower(),
        "created_at": iso(one.created_at_us), "updated_at": iso(one.updated_at_us),
        "admin_graphql_api_id": gid("Metafield", one.id),
    }  # fmt: skip


def file_body(file: ThemeFile, theme: Theme, *, whole: bool) -> Body:
    """A theme's file, which REST calls an asset; lists leave its content out."""
    content: Body = {}
    if whole:
        content = (
            {"value": file.content.decode("utf-8", "replace")} if file.text
            else {"attachment": base64.b64encode(file.content).decode()}
        )  # fmt: skip
    return {
        "key": file.filename, "public_url": None, "created_at": iso(file.created_at_us),
        "updated_at": iso(file.updated_at_us), "content_type": file.content_type, "size": len(file.content),
        "checksum": file.checksum_md5, "theme_id": theme.id, **content,
    }  # fmt: skip


def content_of(asset: Given, theme: Theme) -> bytes:
    """What is to be written to a file."""
    if isinstance(asset.get("value"), str):
        value: str = asset["value"]
        return value.encode("utf-8", "surrogatepass")
    if isinstance(asset.get("attachment"), str):
        try:
            return base64.b64decode(asset["attachment"], validate=True)
        except (binascii.Error, ValueError):
            raise Unusable({"asset": ["attachment is no base64"]}, 422) from None
    source = asset.get("source_key")
    if isinstance(source, str) and source in theme.files:
        return theme.files[source].content
    raise Unusable({"asset": ["value, attachment or source_key is missing"]}, 422)


def _new_theme(shop: Shop, given: Given) -> Changes:
    return shop.themes.create(_texts(given, "name").get("name", ""), _texts(given, "role").get("role", "unpublished"))


def _changed_theme(shop: Shop, number: int, given: Given) -> Changes:
    if given.get("role") == "main":
        return shop.themes.publish(number)
    return shop.themes.rename(number, _texts(given, "name").get("name") or shop.registers.themes.require(number).name)


RESOURCES = (
    Resource(
        "order", "orders", "orders", lambda shop: shop.registers.orders,
        lambda one, shop: order_body(one, shop.registers), _new_order, _changed_order, newest_first=True,
    ),
    Resource(
        "product", "products", "products", lambda shop: shop.registers.products,
        lambda one, shop: product_body(one, shop.registers), _new_product, _changed_product,
        lambda shop, number: shop.catalogue.delete(number),
    ),
    Resource(
        "customer", "customers", "customers", lambda shop: shop.registers.customers,
        lambda one, shop: customer_body(one, shop.currency), _new_customer, _changed_customer,
        lambda shop, number: shop.customers.delete(number),
    ),
    Resource(
        "theme", "themes", "themes", lambda shop: shop.registers.themes, lambda one, _: theme_body(one), _new_theme,
        _changed_theme, lambda shop, number: shop.themes.delete(number),
    ),
    Resource(
        "location", "locations", "locations", lambda shop: shop.registers.locations,
        lambda one, _: location_body(one),
    ),
    Resource(
        "inventory_level", "inventory_levels", "inventory", lambda shop: shop.registers.levels,
        lambda one, _: level_body(one),
    ),
    Resource(
        "fulfillment", "fulfillments", "fulfillments", lambda shop: shop.registers.fulfillments,
        lambda one, shop: parcel_body(one, shop.registers.orders.require(one.order_id), shop.registers),
    ),
    Resource(
        "refund", "refunds", "orders", lambda shop: shop.registers.refunds,
        lambda one, shop: refund_body(one, shop.registers.orders.require(one.order_id), shop.registers),
    ),
)  # fmt: skip
