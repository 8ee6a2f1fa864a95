"""What the application learns of its shop: things in a version, and what is to be done because of them. Pure.

A webhook and an answer of the Admin API are read into the same, so that what was missed and is reconciled leads to
just what the webhook would have led to. Versions are `updated_at`: a newer one takes the place of an older one and
never the other way round, whatever the order in which they come. What is to be done has a key of its own; it follows
from any state of a thing from which it can be seen (a paid order is to be sent, also where it was first heard of when
it had been refunded), so that no webhook is needed for it that another one does not make up for.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

KINDS = ("orders", "products", "customers", "fulfillments")
ID_DIGITS_MAX = 20
TEXT_MAX = 5_000
"""Characters that are kept of a text: a row takes so much, and no note of Shopify's is longer."""
WAS_PAID = {"paid", "partially_refunded", "refunded"}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class Unreadable(ValueError):
    """Something has no identity or no version: nothing can be made of it."""


@dataclass(frozen=True, slots=True)
class Thing:
    """kind: one of KINDS; key: its number; version: `updated_at` in microseconds; data: what is kept of it."""

    kind: str
    key: str
    version: int
    data: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Effect:
    """Something to be told to a third party, once. key: what it is, e.g. `erp:1001`."""

    key: str
    party: str
    body: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Learned:
    """From one webhook, or one answer."""

    things: tuple[Thing, ...] = ()
    effects: tuple[Effect, ...] = ()


def number_of(value: object) -> str:
    """The number of a thing, from a number, a text or a gid. Raises Unreadable."""
    text = str(value) if isinstance(value, int | str) and not isinstance(value, bool) else ""
    text = text.rpartition("/")[2].partition("?")[0]
    if not text.isascii() or not text.isdigit() or len(text) > ID_DIGITS_MAX:
        raise Unreadable(f"{value!r:.100} is no id")
    return text


def version_of(value: object) -> int:
    """Microseconds since 1970, from a time as ISO 8601 writes it. Raises Unreadable."""
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        raise Unreadable(f"{value!r:.100} is no time") from None
    return (moment.replace(tzinfo=moment.tzinfo or UTC) - _EPOCH) // _MICROSECOND


def moment_of(version: int) -> str:
    """The time of a version, as ISO 8601 writes it."""
    return (_EPOCH + version * _MICROSECOND).isoformat(timespec="microseconds").replace("+00:00", "Z")


def learned(topic: str, body: Mapping[str, Any]) -> Learned:
    """What a webhook tells. Raises Unreadable."""
    family = topic.partition("/")[0]
    match family:
        case "orders":
            return of_order(body)
        case "refunds":
            return Learned(effects=(refund(body, number_of(body.get("order_id"))),))
        case "fulfillments":
            return Learned((_fulfillment(body, body.get("order_id")),))
        case "customers":
            return of_customer(body)
        case "products":
            return Learned((_thing("products", body, title=body.get("title")),))
    raise Unreadable(f"nothing is known of {topic}")


def of_order(body: Mapping[str, Any]) -> Learned:
    """An order, and the fulfilments and refunds that it lists. Raises Unreadable."""
    paid, cancelled = str(body.get("financial_status") or "").lower(), body.get("cancelled_at")
    order = _thing(
        "orders", body, name=body.get("name"), financial_status=paid or None, cancelled_at=cancelled,
        total=body.get("total_price"), note=body.get("note"),
    )  # fmt: skip
    about = {"order": order.key, "name": _short(body.get("name")), "total": _short(body.get("total_price"))}
    effects = [Effect(f"erp:{order.key}", "erp", about)]
    if paid in WAS_PAID:
        effects.append(Effect(f"fulfilment:{order.key}", "fulfilment", about))
    if cancelled:
        effects.append(Effect(f"cancel:{order.key}", "fulfilment", {**about, "cancelled_at": _short(cancelled)}))
    effects += [refund(one, order.key) for one in _listed(body, "refunds")]
    fulfillments = tuple(_fulfillment(one, order.key) for one in _listed(body, "fulfillments"))
    return Learned((*fulfillments, order), tuple(effects))


def of_customer(body: Mapping[str, Any]) -> Learned:
    """A customer. Raises Unreadable."""
    customer = _thing("customers", body, first_name=body.get("first_name"), last_name=body.get("last_name"))
    about = {
        "customer": customer.key,
        "first_name": _short(body.get("first_name")),
        "last_name": _short(body.get("last_name")),
    }
    return Learned((customer,), (Effect(f"crm:{customer.key}", "crm", about),))


def refund(body: Mapping[str, Any], order: str) -> Effect:
    """What a refund of an order asks for. Raises Unreadable."""
    return Effect(f"refund:{number_of(body.get('id'))}", "erp", {"order": order, "note": _short(body.get("note"))})


def _fulfillment(body: Mapping[str, Any], order: object) -> Thing:
    return _thing("fulfillments", body, order=number_of(order), status=str(body.get("status") or "").lower())


def _thing(kind: str, body: Mapping[str, Any], **kept: object) -> Thing:
    data = {name: _short(value) for name, value in kept.items() if value is not None}
    return Thing(kind, number_of(body.get("id")), version_of(body.get("updated_at")), data)


def _listed(body: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    found = body.get(name)
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def _short(value: object) -> object:
    """A value that a row has room for: a text that is too long is cut, and so is anything that is none."""
    if isinstance(value, str):
        return value[:TEXT_MAX]
    if value is None or isinstance(value, bool | int | float):
        return value
    return json.dumps(value)[:TEXT_MAX]
