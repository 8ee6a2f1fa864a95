"""Mutations that are done once however often they are sent: `refundCreate(…) @idempotent(key: "…")`. Pure.

Sent again under its key, a mutation is answered with what it did the first time; other arguments under the same key are
refused. From 2026-04 on, those that move goods or money must have a key, which the schema does not say.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from harness.parts.commerce.shopify.records.values import Refused

NEEDING_A_KEY = frozenset(("refundCreate", "inventoryAdjustQuantities", "inventorySetQuantities"))
MANDATORY_SINCE = "2026-04"
MISSING = "The @idempotent directive is required for this mutation but was not provided."
_MISMATCH = "The same idempotency key cannot be used with different operation parameters."
_KEPT_US = 86_400 * 1_000_000


@dataclass(frozen=True)
class _Done:
    asked: str
    made: Mapping[str, Any]
    at_us: int


class IdempotencyKeys:
    """What was done under which key, for a day."""

    def __init__(self, now_us: Callable[[], int]) -> None:
        self._now_us = now_us
        self._done: dict[str, _Done] = {}

    def once(
        self, key: str, name: str, arguments: Mapping[str, Any], change: Callable[[], Mapping[str, Any]]
    ) -> Mapping[str, Any]:  # fmt: skip
        """What the mutation gives: now, or at the first time. Raises Refused for a key that stands for another one."""
        asked = json.dumps([name, arguments], sort_keys=True, default=str)
        known = self._done.get(key)
        if known is not None and self._now_us() < known.at_us + _KEPT_US:
            if known.asked != asked:
                raise Refused(_MISMATCH, ("idempotencyKey",), "IDEMPOTENCY_KEY_PARAMETER_MISMATCH")
            return known.made
        made = change()
        if not any(made.get(errors) for errors in made if errors.endswith("serErrors")):
            self._done[key] = _Done(asked, made, self._now_us())
        return made
