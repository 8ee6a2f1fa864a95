"""Paying money back."""

from __future__ import annotations

from collections.abc import Mapping

from harness.parts.commerce.shopify.records.bodies.parcel import refund_body
from harness.parts.commerce.shopify.records.fulfilling import Fulfilling
from harness.parts.commerce.shopify.records.inventory import Inventory
from harness.parts.commerce.shopify.records.registers import Registers
from harness.parts.commerce.shopify.records.sums import Sums, tax_of
from harness.parts.commerce.shopify.records.telling import order_changed
from harness.parts.commerce.shopify.records.things import LineItem, Order, Refund, RefundLine
from harness.parts.commerce.shopify.records.values import Changed, Changes, Refused, gid

_FIELD = ("input", "refundLineItems")


class Refunding:
    """The shop's refunds."""

    def __init__(self, registers: Registers, inventory: Inventory, fulfilling: Fulfilling) -> None:
        self._registers = registers
        self._inventory = inventory
        self._fulfilling = fulfilling

    def refund(self, order: int, quantities: Mapping[int, int], *, note: str = "", restock: bool = True) -> Changes:
        """Pay back so many of an order's lines: refunds/create, orders/updated, then the inventory it gives back.

        quantities: by the number of the line item. Refused where more is asked for than is left of a line.
        """
        one = self._registers.orders.require(order, ("input", "orderId"))
        at = self._registers.ledger.stamp()
        chosen = _chosen(one, quantities)
        refund = self._pay_back(one, chosen, note, at, restock=restock)
        moved = self._moved(chosen, at, restock=restock)
        self._fulfilling.fewer(one, {line.id: quantity for line, quantity in chosen}, at)
        self._registers.orders.touch(one, at)
        return self.told(refund), *order_changed(one, self._registers), *moved

    def everything(self, order: Order, at_us: int) -> Refund:
        """Pay back all that is left, as cancelling does; lines and inventory are the caller's."""
        chosen = [(line, line.quantity - line.removed) for line in order.line_items if line.quantity > line.removed]
        return self._pay_back(order, chosen, "", at_us, restock=True, shipping=order.shipping)

    def told(self, refund: Refund) -> Changed:
        """refunds/create, with the body as it is now."""
        order = self._registers.orders.require(refund.order_id)
        body = refund_body(refund, order, self._registers)
        return Changed("refunds", "refunds/create", gid("Refund", refund.id), refund.id, refund.updated_at_us, body)

    def _pay_back(
        self, order: Order, chosen: list[tuple[LineItem, int]], note: str, at_us: int, *, restock: bool,
        shipping: int = 0,
    ) -> Refund:  # fmt: skip
        ledger = self._registers.ledger
        lines = tuple(
            RefundLine(
                ledger.new_id(), line.id, quantity, _restocked(line, restock=restock), line.price * quantity,
                tax_of(order, line, quantity),
            )
            for line, quantity in chosen
        )  # fmt: skip
        number = ledger.new_id()
        refund = Refund(
            id=number, created_at_us=at_us, updated_at_us=at_us, order_id=order.id, note=note, lines=lines,
            amount=sum(line.subtotal + line.tax for line in lines) + shipping, transaction_id=number + 1,
        )  # fmt: skip
        self._registers.refunds.add(refund)
        order.refunds.append(refund.id)
        order.refunded += refund.amount
        for line, quantity in chosen:
            line.removed += quantity
        if order.financial_status in ("paid", "partially_refunded"):
            whole = order.refunded >= Sums.of(order).total
            order.financial_status = "refunded" if whole else "partially_refunded"
        return refund

    def _moved(self, chosen: list[tuple[LineItem, int]], at_us: int, *, restock: bool) -> Changes:
        if not restock:
            return ()
        moved: list[Changed] = []
        for line, quantity in chosen:
            if line.variant_id is not None:
                waiting = line.fulfilled + line.removed - quantity < line.quantity
                moved += self._inventory.returned([(line.variant_id, quantity)], at_us, committed=waiting)
        return tuple(moved)


def _chosen(order: Order, quantities: Mapping[int, int]) -> list[tuple[LineItem, int]]:
    lines = {line.id: line for line in order.line_items}
    chosen = []
    for number, quantity in quantities.items():
        line = lines.get(number)
        if line is None:
            raise Refused("Refund line items line item does not belong to the order", _FIELD)
        if quantity < 1 or quantity > line.quantity - line.removed:
            raise Refused("Refund line items quantity cannot refund more items than were purchased", _FIELD)
        chosen.append((line, quantity))
    return chosen


def _restocked(line: LineItem, *, restock: bool) -> str:
    if not restock:
        return "no_restock"
    return "return" if line.fulfilled else "cancel"
