"""Connections: pages of a list, by cursors that tell where a page ended.

A cursor names the value that the list is sorted by and the number of the thing, so it holds while the list changes; as
Shopify's, it holds for one sort key only.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, islice
from typing import Any

from graphql import GraphQLError

from harness.parts.commerce.shopify.admin.asked import Asked

PAGE_MAX = 250
Keyed = tuple[Any, int, Any]
"""A thing of a list: the value that the list is sorted by, the thing's number, the thing."""


def connection(
    asked: Asked, name: str, things: Iterable[Keyed], *, first: int | None = None, last: int | None = None,
    after: str | None = None, before: str | None = None, reverse: bool = False, page_max: int = PAGE_MAX,
) -> dict[str, Any]:  # fmt: skip
    """A page of things, which are sorted already; `reverse` turns them round."""
    if not asked.bulk:
        _check(name, first, last, page_max)
        if first is not None and before is None and not reverse:
            return _from_the_start(things, first, after)
    rows = list(things)
    if reverse:
        rows.reverse()
    if asked.bulk:
        return _page(rows, more=False, less=False)
    start = _after(rows, after, reverse=reverse) if after is not None else 0
    end = _before(rows, before, reverse=reverse) if before is not None else len(rows)
    window = rows[start : max(start, end)]
    if first is not None:
        chosen = window[:first]
        return _page(chosen, more=len(window) > first or end < len(rows), less=start > 0)
    kept = last or 0
    chosen = window[-kept:] if kept else []
    return _page(chosen, more=end < len(rows), less=len(window) > kept or start > 0)


def _from_the_start(things: Iterable[Keyed], first: int, after: str | None) -> dict[str, Any]:
    """A page that needs no more of the list than itself, and one thing to know whether there is another page."""
    rows: Iterator[Keyed] = iter(things)
    found = list(islice(rows, 1))
    if after is not None:
        place = _place(after, found)
        rows = (row for row in chain(found, rows) if (row[0], row[1]) > place)
        found = []
    chosen = [*found, *islice(rows, first + 1 - len(found))]
    return _page(chosen[:first], more=len(chosen) > first, less=after is not None)


def by_id(things: Iterable[Any]) -> list[Keyed]:
    """Sorted by number."""
    return [(thing.id, thing.id, thing) for thing in sorted(things, key=lambda thing: thing.id)]


def by(things: Iterable[Any], value: Callable[[Any], Any]) -> list[Keyed]:
    """Sorted by a value, and where that is the same by number."""
    return sorted(((value(thing), thing.id, thing) for thing in things), key=lambda row: (row[0], row[1]))


def cursor(row: Keyed) -> str:
    """Where a page that ends with this row ended."""
    text = json.dumps({"last_id": row[1], "last_value": row[0]}, separators=(",", ":"))
    return base64.b64encode(text.encode()).decode()


def read_cursor(text: str) -> tuple[Any, int]:
    """The value and the number in a cursor. Raises ValueError."""
    try:
        said = json.loads(base64.b64decode(text, validate=True))
    except (binascii.Error, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(str(error)) from None
    if not isinstance(said, dict) or not isinstance(said.get("last_id"), int):
        raise ValueError("not a cursor")
    return said.get("last_value"), said["last_id"]


def _check(name: str, first: int | None, last: int | None, page_max: int) -> None:
    if first is None and last is None:
        raise GraphQLError("you must provide one of first or last", extensions={"code": "BAD_REQUEST"})
    if first is not None and last is not None:
        raise GraphQLError("providing both first and last is not supported", extensions={"code": "BAD_REQUEST"})
    for argument, size in (("first", first), ("last", last)):
        if size is not None and not 0 <= size <= page_max:
            raise GraphQLError(
                f"Argument '{argument}' on Field '{name}' has an invalid value ({size}). "
                f"It must be between 0 and {page_max}.",
                extensions={"code": "INVALID_FIELD_ARGUMENTS"},
            )


def _place(text: str, rows: Sequence[Keyed]) -> tuple[Any, int]:
    try:
        place = read_cursor(text)
        if rows and type(rows[0][0]) is not type(place[0]):
            raise ValueError("another sort key's")
    except ValueError:
        raise GraphQLError("Invalid cursor for current pagination sort.", extensions={"code": "BAD_REQUEST"}) from None
    return place


def _after(rows: Sequence[Keyed], text: str, *, reverse: bool) -> int:
    place = _place(text, rows)
    if reverse:
        return next((index for index, row in enumerate(rows) if (row[0], row[1]) < place), len(rows))
    return next((index for index, row in enumerate(rows) if (row[0], row[1]) > place), len(rows))


def _before(rows: Sequence[Keyed], text: str, *, reverse: bool) -> int:
    place = _place(text, rows)
    if reverse:
        return next((index for index, row in enumerate(rows) if (row[0], row[1]) <= place), len(rows))
    return next((index for index, row in enumerate(rows) if (row[0], row[1]) >= place), len(rows))


def _page(rows: Sequence[Keyed], *, more: bool, less: bool) -> dict[str, Any]:
    return {
        "nodes": [row[2] for row in rows],
        "edges": lambda: [{"cursor": cursor(row), "node": row[2]} for row in rows],
        "pageInfo": lambda: {
            "hasNextPage": more, "hasPreviousPage": less, "startCursor": cursor(rows[0]) if rows else None,
            "endCursor": cursor(rows[-1]) if rows else None,
        },
    }  # fmt: skip
