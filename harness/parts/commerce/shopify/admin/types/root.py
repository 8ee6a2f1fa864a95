"""What can be asked: the fields of the query root."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from harness.parts.commerce.shopify.admin.asked import Asked, number
from harness.parts.commerce.shopify.admin.connections import Keyed, by, by_id, connection, read_cursor
from harness.parts.commerce.shopify.admin.searching import Fields as SearchFields
from harness.parts.commerce.shopify.admin.searching import Search, Times, search
from harness.parts.commerce.shopify.admin.types.app import topic_enum, versions
from harness.parts.commerce.shopify.admin.types.metafields import owner_of
from harness.parts.commerce.shopify.admin.types.searchable import CUSTOMERS, ORDERS, PRODUCTS, VARIANTS, WAITING
from harness.parts.commerce.shopify.admin.types.table import Fields
from harness.parts.commerce.shopify.records.registers import Register
from harness.parts.commerce.shopify.records.things import Subscription, Theme
from harness.parts.commerce.shopify.records.values import number_of

_COUNT_MAX = 10_000
_NO_FIELD = "Invalid search field for this query."
Value = Callable[[Any], Any]


class Listing:
    """One list of things: what it can be searched and sorted by."""

    def __init__(
        self, name: str, scope: str, register: Callable[[Asked], Register[Any]], search_fields: SearchFields,
        texts: Callable[[Any], Sequence[str]], orders: dict[str, Value], default: str = "ID",
    ) -> None:  # fmt: skip
        self._name = name
        self._scope = scope
        self._register = register
        self._fields = search_fields
        self._texts = texts
        self._orders = orders
        self._default = default

    def page(self, _: Any, asked: Asked, query: str | None = None, sortKey: str | None = None, **page: Any) -> Any:
        """A page of it."""
        asked.need(self._scope, self._name)
        found = self._search(asked, query)
        sort = sortKey or self._default
        if sort == "UPDATED_AT" and not page.get("reverse") and page.get("after") is not None:
            # What was changed before the page began is not even looked at.
            found.since_us = max(found.since_us, _moment(page["after"]))
        return connection(asked, self._name, self._rows(asked, found, sort), **page)

    def count(self, _: Any, asked: Asked, query: str | None = None, limit: int | None = _COUNT_MAX) -> dict[str, Any]:
        """How many there are, counted no further than the limit."""
        asked.need(self._scope, f"{self._name}Count")
        found = self._search(asked, query)
        total = sum(1 for thing in self._register(asked).since(found.since_us, found.until_us) if found.test(thing))
        over = limit is not None and total > limit
        return {"count": limit if over else total, "precision": "AT_LEAST" if over else "EXACT"}

    def _search(self, asked: Asked, query: str | None) -> Search:
        found = search(query, self._fields, self._texts)
        if found.unknown:
            asked.warnings.append({
                "path": [self._name], "query": query,
                "warnings": [{"field": one, "message": _NO_FIELD} for one in found.unknown],
            })  # fmt: skip
        return found

    def _rows(self, asked: Asked, found: Search, sort: str) -> Iterable[Keyed]:
        register = self._register(asked)
        if sort == "UPDATED_AT":
            changed = register.since(found.since_us, found.until_us)
            return ((one.updated_at_us, one.id, one) for one in changed if found.test(one))
        bounded = found.since_us or found.until_us is not None
        things = register.since(found.since_us, found.until_us) if bounded else register
        return by((one for one in things if found.test(one)), self._orders.get(sort, lambda one: one.id))


def _moment(cursor: str) -> int:
    """The time in a cursor of a list by changes; 0 where there is none, which is found out later."""
    try:
        value, _ = read_cursor(cursor)
    except ValueError:
        return 0
    return value if isinstance(value, int) else 0


def _titled(thing: Any) -> str:
    title: str = thing.title
    return title.casefold()


_CREATED: dict[str, Value] = {"CREATED_AT": lambda one: one.created_at_us}
LISTS = {
    "orders": Listing(
        "orders", "read_orders", lambda asked: asked.shop.registers.orders, ORDERS,
        lambda order: (order.name, order.email, order.note or "", order.address.name),
        {
            **_CREATED, "PROCESSED_AT": lambda one: one.processed_at_us, "ORDER_NUMBER": lambda one: one.number,
            "FINANCIAL_STATUS": lambda one: one.financial_status,
        }, "PROCESSED_AT",
    ),
    "products": Listing(
        "products", "read_products", lambda asked: asked.shop.registers.products, PRODUCTS,
        lambda product: (product.title, product.handle, product.vendor, product.product_type),
        {
            **_CREATED, "TITLE": _titled, "VENDOR": lambda one: one.vendor.casefold(),
            "PRODUCT_TYPE": lambda one: one.product_type.casefold(),
        },
    ),
    "productVariants": Listing(
        "productVariants", "read_products", lambda asked: asked.shop.registers.variants, VARIANTS,
        lambda variant: (variant.title, variant.sku), {"TITLE": _titled, "SKU": lambda one: one.sku},
    ),
    "customers": Listing(
        "customers", "read_customers", lambda asked: asked.shop.registers.customers, CUSTOMERS,
        lambda customer: (customer.first_name, customer.last_name, customer.email),
        {**_CREATED, "NAME": lambda one: (one.last_name.casefold() + "\0" + one.first_name.casefold())},
    ),
    "fulfillmentOrders": Listing(
        "fulfillmentOrders", "read_merchant_managed_fulfillment_orders",
        lambda asked: asked.shop.registers.fulfillment_orders, WAITING, lambda _: (), {},
    ),
    "inventoryItems": Listing(
        "inventoryItems", "read_inventory", lambda asked: asked.shop.registers.items,
        {"id": lambda one: one.id, "updated_at": lambda one: Times(one.updated_at_us)}, lambda _: (), {},
    ),
    "locations": Listing(
        "locations", "read_locations", lambda asked: asked.shop.registers.locations, {"name": lambda one: one.name},
        lambda location: (location.name,), {"NAME": lambda one: one.name}, "NAME",
    ),
}  # fmt: skip


def _by_number(kind: str, scope: str, register: Callable[[Asked], Register[Any]]) -> Callable[..., Any]:
    def one(_: Any, asked: Asked, id: str) -> Any:
        asked.need(scope, kind[:1].lower() + kind[1:])
        return register(asked).get(number(kind, id))

    return one


def _subscriptions(
    _: Any, asked: Asked, topics: list[str] | None = None, uri: str | None = None, callbackUrl: str | None = None,
    sortKey: str = "CREATED_AT", **page: Any,
) -> Any:  # fmt: skip
    wanted = uri or callbackUrl
    found: list[Subscription] = [
        one for one in asked.shop.subscriptions
        if (topics is None or topic_enum(one.topic) in topics) and (wanted is None or one.uri == wanted)
    ]  # fmt: skip
    rows = by(found, lambda one: one.created_at_us) if sortKey == "CREATED_AT" else by_id(found)
    return connection(asked, "webhookSubscriptions", rows, **page)


def _themes(
    _: Any, asked: Asked, roles: list[str] | None = None, names: list[str] | None = None, **page: Any
) -> Any:  # fmt: skip
    asked.need("read_themes", "themes")
    found: list[Theme] = [
        one for one in asked.shop.registers.themes
        if (roles is None or one.role.upper() in roles) and (names is None or one.name in names)
    ]  # fmt: skip
    return connection(asked, "themes", by_id(found), **page)


def _bulk(_: Any, asked: Asked, id: str) -> Any:
    return asked.operations.get(number("BulkOperation", id))


def _bulks(_: Any, asked: Asked, **page: Any) -> Any:
    return connection(asked, "bulkOperations", by_id(asked.operations), **page)


def _current(_: Any, asked: Asked, type: str = "QUERY") -> Any:
    return max(asked.operations, key=lambda one: one.id, default=None) if type == "QUERY" else None


_REGISTERS: dict[str, tuple[str, Callable[[Asked], Register[Any]]]] = {
    "Order": ("read_orders", lambda asked: asked.shop.registers.orders),
    "Product": ("read_products", lambda asked: asked.shop.registers.products),
    "ProductVariant": ("read_products", lambda asked: asked.shop.registers.variants),
    "Customer": ("read_customers", lambda asked: asked.shop.registers.customers),
    "Fulfillment": ("read_fulfillments", lambda asked: asked.shop.registers.fulfillments),
    "FulfillmentOrder": (
        "read_merchant_managed_fulfillment_orders", lambda asked: asked.shop.registers.fulfillment_orders,
    ),
    "Refund": ("read_orders", lambda asked: asked.shop.registers.refunds),
    "InventoryItem": ("read_inventory", lambda asked: asked.shop.registers.items),
    "InventoryLevel": ("read_inventory", lambda asked: asked.shop.registers.levels),
    "OnlineStoreTheme": ("read_themes", lambda asked: asked.shop.registers.themes),
    "WebhookSubscription": ("read_orders", lambda asked: asked.shop.registers.subscriptions),
    "Metafield": ("read_products", lambda asked: asked.shop.registers.metafields),
}  # fmt: skip


def _node(_: Any, asked: Asked, id: str) -> Any:
    for kind, (scope, register) in _REGISTERS.items():
        found = number_of(kind, id)
        if found is not None:
            asked.need(scope, "node")
            return register(asked).get(found)
    operation = number_of("BulkOperation", id)
    return owner_of(id, asked) if operation is None else asked.operations.get(operation)


def _location(_: Any, asked: Asked, id: str | None = None) -> Any:
    asked.need("read_locations", "location")
    locations = asked.shop.registers.locations
    return asked.shop.inventory.first_location() if id is None else locations.get(number("Location", id))


QUERY: Fields = {
    "shop": lambda _, asked: asked.shop,
    "currentAppInstallation": lambda _, asked: asked.shop.installation,
    "publicApiVersions": lambda _root, _asked: versions(),
    "node": _node,
    "nodes": lambda root, asked, ids: [_node(root, asked, one) for one in ids],
    **{name: listing.page for name, listing in LISTS.items()},
    "ordersCount": LISTS["orders"].count,
    "order": _by_number("Order", *_REGISTERS["Order"]),
    "product": _by_number("Product", *_REGISTERS["Product"]),
    "productVariant": _by_number("ProductVariant", *_REGISTERS["ProductVariant"]),
    "customer": _by_number("Customer", *_REGISTERS["Customer"]),
    "fulfillment": _by_number("Fulfillment", *_REGISTERS["Fulfillment"]),
    "fulfillmentOrder": _by_number("FulfillmentOrder", *_REGISTERS["FulfillmentOrder"]),
    "refund": _by_number("Refund", *_REGISTERS["Refund"]),
    "inventoryItem": _by_number("InventoryItem", *_REGISTERS["InventoryItem"]),
    "inventoryLevel": _by_number("InventoryLevel", *_REGISTERS["InventoryLevel"]),
    "location": _location,
    "theme": _by_number("OnlineStoreTheme", *_REGISTERS["OnlineStoreTheme"]),
    "themes": _themes,
    "webhookSubscription": _by_number("WebhookSubscription", *_REGISTERS["WebhookSubscription"]),
    "webhookSubscriptions": _subscriptions,
    "webhookSubscriptionsCount": lambda _, asked: {"count": len(list(asked.shop.subscriptions)), "precision": "EXACT"},
    "job": lambda _root, _asked, id: {"id": id, "done": True},
    "bulkOperation": _bulk,
    "bulkOperations": _bulks,
    "currentBulkOperation": _current,
}
