"""Deeds on the records of a shop: which real things they mean, and what is called for each."""

from __future__ import annotations

from dataclasses import dataclass

from harness.parts.commerce.shopify.drawing import below
from harness.parts.commerce.shopify.life import (
    CancelOrder,
    ChangeCustomer,
    ChangeOrder,
    ChangeProduct,
    CountGoods,
    Deed,
    FulfilOrder,
    MakeOrder,
    PayOrder,
    RefundOrder,
    TrackOrder,
)
from harness.parts.commerce.shopify.odd_json import text
from harness.parts.commerce.shopify.records.catalogue import NewVariant
from harness.parts.commerce.shopify.records.fulfilling import Tracking
from harness.parts.commerce.shopify.records.orders import NewLine
from harness.parts.commerce.shopify.records.shop import Shop
from harness.parts.commerce.shopify.records.things import Address
from harness.parts.commerce.shopify.records.values import Changes, Refused

_GOODS = 1_000_000
"""Of each product at the beginning: nothing is ever sold out."""


@dataclass(frozen=True, slots=True)
class _Sold:
    """A product, its variant, and the goods behind it."""

    product: int
    variant: int
    item: int


class Doing:
    """Opens a shop, and does what happens in it. Nobody is told of the opening."""

    def __init__(self, shop: Shop, seed: int, customers: int, products: int) -> None:
        self._shop = shop
        self._orders: list[int] = []
        self._customers = [self._customer(seed, number) for number in range(customers)]
        self._products = [self._product(seed, number) for number in range(products)]

    def _customer(self, seed: int, number: int) -> int:
        name = text(seed, "first name", number)[:60].strip()
        address = Address(
            first_name=name, last_name=f"No. {number}", address1=f"{number} Main St/Rue Principale", city="Montréal",
            province="Québec", province_code="QC", zip="H2X 1Y4",
        )  # fmt: skip
        mail = f"customer.{number}@example.com"
        made = self._shop.customers.create(first_name=name, last_name=f"No. {number}", email=mail, address=address)
        return made[0].id

    def _product(self, seed: int, number: int) -> _Sold:
        variant = NewVariant(
            price=100 + below(100_000, seed, "price", number), sku=f"00{number}/A", available=_GOODS, grams=250
        )
        description = text(seed, "description", number)
        made = self._shop.catalogue.create(f"Product № {number}", variants=(variant,), body_html=description)
        product = self._shop.registers.products.require(made[0].id)
        known = self._shop.registers.variants.require(product.variants[0])
        return _Sold(product.id, known.id, known.inventory_item_id)

    def do(self, deed: Deed) -> Changes:
        """What it has changed. Raises Refused where the shop will not have it."""
        shop = self._shop
        match deed:
            case MakeOrder():
                return self._make(deed)
            case ChangeOrder(order=order, note=note, tags=tags):
                return shop.orders.update(self._orders[order], note=note, tags=tags)
            case PayOrder(order=order):
                return shop.orders.pay(self._orders[order])
            case CancelOrder(order=order, reason=reason):
                return shop.orders.cancel(self._orders[order], reason)
            case RefundOrder(order=order, quantity=quantity, note=note):
                line = shop.registers.orders.require(self._orders[order]).line_items[0]
                return shop.refunding.refund(self._orders[order], {line.id: quantity}, note=note)
            case FulfilOrder(order=order, tracking=tracking):
                waiting = shop.registers.orders.require(self._orders[order]).fulfillment_orders[0]
                return shop.fulfilling.fulfil(waiting, tracking=Tracking("Canada Post", tracking))
            case TrackOrder(order=order, status=status):
                return self._track(self._orders[order], status)
            case ChangeProduct(product=product, text=written):
                return shop.catalogue.update(self._products[product].product, body_html=written)
            case CountGoods(product=product, by=by):
                location = shop.inventory.first_location().id
                return shop.inventory.adjust(self._products[product].item, location, by)
            case ChangeCustomer(customer=customer, last_name=last_name, note=note):
                return shop.customers.update(self._customers[customer], last_name=last_name, note=note)

    def _make(self, deed: MakeOrder) -> Changes:
        lines = [NewLine(self._products[line.product].variant, line.quantity) for line in deed.lines]
        changes = self._shop.orders.create(
            lines, customer=self._customers[deed.customer], note=deed.note, attributes=dict(deed.attributes),
            financial_status="paid" if deed.paid else "pending",
        )  # fmt: skip
        self._orders.append(changes[0].id)
        return changes

    def _track(self, number: int, status: str) -> Changes:
        parcels = self._shop.registers.orders.require(number).fulfillments
        if not parcels:
            raise Refused("nothing was sent of it yet")
        return self._shop.fulfilling.update(parcels[0], shipment_status=status)
