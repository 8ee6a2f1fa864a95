"""What an order costs, once and after refunds."""

from __future__ import annotations

from dataclasses import dataclass

from harness.parts.commerce.shopify.records.things import LineItem, Order


def tax_of(order: Order, line: LineItem, quantity: int) -> int:
    """The tax on so many of a line, rounded to the cent."""
    return round(line.price * quantity * order.tax_rate) if line.taxable else 0


@dataclass(frozen=True)
class Sums:
    """All of them in cents. current: without what was refunded or cancelled."""

    items: int
    tax: int
    total: int
    current_items: int
    current_tax: int
    current_shipping: int
    current_total: int
    outstanding: int

    @classmethod
    def of(cls, order: Order) -> Sums:
        """Of one order."""
        items = sum(line.price * line.quantity for line in order.line_items)
        tax = sum(tax_of(order, line, line.quantity) for line in order.line_items)
        left = sum(line.price * (line.quantity - line.removed) for line in order.line_items)
        left_tax = sum(tax_of(order, line, line.quantity - line.removed) for line in order.line_items)
        shipping = 0 if order.cancelled_at_us is not None else order.shipping
        total = left + left_tax + shipping
        unpaid = order.financial_status in ("pending", "authorized") and order.cancelled_at_us is None
        return cls(
            items, tax, items + tax + order.shipping, left, left_tax, shipping, total, total if unpaid else 0,
        )  # fmt: skip
