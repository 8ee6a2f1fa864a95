"""Customers."""

from __future__ import annotations

from typing import Any

from harness.parts.commerce.shopify.admin.asked import Asked
from harness.parts.commerce.shopify.admin.connections import by, by_id, connection
from harness.parts.commerce.shopify.admin.types.metafields import METAFIELDS
from harness.parts.commerce.shopify.admin.types.table import Fields, always, legacy, mailing_address, money, own
from harness.parts.commerce.shopify.records.sums import Sums
from harness.parts.commerce.shopify.records.things import Customer, Order


def _ordered(customer: Customer, asked: Asked) -> list[Order]:
    registers = asked.shop.registers
    return [registers.orders.require(number) for number in registers.ordered_by.get(customer.id, ())]


def _orders(customer: Customer, asked: Asked, sortKey: str = "ID", **page: Any) -> dict[str, Any]:
    asked.need("read_orders", "orders")
    found = _ordered(customer, asked)
    rows = by(found, lambda order: order.updated_at_us) if sortKey == "UPDATED_AT" else by_id(found)
    return connection(asked, "orders", rows, **page)


def _last(customer: Customer, asked: Asked) -> Order | None:
    found = _ordered(customer, asked)
    return found[-1] if found else None


def _spent(customer: Customer, asked: Asked) -> dict[str, Any]:
    return money(sum(Sums.of(order).current_total for order in _ordered(customer, asked)), asked.shop.currency)


def _name(customer: Customer, _: Asked) -> str:
    return f"{customer.first_name} {customer.last_name}".strip() or customer.email


def _mail(customer: Customer, _: Asked) -> dict[str, Any] | None:
    said = {"emailAddress": customer.email, "validFormat": "@" in customer.email, "marketingState": "NOT_SUBSCRIBED"}
    return said if customer.email else None


def _addresses(customer: Customer, _: Asked, first: int | None = None) -> list[dict[str, Any] | None]:
    return [mailing_address(customer.address, customer.id + 1)][:first] if customer.address else []


CUSTOMER: Fields = {
    **legacy("Customer"),
    **METAFIELDS,
    "firstName": own("first_name"),
    "lastName": own("last_name"),
    "displayName": _name,
    "note": own("note"),
    "tags": lambda customer, _: sorted(customer.tags),
    "state": lambda customer, _: customer.state.upper(),
    "verifiedEmail": own("verified_email"),
    "taxExempt": own("tax_exempt"),
    "taxExemptions": always([]),
    "locale": always("en"),
    "canDelete": lambda customer, asked: not _ordered(customer, asked),
    "numberOfOrders": lambda customer, asked: str(len(_ordered(customer, asked))),
    "amountSpent": _spent,
    "lastOrder": _last,
    "orders": _orders,
    "email": own("email"),
    "phone": own("phone"),
    "defaultEmailAddress": _mail,
    "defaultPhoneNumber": lambda customer, _: {"phoneNumber": customer.phone} if customer.phone else None,
    "defaultAddress": lambda customer, _: mailing_address(customer.address, customer.id + 1),
    "addresses": _addresses,
}
