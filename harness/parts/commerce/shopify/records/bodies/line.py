"""One row of an order."""

from __future__ import annotations

from harness.parts.commerce.shopify.records.registers import Registers
from harness.parts.commerce.shopify.records.sums import tax_of
from harness.parts.commerce.shopify.records.things import LineItem, Order
from harness.parts.commerce.shopify.records.values import Body, amount, gid, money_set, text_pairs


def line_body(order: Order, line: LineItem, registers: Registers) -> Body:
    """A line item, as it stands in orders, fulfilments and refunds."""
    price = money_set(line.price, order.currency)
    return {
        "id": line.id,
        "admin_graphql_api_id": gid("LineItem", line.id),
        "attributed_staffs": [],
        "current_quantity": line.quantity - line.removed,
        "quantity": line.quantity,
        "fulfillable_quantity": line.fulfillable,
        "fulfillment_service": "manual",
        "fulfillment_status": _status(line),
        "gift_card": False,
        "grams": line.grams,
        "name": line.name,
        "title": line.title,
        "price": amount(line.price),
        "price_set": price,
        "product_exists": registers.products.get(line.product_id) is not None,
        "product_id": line.product_id,
        "variant_id": line.variant_id,
        "variant_title": line.variant_title,
        "variant_inventory_management": "shopify",
        "vendor": line.vendor,
        "sku": line.sku,
        "properties": text_pairs(line.properties),
        "requires_shipping": line.requires_shipping,
        "taxable": line.taxable,
        "total_discount": "0.00",
        "total_discount_set": money_set(0, order.currency),
        "discount_allocations": [],
        "duties": [],
        "tax_lines": [_tax(order, line)] if order.tax_rate and line.taxable else [],
    }


def _status(line: LineItem) -> str | None:
    if not line.fulfilled:
        return None
    return "partial" if line.fulfillable else "fulfilled"


def _tax(order: Order, line: LineItem) -> Body:
    tax = tax_of(order, line, line.quantity)
    return {
        "title": "GST", "rate": order.tax_rate, "price": amount(tax), "price_set": money_set(tax, order.currency),
        "channel_liable": False,
    }  # fmt: skip
