"""The shop: everything it knows, and everything that can be done to it.

    shop = Shop(lambda: time.time_ns() // 1000)
    product = shop.catalogue.create("Kopfhörer")[0].body
    changes = shop.orders.create([NewLine(product["variants"][0]["id"], 2)], email="a@example.com")
    changes[0].topic, changes[0].id, changes[0].updated_at_us, changes[0].body

Every method that changes something returns `Changes`: all that one action of the merchant changed, what it was about
first. Its topics are those of webhooks; whether anybody hears of them is up to the subscriptions. What is not possible
raises `Refused`. For one thread only.
"""

from __future__ import annotations

from collections.abc import Callable

from harness.parts.commerce.shopify.records.catalogue import Catalogue
from harness.parts.commerce.shopify.records.customers import Customers
from harness.parts.commerce.shopify.records.fulfilling import Fulfilling
from harness.parts.commerce.shopify.records.installation import SCOPES, Installation
from harness.parts.commerce.shopify.records.inventory import Inventory
from harness.parts.commerce.shopify.records.metafields import Metafields
from harness.parts.commerce.shopify.records.orders import Orders
from harness.parts.commerce.shopify.records.refunding import Refunding
from harness.parts.commerce.shopify.records.registers import Registers
from harness.parts.commerce.shopify.records.subscriptions import Subscriptions
from harness.parts.commerce.shopify.records.themes import Themes

DOMAIN = "drill-shop.myshopify.com"
_SECRET = "shpss_drill"  # noqa: S105 - of a shop that is not one


class Shop:
    """One shop. registers: all that it knows, to read from."""

    def __init__(
        self, now_us: Callable[[], int], *, domain: str = DOMAIN, name: str = "Drill shop", currency: str = "CAD",
        client_id: str = "drill-app", client_secret: str = _SECRET, scopes: tuple[str, ...] = SCOPES,
        api_version: str = "2026-10", allow_http: bool = True,
    ) -> None:  # fmt: skip
        self.domain = domain
        self.name = name
        self.currency = currency
        self.registers = Registers(now_us, currency)
        self.id = self.registers.ledger.new_id()
        self.created_at_us = self.registers.ledger.stamp()
        self.customers = Customers(self.registers)
        self.inventory = Inventory(self.registers)
        self.catalogue = Catalogue(self.registers, self.inventory)
        self.fulfilling = Fulfilling(self.registers, self.inventory)
        self.refunding = Refunding(self.registers, self.inventory, self.fulfilling)
        self.orders = Orders(self.registers, self.inventory, self.fulfilling, self.refunding)
        self.metafields = Metafields(self.registers)
        self.themes = Themes(self.registers)
        self.subscriptions = Subscriptions(self.registers, api_version, allow_http=allow_http)
        self.installation = Installation(now_us, client_id, client_secret, scopes)
        self.inventory.open("Warehouse")
        self.themes.create("Drill theme", role="main")
