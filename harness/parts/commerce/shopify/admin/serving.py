"""Everything that is served: for each type of the schema its fields. What is not here is not in the schema either."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from harness.parts.commerce.shopify.admin.bulk import BulkOperation
from harness.parts.commerce.shopify.admin.mutations import app as app_changes
from harness.parts.commerce.shopify.admin.mutations import goods as goods_changes
from harness.parts.commerce.shopify.admin.mutations import selling as selling_changes
from harness.parts.commerce.shopify.admin.mutations import themes as theme_changes
from harness.parts.commerce.shopify.admin.types import app, goods, people, selling, sending, themes
from harness.parts.commerce.shopify.admin.types.metafields import METAFIELD
from harness.parts.commerce.shopify.admin.types.root import QUERY
from harness.parts.commerce.shopify.admin.types.table import PLAIN, Fields, Resolver
from harness.parts.commerce.shopify.records import things
from harness.parts.commerce.shopify.records.installation import Installation
from harness.parts.commerce.shopify.records.shop import Shop

_CHANGES = (app_changes, goods_changes, selling_changes, theme_changes)
RESOLVED: Mapping[str, Fields] = {
    "QueryRoot": QUERY,
    "Mutation": {name: change for module in _CHANGES for name, change in module.MUTATIONS.items()},
    "Shop": app.SHOP,
    "App": app.APP,
    "AppInstallation": app.INSTALLATION,
    "WebhookSubscription": app.SUBSCRIPTION,
    "BulkOperation": app.BULK,
    "Order": selling.ORDER,
    "LineItem": selling.LINE_ITEM,
    "Fulfillment": sending.FULFILLMENT,
    "FulfillmentOrder": sending.FULFILLMENT_ORDER,
    "Refund": sending.REFUND,
    "Product": goods.PRODUCT,
    "ProductVariant": goods.VARIANT,
    "InventoryItem": goods.ITEM,
    "InventoryLevel": goods.LEVEL,
    "Location": goods.LOCATION,
    "Customer": people.CUSTOMER,
    "Metafield": METAFIELD,
    "OnlineStoreTheme": themes.THEME,
    "OnlineStoreThemeFile": themes.FILE,
    "OnlineStoreThemeFileOperationResult": themes.WRITTEN,
}
PLAINLY: Mapping[str, tuple[str, ...]] = {
    **PLAIN, **{name: keys for module in _CHANGES for name, keys in module.PAYLOADS.items()},
}  # fmt: skip
_ERROR = ("field", "message", "code", "filename")
_CONNECTION = ("nodes", "edges", "pageInfo", "userErrors")
_EDGE = ("cursor", "node")
TYPE_OF: Mapping[type, str] = {
    Shop: "Shop", Installation: "AppInstallation", BulkOperation: "BulkOperation", things.Order: "Order",
    things.Product: "Product", things.Variant: "ProductVariant", things.Customer: "Customer",
    things.Fulfillment: "Fulfillment", things.FulfillmentOrder: "FulfillmentOrder", things.Refund: "Refund",
    things.InventoryItem: "InventoryItem", things.InventoryLevel: "InventoryLevel", things.Location: "Location",
    things.Subscription: "WebhookSubscription", things.Metafield: "Metafield", things.Theme: "OnlineStoreTheme",
}  # fmt: skip
"""Which type a value is, where the schema knows only an interface."""
_PAGE = frozenset(("first", "last", "after", "before", "reverse"))


def serves(type_name: str, field: str) -> bool:
    """Whether a field of an object is answered."""
    known = RESOLVED.get(type_name)
    if known is not None:
        return field in known
    if type_name in PLAINLY:
        return field in PLAINLY[type_name]
    if type_name.endswith("Connection"):
        return field in _CONNECTION
    if type_name.endswith("Edge"):
        return field in _EDGE
    return type_name.endswith(("UserError", "UserErrors")) and field in _ERROR


def takes(type_name: str, field: str, argument: str) -> bool:
    """Whether a field heeds an argument."""
    resolver = RESOLVED.get(type_name, {}).get(field)
    if resolver is None:
        return False
    parameters = list(inspect.signature(resolver).parameters.values())
    wide = any(one.kind is inspect.Parameter.VAR_KEYWORD for one in parameters)
    return argument in {one.name for one in parameters[1:]} or (wide and argument in _PAGE)


def resolver_of(type_name: str, field: str) -> Resolver | None:
    """How a field is answered, None where it stands in the value itself."""
    return RESOLVED.get(type_name, {}).get(field)


def plain(thing: Any, _: Any, field: str) -> Any:
    """A field that stands in the value itself."""
    value = thing.get(field) if isinstance(thing, dict) else None
    return value() if callable(value) else value
