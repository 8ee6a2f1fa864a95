"""Sending what was ordered: fulfilment orders say what is to be sent, fulfilments what was."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness.parts.commerce.shopify.records.bodies.parcel import parcel_body
from harness.parts.commerce.shopify.records.inventory import Inventory
from harness.parts.commerce.shopify.records.registers import Registers
from harness.parts.commerce.shopify.records.telling import order_changed
from harness.parts.commerce.shopify.records.things import (
    Fulfillment,
    FulfillmentOrder,
    FulfillmentOrderLine,
    Order,
    Sent,
)
from harness.parts.commerce.shopify.records.values import Changed, Changes, Refused, gid

_FIELD = ("fulfillment", "lineItemsByFulfillmentOrder")


@dataclass(frozen=True)
class Tracking:
    """Where a parcel can be followed."""

    company: str = ""
    number: str = ""
    url: str = ""


class Fulfilling:
    """The shop's fulfilment orders and fulfilments."""

    def __init__(self, registers: Registers, inventory: Inventory) -> None:
        self._registers = registers
        self._inventory = inventory

    def open(self, order: Order, at_us: int) -> None:
        """A new order is to be sent from the first location, in one fulfilment order."""
        ledger = self._registers.ledger
        waiting = FulfillmentOrder(
            id=ledger.new_id(), created_at_us=at_us, updated_at_us=at_us, order_id=order.id,
            location_id=self._inventory.first_location().id,
            lines=[
                FulfillmentOrderLine(
                    id=ledger.new_id(), line_item_id=line.id, total=line.quantity, remaining=line.quantity
                )
                for line in order.line_items
            ],
        )  # fmt: skip
        self._registers.fulfillment_orders.add(waiting)
        order.fulfillment_orders.append(waiting.id)

    def fulfil(
        self, fulfillment_order: int, quantities: Mapping[int, int] | None = None, tracking: Tracking | None = None,
    ) -> Changes:  # fmt: skip
        """Send what is left of a fulfilment order, or so many of its lines: fulfillments/create, then orders/updated,
        orders/partially_fulfilled or orders/fulfilled. Refused where that much is not left."""
        return self.fulfil_all({fulfillment_order: quantities}, tracking)

    def fulfil_all(
        self, wanted: Mapping[int, Mapping[int, int] | None], tracking: Tracking | None = None
    ) -> Changes:  # fmt: skip
        """As `fulfil`, one parcel for several fulfilment orders of one order."""
        waiting = [self._registers.fulfillment_orders.require(number, _FIELD) for number in wanted]
        if len({one.order_id for one in waiting}) != 1:
            raise Refused("All fulfillment orders must belong to the same order.", _FIELD)
        chosen = [pair for one in waiting for pair in _chosen(one, wanted[one.id])]
        order = self._registers.orders.require(waiting[0].order_id)
        at, ledger = self._registers.ledger.stamp(), self._registers.ledger
        parcel = Fulfillment(
            id=ledger.new_id(), created_at_us=at, updated_at_us=at, order_id=order.id,
            location_id=waiting[0].location_id, fulfillment_order_ids=tuple(one.id for one in waiting),
            lines=tuple(Sent(ledger.new_id(), line.line_item_id, quantity) for line, quantity in chosen),
            name=f"{order.name}.{len(order.fulfillments) + 1}",
        )  # fmt: skip
        _track(parcel, tracking)
        self._registers.fulfillments.add(parcel)
        order.fulfillments.append(parcel.id)
        for line, quantity in chosen:
            line.remaining -= quantity
        self._settle(waiting, at)
        self._inventory.sent(self._goods(order, parcel.lines, +1), at)
        self._registers.orders.touch(order, at)
        done = "orders/fulfilled" if order.fulfillment_status == "fulfilled" else "orders/partially_fulfilled"
        told = order_changed(order, self._registers, ("orders/updated", done))
        return self._told("fulfillments/create", parcel, order), *told

    def update(
        self, number: int, *, tracking: Tracking | None = None, shipment_status: str | None = None
    ) -> Changes:  # fmt: skip
        """News of a parcel: fulfillments/update, orders/updated."""
        parcel = self._registers.fulfillments.require(number, ("fulfillmentId",))
        _track(parcel, tracking)
        parcel.shipment_status = parcel.shipment_status if shipment_status is None else shipment_status
        return self._news(parcel, self._registers.ledger.stamp())

    def cancel(self, number: int) -> Changes:
        """A parcel was not sent after all: what is in it is to be sent again. Refused where it is cancelled already."""
        parcel = self._registers.fulfillments.require(number)
        if parcel.status == "cancelled":
            raise Refused("Fulfillment is already cancelled.", ("id",))
        parcel.status = "cancelled"
        at = self._registers.ledger.stamp()
        order = self._registers.orders.require(parcel.order_id)
        sent = {one.line_item_id: one.quantity for one in parcel.lines}
        for one in (self._registers.fulfillment_orders.require(number) for number in parcel.fulfillment_order_ids):
            for line in one.lines:
                line.remaining += sent.pop(line.line_item_id, 0)
            one.status = "open"
            self._registers.fulfillment_orders.touch(one, at)
        self._inventory.sent(self._goods(order, parcel.lines, -1), at)
        return self._news(parcel, at)

    def cancel_open(self, order: Order, at_us: int) -> None:
        """Nothing more is to be sent of an order."""
        for number in order.fulfillment_orders:
            waiting = self._registers.fulfillment_orders.require(number)
            if waiting.status in ("open", "in_progress"):
                waiting.status = "cancelled"
                for line in waiting.lines:
                    line.remaining = 0
                self._registers.fulfillment_orders.touch(waiting, at_us)

    def fewer(self, order: Order, removed: Mapping[int, int], at_us: int) -> None:
        """So many of these lines are no longer to be sent."""
        left = dict(removed)
        waiting = [self._registers.fulfillment_orders.require(number) for number in order.fulfillment_orders]
        for one in waiting:
            for line in one.lines:
                taken = min(line.remaining, left.get(line.line_item_id, 0))
                line.remaining -= taken
                left[line.line_item_id] = left.get(line.line_item_id, 0) - taken
        self._settle(waiting, at_us)

    def _settle(self, waiting: Sequence[FulfillmentOrder], at_us: int) -> None:
        for one in waiting:
            if one.status in ("open", "in_progress"):
                one.status = "in_progress" if any(line.remaining for line in one.lines) else "closed"
                if one.status == "in_progress" and all(line.remaining == line.total for line in one.lines):
                    one.status = "open"
                self._registers.fulfillment_orders.touch(one, at_us)

    def _goods(self, order: Order, sent: Sequence[Sent], sign: int) -> list[tuple[int, int]]:
        items = {line.id: line for line in order.line_items}
        goods = []
        for one in sent:
            item = items[one.line_item_id]
            item.fulfilled += sign * one.quantity
            if item.variant_id is not None:
                goods.append((item.variant_id, sign * one.quantity))
        return goods

    def _news(self, parcel: Fulfillment, at_us: int) -> Changes:
        order = self._registers.orders.require(parcel.order_id)
        self._registers.fulfillments.touch(parcel, at_us)
        self._registers.orders.touch(order, at_us)
        return self._told("fulfillments/update", parcel, order), *order_changed(order, self._registers)

    def _told(self, topic: str, parcel: Fulfillment, order: Order) -> Changed:
        body = parcel_body(parcel, order, self._registers)
        return Changed("fulfillments", topic, gid("Fulfillment", parcel.id), parcel.id, parcel.updated_at_us, body)


def _chosen(
    waiting: FulfillmentOrder, quantities: Mapping[int, int] | None
) -> list[tuple[FulfillmentOrderLine, int]]:  # fmt: skip
    if waiting.status not in ("open", "in_progress"):
        raise Refused(f"Fulfillment order {waiting.id} has an unfulfillable status= {waiting.status}.", _FIELD)
    if not quantities:
        return [(line, line.remaining) for line in waiting.lines if line.remaining]
    lines = {line.id: line for line in waiting.lines}
    chosen = []
    for number, quantity in quantities.items():
        line = lines.get(number)
        if line is None:
            raise Refused("Fulfillment order line item does not exist.", _FIELD)
        if quantity < 1 or quantity > line.remaining:
            raise Refused("Invalid fulfillment order line item quantity requested.", _FIELD)
        chosen.append((line, quantity))
    return chosen


def _track(parcel: Fulfillment, tracking: Tracking | None) -> None:
    if tracking is not None:
        parcel.tracking_company, parcel.tracking_number = tracking.company, tracking.number
        parcel.tracking_url = tracking.url
