"""Lists in REST: filters by times and numbers, pages by `since_id` or by `page_info` in the Link header."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from harness.parts.commerce.shopify.admin.rest.errors import Unusable
from harness.parts.commerce.shopify.records.registers import Register
from harness.parts.commerce.shopify.records.things import Order, Thing
from harness.parts.commerce.shopify.records.values import Body, microseconds

_LIMIT, _LIMIT_MAX = 50, 250
_DIGITS_MAX = 18
_TIMES = {"created_at": "created_at_us", "updated_at": "updated_at_us", "processed_at": "processed_at_us"}
Query = Mapping[str, str]


@dataclass(frozen=True)
class Page:
    """One page. link: the Link header, empty where there is no other page."""

    bodies: list[Body]
    link: str


def page(
    things: Register[Any], query: Query, body: Callable[[Any], Body], url: str, *, newest_first: bool = False
) -> Page:  # fmt: skip
    """The page that a query asks for. Raises Unusable for one that says what cannot be."""
    filters, before = _filters(query)
    limit = _limit(query)
    rows = _sorted(matching(things, filters), filters, newest_first=newest_first)
    start = 0
    if before is not None:
        numbers = [one.id for one in rows]
        start = next((at for at, number in enumerate(numbers) if number == before), -1) + 1
    chosen = rows[start : start + limit]
    more = len(rows) > start + limit
    link = _link(url, filters, query, limit, chosen[-1].id) if more and chosen else ""
    return Page([_only(body(one), query) for one in chosen], link)


def matching(things: Register[Any], query: Query) -> list[Any]:
    """Everything that a query lets through. Raises Unusable for one that says what cannot be."""
    bounds = {name: (_at(query, f"{name}_min"), _at(query, f"{name}_max")) for name in _TIMES}
    above = _number(query, "since_id") or 0
    ids = {number for one in query.get("ids", "").split(",") if (number := _whole(one.strip())) is not None}
    least, most = bounds.pop("updated_at")
    return [
        one for one in things.since(least or 0, most)
        if one.id > above and (not ids or one.id in ids) and _timely(one, bounds)
        and (_order_passes(one, query) if isinstance(one, Order) else _same(one, query))
    ]  # fmt: skip


def _timely(thing: Thing, bounds: Mapping[str, tuple[int | None, int | None]]) -> bool:
    for name, (least, most) in bounds.items():
        value = getattr(thing, _TIMES[name], None)
        if value is not None and ((least is not None and value < least) or (most is not None and value > most)):
            return False
    return True


def _order_passes(order: Order, query: Query) -> bool:
    status = query.get("status", "open")
    state = "cancelled" if order.cancelled_at_us is not None else "closed" if order.closed_at_us else "open"
    money, sent = query.get("financial_status", "any"), query.get("fulfillment_status", "any")
    sent_as = {None: ("unfulfilled", "unshipped"), "partial": ("partial", "unfulfilled"), "fulfilled": ("shipped",)}
    named = query.get("name")
    return (
        status in (state, "any")
        and money in (order.financial_status, "any")
        and (sent == "any" or sent in sent_as[order.fulfillment_status])
        and (named is None or named in (order.name, str(order.number)))
        and query.get("email", order.email) == order.email
    )


def _same(thing: Thing, query: Query) -> bool:
    names = ("title", "vendor", "handle", "product_type", "status", "email", "topic")
    return all(getattr(thing, name) == query[name] for name in names if name in query and hasattr(thing, name))


def _sorted(things: list[Any], query: Query, *, newest_first: bool) -> list[Any]:
    column, _, way = query.get("order", "").partition(" ")
    if column in _TIMES and things and hasattr(things[0], _TIMES[column]):
        return sorted(things, key=lambda one: (getattr(one, _TIMES[column]), one.id), reverse=way.lower() != "asc")
    down = newest_first and "since_id" not in query
    return sorted(things, key=lambda one: one.id, reverse=down)


def _filters(query: Query) -> tuple[Query, int | None]:
    """What is filtered by, and after which number the page begins: with `page_info` both stand in it."""
    text = query.get("page_info")
    if text is None:
        return query, None
    if set(query) - {"page_info", "limit", "fields"}:
        raise Unusable({"page_info": f"Cannot pass {', '.join(sorted(set(query) - {'page_info', 'limit', 'fields'}))}"})
    try:
        said = json.loads(base64.urlsafe_b64decode(text.encode("ascii")))
        filters, before = said["filters"], said["last_id"]
    except (ValueError, binascii.Error, KeyError, TypeError, RecursionError):
        raise Unusable({"page_info": "Invalid value."}) from None
    texts = isinstance(filters, dict) and all(isinstance(one, str) for one in filters.values())
    if not texts or not isinstance(before, int):
        raise Unusable({"page_info": "Invalid value."})
    return filters, before


def _link(url: str, filters: Query, query: Query, limit: int, last_id: int) -> str:
    kept = {name: value for name, value in filters.items() if name not in ("limit", "fields", "page_info")}
    said = json.dumps({"direction": "next", "last_id": last_id, "filters": kept})
    more = {"fields": query["fields"]} if "fields" in query else {}
    asked = {"limit": limit, **more, "page_info": base64.urlsafe_b64encode(said.encode()).decode()}
    return f'<{url}?{urlencode(asked)}>; rel="next"'


def _only(body: Body, query: Query) -> Body:
    wanted = [one.strip() for one in query.get("fields", "").split(",") if one.strip()]
    return {name: body[name] for name in wanted if name in body} if wanted else body


def _limit(query: Query) -> int:
    limit = _number(query, "limit")
    if limit is None:
        return _LIMIT
    if not 0 < limit <= _LIMIT_MAX:
        raise Unusable({"limit": f"must be between 1 and {_LIMIT_MAX}"})
    return limit


def _number(query: Query, name: str) -> int | None:
    text = query.get(name)
    if text is None:
        return None
    number = _whole(text)
    if number is None:
        raise Unusable({name: "Invalid value."})
    return number


def _whole(text: str) -> int | None:
    """A number as an id can be; None for what is none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= _DIGITS_MAX else None


def _at(query: Query, name: str) -> int | None:
    text = query.get(name)
    if not text:
        return None
    try:
        # A plus sign that was not encoded has become a space.
        return microseconds(text.replace(" ", "+") if "T" in text else text)
    except ValueError:
        raise Unusable({name: "Invalid value."}) from None
