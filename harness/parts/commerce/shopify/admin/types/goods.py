"""Products, variants, inventory, locations."""

from __future__ import annotations

import re
from typing import Any

from harness.parts.commerce.shopify.admin.asked import Asked, number
from harness.parts.commerce.shopify.admin.connections import by, by_id, connection
from harness.parts.commerce.shopify.admin.types.metafields import METAFIELDS
from harness.parts.commerce.shopify.admin.types.table import Fields, always, at, legacy, node, own
from harness.parts.commerce.shopify.records.bodies.goods import available, level_gid
from harness.parts.commerce.shopify.records.things import InventoryItem, InventoryLevel, Location, Product, Variant
from harness.parts.commerce.shopify.records.values import amount, gid, iso

_TAG = re.compile(r"<[^>]*>")
QUANTITIES = ("available", "committed", "on_hand")
_VARIANT_ORDER = {
    "POSITION": lambda one: one.position, "TITLE": lambda one: one.title.casefold(), "ID": lambda one: one.id,
    "SKU": lambda one: one.sku,
}  # fmt: skip


def _variants(product: Product, asked: Asked, sortKey: str = "POSITION", **page: Any) -> dict[str, Any]:
    found = (asked.shop.registers.variants.require(number) for number in product.variants)
    key = _VARIANT_ORDER.get(sortKey, _VARIANT_ORDER["POSITION"])
    return connection(asked, "variants", by(found, key), **page)


def _inventory(product: Product, asked: Asked) -> int:
    registers = asked.shop.registers
    return sum(available(registers.variants.require(number), registers) for number in product.variants)


def _options(product: Product, asked: Asked, first: int | None = None) -> list[dict[str, Any]]:
    titles = [asked.shop.registers.variants.require(number).title for number in product.variants]
    option = {"id": gid("ProductOption", product.id + 1), "name": "Title", "position": 1, "values": titles}
    return [option][:first]


def _description(product: Product, _: Asked, truncateAt: int | None = None) -> str:
    return _TAG.sub("", product.body_html)[:truncateAt]


PRODUCT: Fields = {
    **legacy("Product"),
    **METAFIELDS,
    "title": own("title"),
    "handle": own("handle"),
    "vendor": own("vendor"),
    "productType": own("product_type"),
    "status": lambda product, _: product.status.upper(),
    "tags": lambda product, _: sorted(product.tags),
    "descriptionHtml": own("body_html"),
    "description": _description,
    "templateSuffix": own("template_suffix"),
    "publishedAt": at("published_at_us"),
    "isGiftCard": always(False),
    "hasOnlyDefaultVariant": lambda product, _: len(product.variants) == 1,
    "totalInventory": _inventory,
    "tracksInventory": always(True),
    "options": _options,
    "variants": _variants,
    "variantsCount": lambda product, _: {"count": len(product.variants), "precision": "EXACT"},
    "onlineStoreUrl": lambda product, asked: (
        f"https://{asked.shop.domain}/products/{product.handle}" if product.status == "active" else None
    ),
}


def _product(variant: Variant, asked: Asked) -> Product:
    return asked.shop.registers.products.require(variant.product_id)


def _quantity(variant: Variant, asked: Asked) -> int:
    return available(variant, asked.shop.registers)


VARIANT: Fields = {
    **legacy("ProductVariant"),
    **METAFIELDS,
    "title": own("title"),
    "displayName": lambda variant, asked: f"{_product(variant, asked).title} - {variant.title}",
    "sku": own("sku"),
    "barcode": own("barcode"),
    "position": own("position"),
    "taxable": own("taxable"),
    "price": lambda variant, _: amount(variant.price),
    "compareAtPrice": lambda variant, _: None if variant.compare_at_price is None else amount(variant.compare_at_price),
    "inventoryPolicy": lambda variant, _: variant.inventory_policy.upper(),
    "inventoryQuantity": _quantity,
    "sellableOnlineQuantity": _quantity,
    "availableForSale": lambda variant, asked: _quantity(variant, asked) > 0,
    "selectedOptions": lambda variant, _: [{"name": "Title", "value": variant.title}],
    "product": _product,
    "inventoryItem": lambda variant, asked: asked.shop.registers.items.require(variant.inventory_item_id),
}


def _levels(thing: InventoryItem | Location, asked: Asked, **page: Any) -> dict[str, Any]:
    own_side = 0 if isinstance(thing, InventoryItem) else 1
    found = (level for key, level in asked.shop.registers.level_of.items() if key[own_side] == thing.id)
    return connection(asked, "inventoryLevels", by_id(found), **page)


def _level_at(item: InventoryItem, asked: Asked, locationId: str) -> InventoryLevel | None:
    return asked.shop.registers.level_of.get((item.id, number("Location", locationId)))


ITEM: Fields = {
    **legacy("InventoryItem"),
    "sku": lambda item, asked: asked.shop.registers.variants.require(item.variant_id).sku,
    "tracked": always(True),
    "requiresShipping": always(True),
    "inventoryLevel": _level_at,
    "inventoryLevels": _levels,
    "variants": lambda item, asked, **page: connection(
        asked, "variants", by_id([asked.shop.registers.variants.require(item.variant_id)]), **page
    ),
}


def quantity(level: InventoryLevel, name: str) -> int:
    """How many there are under one of the names of quantities."""
    return {"available": level.available, "committed": level.committed}.get(name, level.available + level.committed)


def _quantities(level: InventoryLevel, _: Asked, names: list[str]) -> list[dict[str, Any]]:
    return [
        {
            "id": gid("InventoryQuantity", f"{level.id}?inventory_item_id={level.item_id}&name={name}"), "name": name,
            "quantity": quantity(level, name), "updatedAt": iso(level.updated_at_us),
        }
        for name in names if name in QUANTITIES
    ]  # fmt: skip


LEVEL: Fields = {
    **node("InventoryLevel"),
    "id": lambda level, _: level_gid(level),
    "isActive": always(True),
    "canDeactivate": always(False),
    "item": lambda level, asked: asked.shop.registers.items.require(level.item_id),
    "location": lambda level, asked: asked.shop.registers.locations.require(level.location_id),
    "quantities": _quantities,
}


def _address(location: Location, _: Asked) -> dict[str, Any]:
    where = location.address
    return {
        "address1": where.address1, "address2": where.address2, "city": where.city, "province": where.province,
        "provinceCode": where.province_code, "country": where.country, "countryCode": where.country_code,
        "zip": where.zip, "phone": where.phone,
    }  # fmt: skip


LOCATION: Fields = {
    **legacy("Location"),
    **METAFIELDS,
    "name": own("name"),
    "isActive": always(True),
    "fulfillsOnlineOrders": always(True),
    "shipsInventory": always(True),
    "address": _address,
    "inventoryLevels": _levels,
}
