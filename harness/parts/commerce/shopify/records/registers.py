"""Where the things of a shop are kept: by number, and in the order in which they last changed."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

from harness.parts.commerce.shopify.records.things import (
    Customer,
    Fulfillment,
    FulfillmentOrder,
    InventoryItem,
    InventoryLevel,
    Location,
    Metafield,
    Order,
    Product,
    Refund,
    Subscription,
    Theme,
    Thing,
    Variant,
)
from harness.parts.commerce.shopify.records.values import Refused

T = TypeVar("T", bound=Thing)
_FIRST_ID = 5_600_000_000
_STRIDE = 16
_FIRST_ORDER_NUMBER = 1001


class Ledger:
    """The shop's own time and numbers. Its time is the clock's, but every reading is later than the one before."""

    def __init__(self, now_us: Callable[[], int]) -> None:
        self.now_us = now_us
        self._last_us = 0
        self._things = 0
        self._orders = 0

    def stamp(self) -> int:
        """A time for one action: microseconds since 1970, larger than all before."""
        self._last_us = max(self.now_us(), self._last_us + 1)
        return self._last_us

    def new_id(self) -> int:
        """The next number, unique in the shop; those after it are left free for what a thing brings with it."""
        self._things += 1
        return _FIRST_ID + self._things * _STRIDE

    def next_order_number(self) -> int:
        """The number that people call the next order by."""
        self._orders += 1
        return _FIRST_ORDER_NUMBER + self._orders - 1


class Register(Generic[T]):
    """All things of one kind."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._things: dict[int, T] = {}
        self._changes: list[tuple[int, int]] = []

    def __len__(self) -> int:
        return len(self._things)

    def __iter__(self) -> Iterator[T]:
        return iter(self._things.values())

    def get(self, number: int | None) -> T | None:
        """The thing of that number, None when there is none."""
        return None if number is None else self._things.get(number)

    def require(self, number: int, field: tuple[str, ...] = ("id",)) -> T:
        """The thing of that number; Refused when there is none."""
        thing = self._things.get(number)
        if thing is None:
            raise Refused(f"{self.kind} does not exist", field, "NOT_FOUND")
        return thing

    def add(self, thing: T) -> T:
        """Keep a new thing."""
        self._things[thing.id] = thing
        self._changes.append((thing.updated_at_us, thing.id))
        return thing

    def touch(self, thing: T, at_us: int) -> None:
        """It has changed, at a time that is not before any other change of this register."""
        thing.updated_at_us = at_us
        self._changes.append((at_us, thing.id))

    def remove(self, thing: T) -> None:
        """It is gone."""
        del self._things[thing.id]

    def since(self, at_us: int = 0, until_us: int | None = None) -> Iterator[T]:
        """What last changed at that time or later (and not after `until_us`), in the order of the last changes."""
        for index in range(bisect_left(self._changes, (at_us, 0)), self._end(until_us)):
            stamp, number = self._changes[index]
            thing = self._things.get(number)
            if thing is not None and thing.updated_at_us == stamp and self._is_last(index, thing):
                yield thing

    def _end(self, until_us: int | None) -> int:
        return len(self._changes) if until_us is None else bisect_right(self._changes, (until_us, 1 << 62))

    def _is_last(self, index: int, thing: T) -> bool:
        following = self._changes[index + 1] if index + 1 < len(self._changes) else None
        return following != (thing.updated_at_us, thing.id)


class Registers:
    """All registers of a shop, and its ledger."""

    def __init__(self, now_us: Callable[[], int], currency: str) -> None:
        self.ledger = Ledger(now_us)
        self.currency = currency
        self.customers: Register[Customer] = Register("Customer")
        self.products: Register[Product] = Register("Product")
        self.variants: Register[Variant] = Register("ProductVariant")
        self.items: Register[InventoryItem] = Register("InventoryItem")
        self.levels: Register[InventoryLevel] = Register("InventoryLevel")
        self.locations: Register[Location] = Register("Location")
        self.orders: Register[Order] = Register("Order")
        self.fulfillment_orders: Register[FulfillmentOrder] = Register("FulfillmentOrder")
        self.fulfillments: Register[Fulfillment] = Register("Fulfillment")
        self.refunds: Register[Refund] = Register("Refund")
        self.subscriptions: Register[Subscription] = Register("WebhookSubscription")
        self.metafields: Register[Metafield] = Register("Metafield")
        self.themes: Register[Theme] = Register("OnlineStoreTheme")
        self.level_of: dict[tuple[int, int], InventoryLevel] = {}
        self.ordered_by: dict[int, list[int]] = {}
