"""What somebody who shops sends, and what they are answered: read strictly, decided without a database. Pure.

| journey | request | what it needs |
| --- | --- | --- |
| browse | `GET /products/{id}` | one read |
| add to cart | `POST /carts/{id}`, `{"lines": [{"product": ..., "quantity": ...}]}` | one write of the whole cart |
| pay | `POST /checkouts/{id}`, the same body | one conditional write: the intent, which waits for third parties |
| track | `GET /orders/{id}/status` | one read: of the intent, or of the order that the shop has told of |

Paying waits for nobody else: the intent is a row of the effects, in the queue to the ERP (see `rows`), so that a third
party which is lost, slow or wrong keeps nobody from paying; it is told later, once.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from reference.shopify_app.rows import DEAD, SENT, Arguments
from reference.shopify_app.things import Effect

LINES_MAX, QUANTITY_MAX = 100, 1_000
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


class Misread(ValueError):
    """The request cannot be understood: its client has erred."""


@dataclass(frozen=True, slots=True)
class Line:
    """So many of a product."""

    product: str
    quantity: int


def id_of(text: str) -> str:
    """The id in a path. Raises Misread."""
    if not _ID.fullmatch(text):
        raise Misread("an id has 1 to 64 of the characters a-z A-Z 0-9 _ -")
    return text


def lines_of(body: bytes) -> tuple[Line, ...]:
    """What is in a cart. Raises Misread."""
    try:
        lines = json.loads(body)["lines"]
        found = tuple(Line(id_of(str(one["product"])), one["quantity"]) for one in lines)
    except (ValueError, KeyError, TypeError, RecursionError):
        raise Misread('the body must be {"lines": [{"product": ..., "quantity": ...}, ...]}') from None
    if not 0 < len(found) <= LINES_MAX:
        raise Misread(f"a cart has 1 to {LINES_MAX} lines")
    if any(type(line.quantity) is not int or not 0 < line.quantity <= QUANTITY_MAX for line in found):
        raise Misread(f"a quantity is a whole number from 1 to {QUANTITY_MAX}")
    return found


def cart_put(table: str, key: str, lines: tuple[Line, ...]) -> Arguments:
    """PutItem of a cart as a whole: sent again it changes nothing."""
    return {"TableName": table, "Item": {"id": {"S": key}, "lines": {"S": json.dumps(_plain(lines))}}}


def intent(key: str, lines: tuple[Line, ...]) -> Effect:
    """What paying asks for: that the ERP is told of it, once."""
    return Effect(intent_key(key), "erp", {"checkout": key, "lines": _plain(lines)})


def intent_key(key: str) -> str:
    """The key of a checkout's row among the effects."""
    return f"checkout:{key}"


def status_of(order: Mapping[str, Any], row: Mapping[str, Any]) -> Mapping[str, str] | None:
    """What becomes of an order. order: its row as the shop has told of it; row: of its intent; None: of neither."""
    if order:
        told = json.loads(order.get("data", {}).get("S", "{}"))
        return {"status": "cancelled" if told.get("cancelled_at") else told.get("financial_status") or "open"}
    if not row:
        return None
    state = row.get("state", {}).get("S", "")
    return {"status": "paid", "erp": {SENT: "told", DEAD: "given up"}.get(state, "waits")}


def product_of(row: Mapping[str, Any]) -> Mapping[str, object] | None:
    """A product for a page; None: there is none."""
    if not row:
        return None
    found: Mapping[str, object] = {"id": row["id"]["S"], **json.loads(row.get("data", {}).get("S", "{}"))}
    return found


def _plain(lines: tuple[Line, ...]) -> list[dict[str, object]]:
    return [{"product": line.product, "quantity": line.quantity} for line in lines]
