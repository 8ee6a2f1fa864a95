"""What the Admin API tells of a thing, as a webhook would have told it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reference.shopify_app import things
from reference.shopify_app.things import Learned, Thing


def learned(kind: str, node: Mapping[str, Any]) -> Learned:
    """What is learned from one node. Raises Unreadable."""
    match kind:
        case "orders":
            return things.of_order(_order(node))
        case "customers":
            told = {"id": node.get("id"), "updated_at": node.get("updatedAt")}
            return things.of_customer({**told, "first_name": node.get("firstName"), "last_name": node.get("lastName")})
        case _:
            data = {"title": node["title"]} if node.get("title") is not None else {}
            version = things.version_of(node.get("updatedAt"))
            return Learned((Thing(kind, things.number_of(node.get("id")), version, data),))


def version(node: Mapping[str, Any]) -> int:
    """Its version. Raises Unreadable."""
    return things.version_of(node.get("updatedAt"))


def is_cut(node: Mapping[str, Any], listed: int) -> bool:
    """Whether an order may have more fulfilments or refunds than it has told of."""
    return any(len(node.get(name) or ()) >= listed for name in ("fulfillments", "refunds"))


def merged(all_of_it: list[Learned]) -> Learned:
    """What several nodes tell together."""
    return Learned(
        tuple(thing for one in all_of_it for thing in one.things),
        tuple(effect for one in all_of_it for effect in one.effects),
    )


def _order(node: Mapping[str, Any]) -> dict[str, Any]:
    total = ((node.get("totalPriceSet") or {}).get("shopMoney") or {}).get("amount")
    return {
        "id": node.get("id"),
        "updated_at": node.get("updatedAt"),
        "name": node.get("name"),
        "note": node.get("note"),
        "financial_status": node.get("displayFinancialStatus"),
        "cancelled_at": node.get("cancelledAt"),
        "total_price": total,
        "fulfillments": [
            {"id": one.get("id"), "updated_at": one.get("updatedAt"), "status": one.get("status")}
            for one in node.get("fulfillments") or ()
        ],
        "refunds": [{"id": one.get("id"), "note": one.get("note")} for one in node.get("refunds") or ()],
    }
