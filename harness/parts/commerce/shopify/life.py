"""A shop's life: what its customers and its merchant do, one deed after the other, as a seed has it. Pure.

Deed number n depends on the seed, on n and on the deeds before it, and never on how the application fares: an open
loop. Kinds come in a fixed pattern, so that their shares are exact; where a deed finds nothing to be done to (no order
is open for a refund yet), an order is made instead.

Things are called by their place in the order in which they were made: order 3 is the fourth. Whoever carries a deed
out knows their real ids. The latest orders are acted on mostly, as in a shop: so a thing changes several times within a
short while, and its messages overtake one another.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from harness.parts.commerce.shopify.drawing import below, chosen, share
from harness.parts.commerce.shopify.odd_json import text

OPEN_MAX = 48
"""Orders that something may still happen to."""
_LINES_MAX = 3
_QUANTITY_MAX = 4
_UNPAID_SHARE = 0.2
_RECENT = 8


@dataclass(frozen=True, slots=True)
class Line:
    """So many of a product."""

    product: int
    quantity: int


@dataclass(frozen=True, slots=True)
class MakeOrder:
    """A customer orders. note: as the customer typed it; attributes: what a theme adds to an order."""

    order: int
    customer: int
    lines: tuple[Line, ...]
    note: str
    attributes: tuple[tuple[str, str], ...]
    paid: bool


@dataclass(frozen=True, slots=True)
class ChangeOrder:
    """The merchant writes something on an order."""

    order: int
    note: str
    tags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PayOrder:
    """What was ordered is paid."""

    order: int


@dataclass(frozen=True, slots=True)
class CancelOrder:
    """It is called off."""

    order: int
    reason: str


@dataclass(frozen=True, slots=True)
class RefundOrder:
    """Some of its first line comes back."""

    order: int
    quantity: int
    note: str


@dataclass(frozen=True, slots=True)
class FulfilOrder:
    """It is sent."""

    order: int
    tracking: str


@dataclass(frozen=True, slots=True)
class TrackOrder:
    """Its parcel gets on. status: of the parcel."""

    order: int
    status: str


@dataclass(frozen=True, slots=True)
class ChangeProduct:
    """A product gets another description."""

    product: int
    text: str


@dataclass(frozen=True, slots=True)
class CountGoods:
    """Somebody counted what lies there of a product. by: so many more or fewer."""

    product: int
    by: int


@dataclass(frozen=True, slots=True)
class ChangeCustomer:
    """A customer's name or note is another one."""

    customer: int
    last_name: str
    note: str


Deed = (
    MakeOrder | ChangeOrder | PayOrder | CancelOrder | RefundOrder | FulfilOrder | TrackOrder | ChangeProduct
    | CountGoods | ChangeCustomer
)  # fmt: skip

_PATTERN: tuple[type[Deed], ...] = (
    MakeOrder, ChangeOrder, MakeOrder, FulfilOrder, MakeOrder, ChangeProduct, MakeOrder, RefundOrder, MakeOrder,
    TrackOrder, MakeOrder, PayOrder, ChangeOrder, MakeOrder, ChangeCustomer, MakeOrder, FulfilOrder, CancelOrder,
    MakeOrder, CountGoods,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Next:
    """It is time for the next deed."""


@dataclass(frozen=True, slots=True)
class Ordered:
    """It is time for an order beside them, as in a burst."""


Event = Next | Ordered


@dataclass(frozen=True, slots=True)
class Open:
    """An order that something may still happen to. parcels: whether it was sent; left: of its first line."""

    order: int
    paid: bool
    left: int
    sent: bool = False


@dataclass(frozen=True, slots=True)
class Life:
    """customers, products: how many there are. number: of the next deed; orders: how many were made."""

    seed: int
    customers: int
    products: int
    number: int = 0
    bursts: int = 0
    orders: int = 0
    open: tuple[Open, ...] = ()


def step(state: Life, event: Event, now_ns: int) -> tuple[Life, tuple[Deed, ...]]:
    """The next state, and the deed."""
    if isinstance(event, Ordered):
        return _order(replace(state, bursts=state.bursts + 1), ("burst", state.bursts))
    kind = _PATTERN[state.number % len(_PATTERN)]
    what = ("deed", state.number)
    state = replace(state, number=state.number + 1)
    if kind is ChangeProduct:
        product = below(state.products, state.seed, *what)
        return state, (ChangeProduct(product, text(state.seed, *what)),)
    if kind is CountGoods:
        product = below(state.products, state.seed, *what)
        return state, (CountGoods(product, 1 + below(20, state.seed, "by", *what)),)
    if kind is ChangeCustomer:
        customer = below(state.customers, state.seed, *what)
        return state, (ChangeCustomer(customer, *_two_texts(state.seed, what)),)
    found = None if kind is MakeOrder else _pick(state, what, _OPEN_FOR[kind])
    return _order(state, what) if found is None else _act(state, kind, found, what)


def _two_texts(seed: int, what: tuple[object, ...]) -> tuple[str, str]:
    return text(seed, "name", *what)[:80], text(seed, "note", *what)


_OPEN_FOR: dict[type[Deed], Callable[[Open], bool]] = {
    ChangeOrder: lambda one: True,
    PayOrder: lambda one: not one.paid,
    CancelOrder: lambda one: not one.sent,
    RefundOrder: lambda one: one.paid and one.left > 0,
    FulfilOrder: lambda one: one.paid and one.left > 0 and not one.sent,
    TrackOrder: lambda one: one.sent,
}


def _pick(state: Life, what: tuple[object, ...], fits: Callable[[Open], bool]) -> Open | None:
    """One of the latest that fit."""
    fitting = [one for one in state.open if fits(one)][-_RECENT:]
    return chosen(fitting, state.seed, "which", *what) if fitting else None


def _order(state: Life, what: tuple[object, ...]) -> tuple[Life, tuple[Deed, ...]]:
    seed = state.seed
    lines = tuple(
        Line(below(state.products, seed, "product", at, *what), 1 + below(_QUANTITY_MAX, seed, "quantity", at, *what))
        for at in range(1 + below(_LINES_MAX, seed, "lines", *what))
    )
    paid = share(seed, "paid", *what) >= _UNPAID_SHARE
    attributes = (("gift_message", text(seed, "gift", *what)), ("source", text(seed, "source", *what)))
    customer = below(state.customers, seed, "customer", *what)
    deed = MakeOrder(state.orders, customer, lines, text(seed, "note", *what), attributes, paid)
    left = (*state.open, Open(state.orders, paid, lines[0].quantity))[-OPEN_MAX:]
    return replace(state, orders=state.orders + 1, open=left), (deed,)


def _act(state: Life, kind: type[Deed], found: Open, what: tuple[object, ...]) -> tuple[Life, tuple[Deed, ...]]:
    """Something is done to an order."""
    seed, order = state.seed, found.order
    if kind is ChangeOrder:
        tags = tuple(sorted({f"tag-{below(9, seed, 'tag', at, *what)}" for at in range(2)}))
        return state, (ChangeOrder(order, text(seed, *what), tags),)
    if kind is TrackOrder:
        return state, (TrackOrder(order, chosen(("in_transit", "out_for_delivery", "delivered"), seed, *what)),)
    if kind is CancelOrder:
        rest = tuple(one for one in state.open if one.order != order)
        reason = chosen(("customer", "fraud", "inventory", "declined", "other"), seed, *what)
        return replace(state, open=rest), (CancelOrder(order, reason),)
    if kind is PayOrder:
        return _with(state, replace(found, paid=True)), (PayOrder(order),)
    if kind is RefundOrder:
        quantity = 1 + below(found.left, seed, "quantity", *what)
        return _with(state, replace(found, left=found.left - quantity)), (
            RefundOrder(order, quantity, text(seed, *what)),
        )
    tracking = f"1Z{below(10**10, seed, 'tracking', *what):010d}"
    return _with(state, replace(found, sent=True)), (FulfilOrder(order, tracking),)


def _with(state: Life, changed: Open) -> Life:
    return replace(state, open=tuple(changed if one.order == changed.order else one for one in state.open))
