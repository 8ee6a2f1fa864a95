"""Orders: taken, changed, paid, cancelled, closed."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from harness.parts.commerce.shopify.records.fulfilling import Fulfilling
from harness.parts.commerce.shopify.records.inventory import Inventory
from harness.parts.commerce.shopify.records.refunding import Refunding
from harness.parts.commerce.shopify.records.registers import Registers
from harness.parts.commerce.shopify.records.telling import order_changed
from harness.parts.commerce.shopify.records.things import Address, LineItem, Order
from harness.parts.commerce.shopify.records.values import Changes, Refused

_SHIPPING = 500


@dataclass(frozen=True)
class NewLine:
    """A row of an order to be taken."""

    variant: int
    quantity: int = 1
    properties: Mapping[str, str] = field(default_factory=dict)


class Orders:
    """The shop's orders."""

    def __init__(
        self, registers: Registers, inventory: Inventory, fulfilling: Fulfilling, refunding: Refunding
    ) -> None:
        self._registers = registers
        self._inventory = inventory
        self._fulfilling = fulfilling
        self._refunding = refunding

    def create(
        self, lines: Sequence[NewLine], *, customer: int | None = None, email: str = "", phone: str | None = None,
        address: Address | None = None, note: str | None = None, tags: Sequence[str] = (),
        attributes: Mapping[str, str] | None = None, financial_status: str = "paid", source_name: str = "web",
        shipping: int = _SHIPPING, tax_rate: float = 0.05,
    ) -> Changes:  # fmt: skip
        """Take an order: orders/create first, then orders/paid where it is, and the inventory levels it takes from."""
        if not lines:
            raise Refused("Line items must have at least one line item", ("order", "lineItems"), "INVALID")
        buyer = None if customer is None else self._registers.customers.require(customer, ("order", "customerId"))
        at, number = self._registers.ledger.stamp(), self._registers.ledger.new_id()
        order = Order(
            id=number, created_at_us=at, updated_at_us=at, processed_at_us=at,
            number=self._registers.ledger.next_order_number(), customer_id=customer,
            email=email or (buyer.email if buyer else ""), phone=phone, currency=self._registers.currency,
            line_items=[self._line(line) for line in lines],
            address=address or (buyer.address if buyer else None) or Address(),
            token=hashlib.blake2s(str(number).encode(), digest_size=16).hexdigest(), tax_rate=tax_rate,
            shipping=shipping, note=note, tags=tuple(tags), attributes=dict(attributes or {}),
            source_name=source_name, financial_status=financial_status,
        )  # fmt: skip
        self._registers.orders.add(order)
        if buyer is not None:
            self._registers.ordered_by.setdefault(buyer.id, []).append(order.id)
        self._fulfilling.open(order, at)
        taken = self._inventory.commit(((line.variant, line.quantity) for line in lines), at)
        topics = ("orders/create", *(("orders/paid",) if financial_status == "paid" else ()))
        return *order_changed(order, self._registers, topics), *taken

    def update(
        self, number: int, *, note: str | None = None, tags: Sequence[str] | None = None, email: str | None = None,
        phone: str | None = None, attributes: Mapping[str, str] | None = None, address: Address | None = None,
    ) -> Changes:  # fmt: skip
        """Change what is given: orders/updated."""
        order = self._registers.orders.require(number)
        order.note = order.note if note is None else note
        order.tags = order.tags if tags is None else tuple(tags)
        order.email = order.email if email is None else email
        order.phone = order.phone if phone is None else phone
        order.attributes = order.attributes if attributes is None else dict(attributes)
        order.address = order.address if address is None else address
        return self._touched(order)

    def pay(self, number: int) -> Changes:
        """It has been paid for: orders/paid, orders/updated. Refused unless it was pending or authorised."""
        order = self._registers.orders.require(number)
        if order.financial_status not in ("pending", "authorized") or order.cancelled_at_us is not None:
            raise Refused("Order cannot be marked as paid.", ("id",))
        order.financial_status = "paid"
        return self._touched(order, "orders/paid", "orders/updated")

    def close(self, number: int) -> Changes:
        """Archive it: orders/updated."""
        order = self._registers.orders.require(number)
        order.closed_at_us = order.closed_at_us or self._registers.ledger.stamp()
        return self._touched(order)

    def reopen(self, number: int) -> Changes:
        """Take it out of the archive: orders/updated."""
        order = self._registers.orders.require(number)
        order.closed_at_us = None
        return self._touched(order)

    def cancel(self, number: int, reason: str = "customer", *, restock: bool = True, refund: bool = False) -> Changes:
        """Call it off: orders/cancelled, orders/updated, then what is refunded and the inventory that it gives back.

        Refused where it is cancelled already, or something has been sent.
        """
        order = self._registers.orders.require(number, ("orderId",))
        if order.cancelled_at_us is not None:
            raise Refused("Cannot cancel an order that has already been canceled", ("orderId",), "INVALID")
        if any(line.fulfilled for line in order.line_items):
            raise Refused("Cannot cancel an order that has fulfilled line items", ("orderId",), "INVALID")
        at = self._registers.ledger.stamp()
        given_back = [(line.variant_id, line.quantity - line.removed) for line in order.line_items]
        refunded = self._refunding.everything(order, at) if refund else None
        if order.financial_status in ("pending", "authorized"):
            order.financial_status = "voided"
        for line in order.line_items:
            line.removed = line.quantity
        order.cancelled_at_us, order.cancel_reason = at, reason
        order.closed_at_us = order.closed_at_us or at
        self._fulfilling.cancel_open(order, at)
        self._registers.orders.touch(order, at)
        goods = [(variant, quantity) for variant, quantity in given_back if variant is not None and quantity]
        moved = self._inventory.returned(goods, at, committed=True) if restock else ()
        told = order_changed(order, self._registers, ("orders/cancelled", "orders/updated"))
        return *told, *((self._refunding.told(refunded),) if refunded else ()), *moved

    def _line(self, new: NewLine) -> LineItem:
        field_ = ("order", "lineItems")
        variant = self._registers.variants.require(new.variant, (*field_, "variantId"))
        product = self._registers.products.require(variant.product_id, field_)
        if new.quantity < 1:
            raise Refused("Quantity must be greater than 0", (*field_, "quantity"), "INVALID")
        return LineItem(
            id=self._registers.ledger.new_id(), product_id=product.id, variant_id=variant.id, title=product.title,
            variant_title=None if variant.title == "Default Title" else variant.title, vendor=product.vendor,
            sku=variant.sku, price=variant.price, grams=variant.grams, quantity=new.quantity, taxable=variant.taxable,
            properties=dict(new.properties),
        )  # fmt: skip

    def _touched(self, order: Order, *topics: str) -> Changes:
        self._registers.orders.touch(order, self._registers.ledger.stamp())
        return order_changed(order, self._registers, topics or ("orders/updated",))
