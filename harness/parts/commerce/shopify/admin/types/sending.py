"""Fulfilment orders, fulfilments and refunds."""

from __future__ import annotations

from typing import Any

from harness.parts.commerce.shopify.admin.asked import Asked
from harness.parts.commerce.shopify.admin.connections import by_id, connection
from harness.parts.commerce.shopify.admin.types.selling import line_of, transaction
from harness.parts.commerce.shopify.admin.types.table import Fields, always, at, bag, legacy, node, own
from harness.parts.commerce.shopify.records.things import Fulfillment, FulfillmentOrder, Order, Refund
from harness.parts.commerce.shopify.records.values import gid, iso

_SHOWN = {
    "delivered": "DELIVERED", "in_transit": "IN_TRANSIT", "out_for_delivery": "OUT_FOR_DELIVERY",
    "attempted_delivery": "ATTEMPTED_DELIVERY", "confirmed": "CONFIRMED", "failure": "FAILURE",
    "label_printed": "LABEL_PRINTED", "label_purchased": "LABEL_PURCHASED", "ready_for_pickup": "READY_FOR_PICKUP",
}  # fmt: skip


def _order(thing: Any, asked: Asked) -> Order:
    return asked.shop.registers.orders.require(thing.order_id)


def _sent(parcel: Fulfillment, asked: Asked, **page: Any) -> dict[str, Any]:
    order = _order(parcel, asked)
    rows = []
    for sent in parcel.lines:
        row = line_of(order, sent.line_item_id)
        worth = bag(row.line.price * sent.quantity, order.currency)
        shown = {
            "id": gid("FulfillmentLineItem", sent.id), "quantity": sent.quantity, "lineItem": row,
            "originalTotalSet": worth, "discountedTotalSet": worth,
        }  # fmt: skip
        rows.append((sent.id, sent.id, shown))
    return connection(asked, "fulfillmentLineItems", rows, **page)


def _tracking(parcel: Fulfillment, _: Asked, first: int | None = None) -> list[dict[str, Any]]:
    said = {
        "company": parcel.tracking_company or None, "number": parcel.tracking_number or None,
        "url": parcel.tracking_url or None,
    }  # fmt: skip
    return [said][:first] if any(said.values()) else []


def _shown(parcel: Fulfillment, _: Asked) -> str:
    return "CANCELED" if parcel.status == "cancelled" else _SHOWN.get(parcel.shipment_status or "", "FULFILLED")


FULFILLMENT: Fields = {
    **legacy("Fulfillment"),
    "name": own("name"),
    "status": lambda parcel, _: parcel.status.upper(),
    "displayStatus": _shown,
    "totalQuantity": lambda parcel, _: sum(sent.quantity for sent in parcel.lines),
    "requiresShipping": always(True),
    "deliveredAt": lambda parcel, _: iso(parcel.updated_at_us) if parcel.shipment_status == "delivered" else None,
    "trackingInfo": _tracking,
    "location": lambda parcel, asked: asked.shop.registers.locations.get(parcel.location_id),
    "order": _order,
    "fulfillmentLineItems": _sent,
    "fulfillmentOrders": lambda parcel, asked, **page: connection(
        asked, "fulfillmentOrders",
        by_id(asked.shop.registers.fulfillment_orders.require(one) for one in parcel.fulfillment_order_ids), **page,
    ),
}  # fmt: skip


def _waiting(waiting: FulfillmentOrder, asked: Asked, **page: Any) -> dict[str, Any]:
    order = _order(waiting, asked)
    rows = []
    for line in waiting.lines:
        row = line_of(order, line.line_item_id)
        variant = asked.shop.registers.variants.get(row.line.variant_id)
        shown = {
            "id": gid("FulfillmentOrderLineItem", line.id), "totalQuantity": line.total,
            "remainingQuantity": line.remaining, "lineItem": row, "productTitle": row.line.title,
            "variantTitle": row.line.variant_title, "sku": row.line.sku, "vendor": row.line.vendor,
            "requiresShipping": row.line.requires_shipping, "variant": variant,
            "inventoryItemId": None if variant is None else gid("InventoryItem", variant.inventory_item_id),
        }  # fmt: skip
        rows.append((line.id, line.id, shown))
    return connection(asked, "lineItems", rows, **page)


def _destination(waiting: FulfillmentOrder, asked: Asked) -> dict[str, Any]:
    order = _order(waiting, asked)
    to = order.address
    return {
        "id": gid("FulfillmentOrderDestination", waiting.id + 1), "firstName": to.first_name, "lastName": to.last_name,
        "address1": to.address1, "address2": to.address2, "city": to.city, "province": to.province,
        "countryCode": to.country_code, "zip": to.zip, "phone": to.phone, "email": order.email, "company": to.company,
    }  # fmt: skip


def _assigned(waiting: FulfillmentOrder, asked: Asked) -> dict[str, Any]:
    location = asked.shop.registers.locations.require(waiting.location_id)
    return {
        "name": location.name, "countryCode": location.address.country_code, "city": location.address.city,
        "address1": location.address.address1, "zip": location.address.zip, "location": location,
    }  # fmt: skip


FULFILLMENT_ORDER: Fields = {
    **node("FulfillmentOrder"),
    "status": lambda waiting, _: waiting.status.upper(),
    "requestStatus": lambda waiting, _: waiting.request_status.upper(),
    "orderId": lambda waiting, _: gid("Order", waiting.order_id),
    "orderName": lambda waiting, asked: _order(waiting, asked).name,
    "orderProcessedAt": lambda waiting, asked: iso(_order(waiting, asked).processed_at_us),
    "order": _order,
    "assignedLocation": _assigned,
    "destination": _destination,
    "lineItems": _waiting,
    "fulfillments": lambda waiting, asked, **page: connection(
        asked, "fulfillments",
        by_id(
            parcel for number in _order(waiting, asked).fulfillments
            if waiting.id in (parcel := asked.shop.registers.fulfillments.require(number)).fulfillment_order_ids
        ), **page,
    ),
}  # fmt: skip


def _refunded(refund: Refund, asked: Asked, **page: Any) -> dict[str, Any]:
    order = _order(refund, asked)
    rows = []
    for line in refund.lines:
        row = line_of(order, line.line_item_id)
        shown = {
            "id": gid("RefundLineItem", line.id), "quantity": line.quantity, "restockType": line.restock_type.upper(),
            "restocked": line.restock_type != "no_restock", "lineItem": row, "location": None,
            "priceSet": bag(row.line.price, order.currency), "subtotalSet": bag(line.subtotal, order.currency),
            "totalTaxSet": bag(line.tax, order.currency),
        }  # fmt: skip
        rows.append((line.id, line.id, shown))
    return connection(asked, "refundLineItems", rows, **page)


def _transactions(refund: Refund, asked: Asked, **page: Any) -> dict[str, Any]:
    rows = [(refund.transaction_id, refund.transaction_id, transaction(refund, _order(refund, asked)))]
    return connection(asked, "transactions", rows, **page)


REFUND: Fields = {
    **legacy("Refund"),
    "note": own("note"),
    "processedAt": at("created_at_us"),
    "order": _order,
    "totalRefundedSet": lambda refund, asked: bag(refund.amount, asked.shop.currency),
    "refundLineItems": _refunded,
    "transactions": _transactions,
}
