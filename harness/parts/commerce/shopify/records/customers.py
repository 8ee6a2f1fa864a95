"""Customers: who buys."""

from __future__ import annotations

from collections.abc import Sequence

from harness.parts.commerce.shopify.records.bodies.people import customer_body
from harness.parts.commerce.shopify.records.registers import Registers
from harness.parts.commerce.shopify.records.things import Address, Customer
from harness.parts.commerce.shopify.records.values import Changed, Changes, Refused, gid


class Customers:
    """The shop's customers."""

    def __init__(self, registers: Registers) -> None:
        self._registers = registers

    def create(
        self, *, first_name: str = "", last_name: str = "", email: str = "", phone: str | None = None, note: str = "",
        tags: Sequence[str] = (), address: Address | None = None,
    ) -> Changes:  # fmt: skip
        """Somebody new. Refused where another customer has the address for mail already."""
        self._unused(email, None)
        at = self._registers.ledger.stamp()
        customer = Customer(
            id=self._registers.ledger.new_id(), created_at_us=at, updated_at_us=at, first_name=first_name,
            last_name=last_name, email=email, phone=phone, note=note, tags=tuple(tags), address=address,
        )  # fmt: skip
        self._registers.customers.add(customer)
        return (self._changed("customers/create", customer),)

    def update(
        self, number: int, *, first_name: str | None = None, last_name: str | None = None, email: str | None = None,
        phone: str | None = None, note: str | None = None, tags: Sequence[str] | None = None,
        address: Address | None = None,
    ) -> Changes:  # fmt: skip
        """Change what is given."""
        customer = self._registers.customers.require(number)
        if email is not None:
            self._unused(email, number)
            customer.email = email
        customer.first_name = customer.first_name if first_name is None else first_name
        customer.last_name = customer.last_name if last_name is None else last_name
        customer.phone = customer.phone if phone is None else phone
        customer.note = customer.note if note is None else note
        customer.tags = customer.tags if tags is None else tuple(tags)
        customer.address = customer.address if address is None else address
        self._registers.customers.touch(customer, self._registers.ledger.stamp())
        return (self._changed("customers/update", customer),)

    def delete(self, number: int) -> Changes:
        """Forget a customer. Refused where they have ordered something."""
        customer = self._registers.customers.require(number)
        if self._registers.ordered_by.get(number):
            raise Refused("Customer can’t be deleted because they have associated orders", ("id",))
        self._registers.customers.remove(customer)
        at = self._registers.ledger.stamp()
        return (Changed("customers", "customers/delete", gid("Customer", number), number, at, {"id": number}),)

    def _unused(self, email: str, number: int | None) -> None:
        # Looking at all is what a shop of a drill's size can afford, and creation is rare.
        if email and any(one.email == email and one.id != number for one in self._registers.customers):
            raise Refused("Email has already been taken", ("email",), "TAKEN")

    def _changed(self, topic: str, customer: Customer) -> Changed:
        body = customer_body(customer, self._registers.currency)
        return Changed(
            "customers", topic, gid("Customer", customer.id), customer.id, customer.updated_at_us, body
        )  # fmt: skip
