"""Products, variants, inventory."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from harness.parts.commerce.shopify.admin.asked import Asked, number
from harness.parts.commerce.shopify.admin.mutations.payloads import Made, done, mutation
from harness.parts.commerce.shopify.admin.types.goods import quantity
from harness.parts.commerce.shopify.admin.types.table import Fields
from harness.parts.commerce.shopify.records.things import InventoryLevel
from harness.parts.commerce.shopify.records.values import Refused, cents, gid, iso

_REASONS = frozenset((
    "correction", "cycle_count_available", "damaged", "movement_created", "movement_updated", "movement_received",
    "movement_canceled", "other", "promotion", "quality_control", "received", "reservation_created",
    "reservation_deleted", "reservation_updated", "restock", "safety_stock", "shrinkage",
))  # fmt: skip
_PRODUCT = {
    "title": "title", "descriptionHtml": "body_html", "vendor": "vendor", "productType": "product_type",
    "tags": "tags", "handle": "handle",
}  # fmt: skip


def _said(given: dict[str, Any]) -> dict[str, Any]:
    said = {own: given[name] for name, own in _PRODUCT.items() if given.get(name) is not None}
    return {**said, **({"status": given["status"].lower()} if given.get("status") else {})}


def _create(asked: Asked, product: dict[str, Any] | None = None) -> Made:
    said = _said(product or {})
    changes = asked.shop.catalogue.create(said.pop("title", ""), **said)
    return {"product": asked.shop.registers.products.require(done(asked, changes)), "shop": asked.shop}


def _update(asked: Asked, product: dict[str, Any] | None = None) -> Made:
    given = product or {}
    if given.get("id") is None:
        raise Refused("Product does not exist", ("id",))
    changes = asked.shop.catalogue.update(number("Product", given["id"]), **_said(given))
    return {"product": asked.shop.registers.products.require(done(asked, changes))}


def _delete(asked: Asked, input: dict[str, Any]) -> Made:
    done(asked, asked.shop.catalogue.delete(number("Product", input["id"])))
    return {"deletedProductId": input["id"], "shop": asked.shop}


def _variants(asked: Asked, productId: str, variants: list[dict[str, Any]]) -> Made:
    product = asked.shop.registers.products.require(number("Product", productId), ("productId",))
    changed = []
    for index, one in enumerate(variants):
        variant = number("ProductVariant", one.get("id") or "gid://shopify/ProductVariant/0")
        if variant not in product.variants:
            raise Refused(
                "Product variant does not exist", ("variants", str(index), "id"), "PRODUCT_VARIANT_DOES_NOT_EXIST"
            )
        if one.get("price") is not None:
            try:
                price = cents(str(one["price"]))
            except ValueError:
                raise Refused("Price is not a number", ("variants", str(index), "price"), "INVALID_INPUT") from None
            done(asked, asked.shop.catalogue.reprice(variant, price))
        changed.append(asked.shop.registers.variants.require(variant))
    return {"product": product, "productVariants": changed}


def _adjust(asked: Asked, input: dict[str, Any]) -> Made:
    def change(level: InventoryLevel, row: dict[str, Any]) -> int:
        delta: int = row["delta"]
        return delta

    return _moved(asked, input, "changes", change)


def _set(asked: Asked, input: dict[str, Any]) -> Made:
    def change(level: InventoryLevel, row: dict[str, Any]) -> int:
        wanted: int = row["quantity"]
        return wanted - level.available

    return _moved(asked, input, "quantities", change)


def _moved(
    asked: Asked, input: dict[str, Any], rows: str, change: Callable[[InventoryLevel, dict[str, Any]], int]
) -> Made:  # fmt: skip
    if input["name"] != "available":
        raise Refused("The quantity name must be 'available' here.", ("input", "name"), "INVALID_QUANTITY_NAME")
    if input["reason"] not in _REASONS:
        raise Refused("The specified reason is invalid.", ("input", "reason"), "INVALID_REASON")
    wanted = [
        (_level(asked, row, ("input", rows, str(index))), row) for index, row in enumerate(input[rows])
    ]  # fmt: skip
    moved = []
    for level, row in wanted:
        delta = change(level, row)
        changes = asked.shop.inventory.adjust(level.item_id, level.location_id, delta)
        asked.changes.extend(changes)
        if changes:
            moved.append(_change(asked, level, delta))
    return {"inventoryAdjustmentGroup": _group(asked, input, moved) if moved else None}


def _level(asked: Asked, row: dict[str, Any], field: tuple[str, ...]) -> InventoryLevel:
    item, location = number("InventoryItem", row["inventoryItemId"]), number("Location", row["locationId"])
    registers = asked.shop.registers
    if registers.items.get(item) is None:
        raise Refused(
            "The specified inventory item could not be found.", (*field, "inventoryItemId"), "INVALID_INVENTORY_ITEM"
        )
    if registers.locations.get(location) is None:
        raise Refused("The specified location could not be found.", (*field, "locationId"), "INVALID_LOCATION")
    level = asked.shop.inventory.level(item, location)
    expected = row.get("changeFromQuantity")
    if expected is not None and expected != level.available:
        raise Refused(
            "The changeFromQuantity argument no longer matches the persisted quantity.",
            (*field, "changeFromQuantity"), "CHANGE_FROM_QUANTITY_STALE",
        )  # fmt: skip
    return level


def _change(asked: Asked, level: InventoryLevel, delta: int) -> Made:
    return {
        "name": "available", "delta": delta, "quantityAfterChange": quantity(level, "available"),
        "item": asked.shop.registers.items.get(level.item_id),
        "location": asked.shop.registers.locations.get(level.location_id),
    }  # fmt: skip


def _group(asked: Asked, input: dict[str, Any], moved: list[Made]) -> Made:
    ledger = asked.shop.registers.ledger
    return {
        "id": gid("InventoryAdjustmentGroup", ledger.new_id()), "createdAt": iso(ledger.stamp()),
        "reason": input["reason"], "referenceDocumentUri": input.get("referenceDocumentUri"), "changes": moved,
    }  # fmt: skip


MUTATIONS: Fields = dict((
    mutation("write_products", "productCreate", _create),
    mutation("write_products", "productUpdate", _update),
    mutation("write_products", "productDelete", _delete),
    mutation("write_products", "productVariantsBulkUpdate", _variants),
    mutation("write_inventory", "inventoryAdjustQuantities", _adjust),
    mutation("write_inventory", "inventorySetQuantities", _set),
))  # fmt: skip
PAYLOADS: dict[str, tuple[str, ...]] = {
    "ProductCreatePayload": ("product", "shop", "userErrors"),
    "ProductUpdatePayload": ("product", "userErrors"),
    "ProductDeletePayload": ("deletedProductId", "shop", "userErrors"),
    "ProductVariantsBulkUpdatePayload": ("product", "productVariants", "userErrors"),
    **dict.fromkeys(
        ("InventoryAdjustQuantitiesPayload", "InventorySetQuantitiesPayload"),
        ("inventoryAdjustmentGroup", "userErrors"),
    ),
}
