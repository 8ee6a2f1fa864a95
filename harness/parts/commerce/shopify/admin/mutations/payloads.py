"""How mutations answer: with what they made, or with errors of the user's own making."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from harness.parts.commerce.shopify.admin.asked import Asked
from harness.parts.commerce.shopify.admin.types.table import Resolver
from harness.parts.commerce.shopify.records.things import Address
from harness.parts.commerce.shopify.records.values import Changes, Refused

Made = dict[str, Any]


def mutation(
    scope: str | None, name: str, change: Callable[..., Made], errors: str = "userErrors"
) -> tuple[str, Resolver]:  # fmt: skip
    """A field of the mutation root. change: gives what its payload has beside errors, or raises Refused."""

    def resolve(_: Any, asked: Asked, **arguments: Any) -> Made:
        if scope is not None:
            asked.need(scope, name)
        try:
            return {errors: [], **change(asked, **arguments)}
        except Refused as refused:
            return {errors: [user_error(refused)], "shop": asked.shop}  # of payloads that always have one

    resolve.__wrapped__ = change  # type: ignore[attr-defined]  # its arguments are what the schema is cut to
    return name, resolve


def user_error(refused: Refused, **more: Any) -> Made:
    """One error, as payloads have them."""
    return {"field": list(refused.field) or None, "message": refused.message, "code": refused.code, **more}


def done(asked: Asked, changes: Changes) -> int:
    """Remember what changed, to be told of; the number of what it was about."""
    asked.changes.extend(changes)
    return changes[0].id


def address_of(given: dict[str, Any] | None) -> Address | None:
    """An address from an input."""
    if given is None:
        return None
    code = given.get("countryCode") or "CA"
    return Address(
        first_name=given.get("firstName") or "", last_name=given.get("lastName") or "",
        address1=given.get("address1") or "", address2=given.get("address2"), city=given.get("city") or "",
        province=given.get("provinceCode") or "", province_code=given.get("provinceCode") or "",
        country=code, country_code=code, zip=given.get("zip") or "",
        phone=given.get("phone") or "", company=given.get("company"),
    )  # fmt: skip


def attributes_of(given: list[dict[str, Any]] | None) -> dict[str, str] | None:
    """Attributes from an input."""
    return None if given is None else {one["key"]: one.get("value") or "" for one in given}
