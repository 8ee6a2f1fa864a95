"""What is told of an order, in one body under several topics."""

from __future__ import annotations

from harness.parts.commerce.shopify.records.bodies.order import order_body
from harness.parts.commerce.shopify.records.registers import Registers
from harness.parts.commerce.shopify.records.things import Order
from harness.parts.commerce.shopify.records.values import Changed, Changes, gid


def order_changed(order: Order, registers: Registers, topics: tuple[str, ...] = ("orders/updated",)) -> Changes:
    """One change for each topic; they share their version and their body."""
    body = order_body(order, registers)
    name = gid("Order", order.id)
    return tuple(Changed("orders", topic, name, order.id, order.updated_at_us, body) for topic in topics)
