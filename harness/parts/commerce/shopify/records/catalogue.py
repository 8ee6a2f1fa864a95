"""Products and their variants."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from harness.parts.commerce.shopify.records.bodies.goods import product_body
from harness.parts.commerce.shopify.records.inventory import Inventory
from harness.parts.commerce.shopify.records.registers import Registers
from harness.parts.commerce.shopify.records.things import Product, Variant
from harness.parts.commerce.shopify.records.values import Changed, Changes, Refused, gid

_NO_HANDLE = re.compile(r"[^\w]+")
_TITLE_MAX = 255


@dataclass(frozen=True)
class NewVariant:
    """A variant to be made. price: in cents; available: at the shop's first location."""

    title: str = "Default Title"
    price: int = 1000
    sku: str = ""
    barcode: str | None = None
    grams: int = 100
    taxable: bool = True
    available: int = 100


class Catalogue:
    """What the shop sells."""

    def __init__(self, registers: Registers, inventory: Inventory) -> None:
        self._registers = registers
        self._inventory = inventory

    def create(
        self, title: str, *, variants: Sequence[NewVariant] = (NewVariant(),), body_html: str = "", vendor: str = "",
        product_type: str = "", tags: Sequence[str] = (), handle: str = "", status: str = "active",
    ) -> Changes:  # fmt: skip
        """Sell something new."""
        _titled(title)
        ledger = self._registers.ledger
        at = ledger.stamp()
        product = Product(
            id=ledger.new_id(), created_at_us=at, updated_at_us=at, title=title, body_html=body_html, vendor=vendor,
            product_type=product_type, tags=tuple(tags), handle=handle or handle_of(title), status=status,
            published_at_us=at if status == "active" else None,
        )  # fmt: skip
        self._registers.products.add(product)
        for position, new in enumerate(variants, 1):
            product.variants.append(self._variant(product, new, position, at).id)
        return (self._changed("products/create", product),)

    def update(
        self, number: int, *, title: str | None = None, body_html: str | None = None, vendor: str | None = None,
        product_type: str | None = None, tags: Sequence[str] | None = None, handle: str | None = None,
        status: str | None = None,
    ) -> Changes:  # fmt: skip
        """Change what is given."""
        product = self._registers.products.require(number)
        if title is not None:
            product.title = _titled(title)
        product.body_html = product.body_html if body_html is None else body_html
        product.vendor = product.vendor if vendor is None else vendor
        product.product_type = product.product_type if product_type is None else product_type
        product.tags = product.tags if tags is None else tuple(tags)
        product.handle = product.handle if handle is None else handle
        product.status = product.status if status is None else status
        self._registers.products.touch(product, self._registers.ledger.stamp())
        return (self._changed("products/update", product),)

    def reprice(self, variant: int, price: int) -> Changes:
        """Change the price of a variant, and with it the product."""
        one = self._registers.variants.require(variant)
        one.price = price
        at = self._registers.ledger.stamp()
        self._registers.variants.touch(one, at)
        product = self._registers.products.require(one.product_id)
        self._registers.products.touch(product, at)
        return (self._changed("products/update", product),)

    def delete(self, number: int) -> Changes:
        """Sell it no longer. Orders keep what they say of it."""
        product = self._registers.products.require(number)
        for one in product.variants:
            variant = self._registers.variants.require(one)
            self._inventory.forget(variant.inventory_item_id)
            self._registers.variants.remove(variant)
        self._registers.products.remove(product)
        at = self._registers.ledger.stamp()
        return (Changed("products", "products/delete", gid("Product", number), number, at, {"id": number}),)

    def _variant(self, product: Product, new: NewVariant, position: int, at: int) -> Variant:
        number = self._registers.ledger.new_id()
        variant = Variant(
            id=number, created_at_us=at, updated_at_us=at, product_id=product.id, inventory_item_id=number + 1,
            title=new.title, price=new.price, sku=new.sku, barcode=new.barcode, position=position, taxable=new.taxable,
            grams=new.grams,
        )  # fmt: skip
        self._registers.variants.add(variant)
        self._inventory.stock(variant, new.available, at)
        return variant

    def _changed(self, topic: str, product: Product) -> Changed:
        body = product_body(product, self._registers)
        return Changed("products", topic, gid("Product", product.id), product.id, product.updated_at_us, body)


def handle_of(title: str) -> str:
    """What stands in the address of a product's page."""
    return _NO_HANDLE.sub("-", title.lower()).strip("-") or "product"


def _titled(title: str) -> str:
    if not title.strip():
        raise Refused("Title can't be blank", ("title",))
    if len(title) > _TITLE_MAX:
        raise Refused("Title is too long (maximum is 255 characters)", ("title",))
    return title
