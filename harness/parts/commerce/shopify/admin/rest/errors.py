"""How the REST API refuses."""

from __future__ import annotations

from typing import Any

from harness.parts.commerce.shopify.admin.exchange import AdminReply, refusal
from harness.parts.commerce.shopify.records.values import Refused


class Unusable(Exception):
    """A request that is not even tried. errors: what is said of it."""

    def __init__(self, errors: Any, status: int = 400) -> None:
        super().__init__(str(errors))
        self.errors = errors
        self.status = status


def not_found() -> AdminReply:
    """There is no such thing, or no such path."""
    return refusal(404, "Not Found")


_CALLED = {"uri": "address"}
"""Fields that REST calls otherwise."""


def unprocessable(refused: Refused) -> AdminReply:
    """The shop does not do that. REST names the field, so the message does not."""
    if refused.code == "NOT_FOUND":
        return not_found()
    named = [part for part in refused.field if not part.isdigit()]
    field = _CALLED.get(named[-1], named[-1]) if named else "base"
    said = refused.message
    spoken = field.replace("_", " ").capitalize()
    return refusal(422, {field: [said.removeprefix(f"{spoken} ")]})


def required(name: str) -> Unusable:
    """A part of the request that must be there."""
    return Unusable({name: "Required parameter missing or invalid"})
