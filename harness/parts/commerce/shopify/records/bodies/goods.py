"""Products, variants and inventory levels."""

from __future__ import annotations

from harness.parts.commerce.shopify.records.registers import Registers
from harness.parts.commerce.shopify.records.things import InventoryLevel, Product, Variant
from harness.parts.commerce.shopify.records.values import Body, amount, gid, iso, iso_or_none


def product_body(product: Product, registers: Registers) -> Body:
    """A product with its variants, as in products/update."""
    variants = [one for number in product.variants if (one := registers.variants.get(number)) is not None]
    return {
        "id": product.id,
        "admin_graphql_api_id": gid("Product", product.id),
        "title": product.title,
        "body_html": product.body_html,
        "handle": product.handle,
        "vendor": product.vendor,
        "product_type": product.product_type,
        "created_at": iso(product.created_at_us),
        "updated_at": iso(product.updated_at_us),
        "published_at": iso_or_none(product.published_at_us),
        "published_scope": "web",
        "template_suffix": product.template_suffix,
        "status": product.status,
        "tags": ", ".join(product.tags),
        "category": None,
        "has_variants_that_requires_components": False,
        "image": None,
        "images": [],
        "media": [],
        "options": [_option(product, variants)],
        "variants": [variant_body(variant, registers) for variant in variants],
        "variant_gids": [
            {"admin_graphql_api_id": gid("ProductVariant", one.id), "updated_at": iso(one.updated_at_us)}
            for one in variants
        ],
    }


def variant_body(variant: Variant, registers: Registers) -> Body:
    """A variant, as it stands in its product."""
    quantity = available(variant, registers)
    return {
        "id": variant.id,
        "admin_graphql_api_id": gid("ProductVariant", variant.id),
        "product_id": variant.product_id,
        "title": variant.title,
        "option1": variant.title,
        "option2": None,
        "option3": None,
        "price": amount(variant.price),
        "compare_at_price": None if variant.compare_at_price is None else amount(variant.compare_at_price),
        "sku": variant.sku,
        "barcode": variant.barcode,
        "position": variant.position,
        "taxable": variant.taxable,
        "grams": variant.grams,
        "weight": variant.grams / 1000,
        "weight_unit": "kg",
        "requires_shipping": True,
        "fulfillment_service": "manual",
        "image_id": None,
        "inventory_item_id": variant.inventory_item_id,
        "inventory_management": "shopify",
        "inventory_policy": variant.inventory_policy,
        "inventory_quantity": quantity,
        "old_inventory_quantity": quantity,
        "created_at": iso(variant.created_at_us),
        "updated_at": iso(variant.updated_at_us),
    }


def available(variant: Variant, registers: Registers) -> int:
    """How many of a variant can be sold, at all locations together."""
    keys = ((variant.inventory_item_id, location.id) for location in registers.locations)
    return sum(level.available for key in keys if (level := registers.level_of.get(key)) is not None)


def level_body(level: InventoryLevel) -> Body:
    """As in inventory_levels/update."""
    return {
        "inventory_item_id": level.item_id,
        "location_id": level.location_id,
        "available": level.available,
        "updated_at": iso(level.updated_at_us),
        "admin_graphql_api_id": level_gid(level),
    }


def level_gid(level: InventoryLevel) -> str:
    """The global id of an inventory level names the item, too."""
    return gid("InventoryLevel", f"{level.id}?inventory_item_id={level.item_id}")


def _option(product: Product, variants: list[Variant]) -> Body:
    return {
        "id": product.id + 1, "product_id": product.id, "name": "Title", "position": 1,
        "values": [variant.title for variant in variants],
    }  # fmt: skip
