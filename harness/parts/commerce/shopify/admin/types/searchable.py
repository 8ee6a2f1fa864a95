"""What the lists of the API can be searched by."""

from __future__ import annotations

from typing import Any

from harness.parts.commerce.shopify.admin.searching import Fields, Times
from harness.parts.commerce.shopify.records.things import Order

_THING: Fields = {
    "id": lambda one: one.id,
    "created_at": lambda one: Times(one.created_at_us),
    "updated_at": lambda one: Times(one.updated_at_us),
}


def _status(order: Order) -> tuple[str, ...]:
    if order.cancelled_at_us is not None:
        return "cancelled", "any"
    return ("closed", "any") if order.closed_at_us is not None else ("open", "any")


def _fulfilment(order: Order) -> tuple[str, ...]:
    shipped = {None: ("unfulfilled", "unshipped"), "partial": ("partial",), "fulfilled": ("fulfilled", "shipped")}
    return shipped[order.fulfillment_status]


def _tags(thing: Any) -> tuple[str, ...]:
    tags: tuple[str, ...] = thing.tags
    return tags


ORDERS: Fields = {
    **_THING,
    "processed_at": lambda order: Times(order.processed_at_us),
    "cancelled_at": lambda order: Times(order.cancelled_at_us),
    "closed_at": lambda order: Times(order.closed_at_us),
    "name": lambda order: (order.name, str(order.number)),
    "email": lambda order: order.email,
    "tag": _tags,
    "status": _status,
    "financial_status": lambda order: order.financial_status,
    "fulfillment_status": _fulfilment,
    "customer_id": lambda order: order.customer_id or 0,
    "source_name": lambda order: order.source_name,
    "sku": lambda order: tuple(line.sku for line in order.line_items),
    "test": lambda _: True,
}
PRODUCTS: Fields = {
    **_THING,
    "published_at": lambda product: Times(product.published_at_us),
    "title": lambda product: product.title,
    "handle": lambda product: product.handle,
    "vendor": lambda product: product.vendor,
    "product_type": lambda product: product.product_type,
    "status": lambda product: product.status,
    "tag": _tags,
}
VARIANTS: Fields = {
    **_THING,
    "sku": lambda variant: variant.sku,
    "title": lambda variant: variant.title,
    "product_id": lambda variant: variant.product_id,
    "barcode": lambda variant: variant.barcode or "",
}
CUSTOMERS: Fields = {
    **_THING,
    "email": lambda customer: customer.email,
    "first_name": lambda customer: customer.first_name,
    "last_name": lambda customer: customer.last_name,
    "phone": lambda customer: customer.phone or "",
    "state": lambda customer: customer.state,
    "tag": _tags,
}
WAITING: Fields = {
    **_THING,
    "status": lambda waiting: waiting.status,
    "request_status": lambda waiting: waiting.request_status,
}
