"""What was sent, and what was paid back."""

from __future__ import annotations

from harness.parts.commerce.shopify.records.bodies.line import line_body
from harness.parts.commerce.shopify.records.bodies.people import address_body
from harness.parts.commerce.shopify.records.registers import Registers
from harness.parts.commerce.shopify.records.things import Fulfillment, Order, Refund, RefundLine
from harness.parts.commerce.shopify.records.values import Body, amount, gid, iso, money_set


def parcel_body(parcel: Fulfillment, order: Order, registers: Registers) -> Body:
    """A fulfilment, as in fulfillments/create and fulfillments/update."""
    lines = {line.id: line for line in order.line_items}
    return {
        "id": parcel.id,
        "admin_graphql_api_id": gid("Fulfillment", parcel.id),
        "order_id": parcel.order_id,
        "name": parcel.name,
        "status": parcel.status,
        "shipment_status": parcel.shipment_status,
        "service": "manual",
        "location_id": parcel.location_id,
        "created_at": iso(parcel.created_at_us),
        "updated_at": iso(parcel.updated_at_us),
        "email": order.email,
        "destination": address_body(order.address),
        "origin_address": {},
        "receipt": {},
        "tracking_company": parcel.tracking_company,
        "tracking_number": parcel.tracking_number,
        "tracking_numbers": [parcel.tracking_number] if parcel.tracking_number else [],
        "tracking_url": parcel.tracking_url,
        "tracking_urls": [parcel.tracking_url] if parcel.tracking_url else [],
        "line_items": [
            {**line_body(order, lines[sent.line_item_id], registers), "quantity": sent.quantity}
            for sent in parcel.lines
        ],
    }


def refund_body(refund: Refund, order: Order, registers: Registers) -> Body:
    """A refund, as in refunds/create. It has no `updated_at`: what was paid back stays so."""
    return {
        "id": refund.id,
        "admin_graphql_api_id": gid("Refund", refund.id),
        "order_id": refund.order_id,
        "created_at": iso(refund.created_at_us),
        "processed_at": iso(refund.created_at_us),
        "note": refund.note,
        "user_id": 548380009,
        "restock": any(line.restock_type != "no_restock" for line in refund.lines),
        "return": None,
        "duties": [],
        "order_adjustments": [],
        "refund_shipping_lines": [],
        "total_duties_set": money_set(0, order.currency),
        "refund_line_items": [_refunded(line, order, registers) for line in refund.lines],
        "transactions": [_transaction(refund, order)],
    }


def _refunded(line: RefundLine, order: Order, registers: Registers) -> Body:
    item = next(one for one in order.line_items if one.id == line.line_item_id)
    return {
        "id": line.id, "line_item_id": line.line_item_id, "quantity": line.quantity, "location_id": None,
        "restock_type": line.restock_type, "subtotal": line.subtotal / 100, "total_tax": line.tax / 100,
        "subtotal_set": money_set(line.subtotal, order.currency), "total_tax_set": money_set(line.tax, order.currency),
        "line_item": line_body(order, item, registers),
    }  # fmt: skip


def _transaction(refund: Refund, order: Order) -> Body:
    unsettled = {"amount": "0.0", "currency": order.currency}
    return {
        "id": refund.transaction_id, "admin_graphql_api_id": gid("OrderTransaction", refund.transaction_id),
        "order_id": order.id, "kind": "refund", "status": "success", "amount": amount(refund.amount),
        "currency": order.currency, "gateway": "bogus", "created_at": iso(refund.created_at_us),
        "processed_at": iso(refund.created_at_us), "amount_rounding": None, "authorization": None, "device_id": None,
        "error_code": None, "location_id": None, "manual_payment_gateway": False, "message": None,
        "parent_id": order.id + 3, "payment_id": f"{order.name}.1", "receipt": {}, "source_name": order.source_name,
        "test": True, "user_id": None,
        "total_unsettled_set": {"presentment_money": unsettled, "shop_money": dict(unsettled)},
    }  # fmt: skip
