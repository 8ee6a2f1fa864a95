"""Metafields, on whatever has them."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from harness.parts.commerce.shopify.admin.asked import Asked
from harness.parts.commerce.shopify.admin.connections import by_id, connection
from harness.parts.commerce.shopify.admin.types.table import Fields, legacy, own
from harness.parts.commerce.shopify.records.registers import Register
from harness.parts.commerce.shopify.records.things import Customer, Location, Metafield, Order, Product, Variant
from harness.parts.commerce.shopify.records.values import gid, number_of

OWNERS = {
    "Order": "ORDER", "Customer": "CUSTOMER", "Product": "PRODUCT", "ProductVariant": "PRODUCTVARIANT",
    "Shop": "SHOP", "Location": "LOCATION", "AppInstallation": "API_PERMISSION",
}  # fmt: skip


def owner_gid(thing: Any, asked: Asked) -> str:
    """The global id of what a metafield is kept with."""
    kinds = ((Order, "Order"), (Customer, "Customer"), (Product, "Product"), (Variant, "ProductVariant"))
    for kind, name in (*kinds, (Location, "Location")):
        if isinstance(thing, kind):
            return gid(name, thing.id)
    return gid("Shop", asked.shop.id) if thing is asked.shop else gid("AppInstallation", asked.shop.id + 1)


def owner_of(text: str, asked: Asked) -> Any:
    """The thing of a global id that may have metafields, None where there is none."""
    registers = asked.shop.registers
    found: dict[str, Register[Any]] = {
        "Order": registers.orders, "Customer": registers.customers, "Product": registers.products,
        "ProductVariant": registers.variants, "Location": registers.locations,
    }  # fmt: skip
    for kind, register in found.items():
        number = number_of(kind, text)
        if number is not None:
            return register.get(number)
    if text == gid("Shop", asked.shop.id):
        return asked.shop
    return asked.shop.installation if text == gid("AppInstallation", asked.shop.id + 1) else None


def namespaced(namespace: str | None, asked: Asked) -> str:
    """A namespace of the app's own where none, or `$app`, is given."""
    reserved = f"app--{asked.shop.id + 2}"
    if namespace is None or namespace == "$app":
        return reserved
    return f"{reserved}--{namespace[5:]}" if namespace.startswith("$app:") else namespace


def _one(thing: Any, asked: Asked, key: str, namespace: str | None = None) -> Metafield | None:
    return asked.shop.metafields.get(owner_gid(thing, asked), namespaced(namespace, asked), key)


def _all(
    thing: Any, asked: Asked, namespace: str | None = None, keys: list[str] | None = None, **page: Any
) -> dict[str, Any]:  # fmt: skip
    found = asked.shop.metafields.of(owner_gid(thing, asked), namespace and namespaced(namespace, asked))
    wanted = [one for one in found if keys is None or one.key in keys or f"{one.namespace}.{one.key}" in keys]
    return connection(asked, "metafields", by_id(wanted), **page)


METAFIELDS: Fields = {"metafield": _one, "metafields": _all}
METAFIELD: Fields = {
    **legacy("Metafield"),
    "namespace": own("namespace"),
    "key": own("key"),
    "type": own("type"),
    "value": own("value"),
    "jsonValue": lambda one, _: _json(one),
    "compareDigest": lambda one, _: digest(one),
    "sizeInBytes": lambda one, _: len(one.value.encode("utf-8", "surrogatepass")),
    "ownerType": lambda one, _: OWNERS[one.owner.split("/")[3]],
    "owner": lambda one, asked: owner_of(one.owner, asked),
}


def digest(one: Metafield) -> str:
    """Changes with the value, so that a writer can say which one it has seen."""
    return hashlib.sha256(one.value.encode("utf-8", "surrogatepass")).hexdigest()


def _json(one: Metafield) -> Any:
    if one.type == "json" or one.type.startswith(("list.", "number_")) or one.type == "boolean":
        return json.loads(one.value)
    return one.value
