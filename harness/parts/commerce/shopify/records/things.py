"""The things of a shop. Amounts are cents, times microseconds since 1970; a thing names others by their number."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(kw_only=True)
class Thing:
    """Anything with a number of its own that changes."""

    id: int
    created_at_us: int
    updated_at_us: int


@dataclass(frozen=True)
class Address:
    """Where somebody lives, or wants things sent."""

    first_name: str = ""
    last_name: str = ""
    address1: str = ""
    address2: str | None = None
    city: str = ""
    province: str = ""
    province_code: str = ""
    country: str = "Canada"
    country_code: str = "CA"
    zip: str = ""
    phone: str = ""
    company: str | None = None

    @property
    def name(self) -> str:
        """Both names."""
        return f"{self.first_name} {self.last_name}".strip()


@dataclass(kw_only=True)
class Customer(Thing):
    """Somebody who buys."""

    first_name: str = ""
    last_name: str = ""
    email: str = ""
    phone: str | None = None
    note: str = ""
    tags: tuple[str, ...] = ()
    state: str = "disabled"
    verified_email: bool = True
    tax_exempt: bool = False
    address: Address | None = None


@dataclass(kw_only=True)
class Location(Thing):
    """Where goods lie."""

    name: str
    address: Address = Address()


@dataclass(kw_only=True)
class Variant(Thing):
    """What is sold of a product: one size, one colour."""

    product_id: int
    inventory_item_id: int
    title: str = "Default Title"
    price: int = 0
    compare_at_price: int | None = None
    sku: str = ""
    barcode: str | None = None
    position: int = 1
    taxable: bool = True
    grams: int = 0
    inventory_policy: str = "deny"


@dataclass(kw_only=True)
class Product(Thing):
    """Something that is sold. variants: their numbers, in order."""

    title: str
    body_html: str = ""
    handle: str = ""
    vendor: str = ""
    product_type: str = ""
    tags: tuple[str, ...] = ()
    status: str = "active"
    published_at_us: int | None = None
    template_suffix: str | None = None
    variants: list[int] = field(default_factory=list)


@dataclass(kw_only=True)
class InventoryItem(Thing):
    """The goods behind a variant. Where they lie is always known, and they are always sent."""

    variant_id: int


@dataclass(kw_only=True)
class InventoryLevel(Thing):
    """How many goods of one item lie at one location. committed: of these, promised to orders."""

    item_id: int
    location_id: int
    available: int = 0
    committed: int = 0


@dataclass(kw_only=True)
class LineItem:
    """One row of an order. removed: taken out of the order by refunds and cancellation; fulfilled: sent."""

    id: int
    product_id: int | None
    variant_id: int | None
    title: str
    variant_title: str | None
    vendor: str
    sku: str
    price: int
    grams: int
    quantity: int
    taxable: bool = True
    requires_shipping: bool = True
    properties: Mapping[str, str] = field(default_factory=dict)
    removed: int = 0
    fulfilled: int = 0

    @property
    def fulfillable(self) -> int:
        """How many are still to be sent."""
        return max(0, self.quantity - self.removed - self.fulfilled)

    @property
    def name(self) -> str:
        """The title, with that of the variant."""
        return f"{self.title} - {self.variant_title}" if self.variant_title else self.title


@dataclass(kw_only=True)
class Order(Thing):
    """What a customer bought. refunds, fulfillments, fulfillment_orders: their numbers."""

    number: int
    customer_id: int | None
    email: str
    phone: str | None
    currency: str
    line_items: list[LineItem]
    address: Address
    token: str
    tax_rate: float = 0.0
    shipping: int = 0
    note: str | None = None
    tags: tuple[str, ...] = ()
    attributes: Mapping[str, str] = field(default_factory=dict)
    source_name: str = "web"
    financial_status: str = "paid"
    processed_at_us: int = 0
    closed_at_us: int | None = None
    cancelled_at_us: int | None = None
    cancel_reason: str | None = None
    fulfillment_orders: list[int] = field(default_factory=list)
    fulfillments: list[int] = field(default_factory=list)
    refunds: list[int] = field(default_factory=list)
    refunded: int = 0

    @property
    def name(self) -> str:
        """As people call it: #1001."""
        return f"#{self.number}"

    @property
    def fulfillment_status(self) -> str | None:
        """None, `partial` or `fulfilled`, as REST says it."""
        sent = any(item.fulfilled for item in self.line_items)
        return None if not sent else "partial" if any(item.fulfillable for item in self.line_items) else "fulfilled"


@dataclass(kw_only=True)
class FulfillmentOrderLine:
    """One row of a fulfilment order. remaining: how many are still to be sent."""

    id: int
    line_item_id: int
    total: int
    remaining: int


@dataclass(kw_only=True)
class FulfillmentOrder(Thing):
    """What one location is to send for an order. status: open, in_progress, cancelled, closed."""

    order_id: int
    location_id: int
    lines: list[FulfillmentOrderLine]
    status: str = "open"
    request_status: str = "unsubmitted"


@dataclass(frozen=True)
class Sent:
    """How many of one line were sent in a fulfilment."""

    id: int
    line_item_id: int
    quantity: int


@dataclass(kw_only=True)
class Fulfillment(Thing):
    """One parcel."""

    order_id: int
    location_id: int
    fulfillment_order_ids: tuple[int, ...]
    lines: tuple[Sent, ...]
    name: str
    status: str = "success"
    shipment_status: str | None = None
    tracking_company: str = ""
    tracking_number: str = ""
    tracking_url: str = ""


@dataclass(frozen=True)
class RefundLine:
    """How many of one line were paid back."""

    id: int
    line_item_id: int
    quantity: int
    restock_type: str
    subtotal: int
    tax: int


@dataclass(kw_only=True)
class Refund(Thing):
    """Money paid back."""

    order_id: int
    note: str
    lines: tuple[RefundLine, ...]
    amount: int
    transaction_id: int


@dataclass(kw_only=True)
class Metafield(Thing):
    """A value that an app keeps with something else. owner: its global id."""

    owner: str
    namespace: str
    key: str
    type: str
    value: str


@dataclass(kw_only=True)
class Subscription(Thing):
    """Who wants to be told of a topic, and where. by_api: made through the Admin API, so taken away if it fails on."""

    topic: str
    uri: str
    format: str = "JSON"
    include_fields: tuple[str, ...] = ()
    metafield_namespaces: tuple[str, ...] = ()
    filter: str | None = None
    name: str | None = None
    api_version: str = ""
    by_api: bool = True


@dataclass(frozen=True)
class ThemeFile:
    """One file of a theme, as it is kept. text: it was given as text, and is read as text."""

    filename: str
    content: bytes
    checksum_md5: str
    content_type: str
    created_at_us: int
    updated_at_us: int
    text: bool = True


@dataclass(kw_only=True)
class Theme(Thing):
    """How the shop looks. role: main, unpublished, development, demo, locked, archived, mobile."""

    name: str
    role: str = "unpublished"
    files: dict[str, ThemeFile] = field(default_factory=dict)
