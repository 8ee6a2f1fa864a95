"""How fast the shop may be asked: its bucket of points, as its answers tell of it. Pure.

A query costs points; the bucket is filled again at a steady rate (shopify.dev, "API limits"). Other users of the
application's bucket are seen when the next answer says how much there is left.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

NS_PER_S = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Bucket:
    """available: points at `at_ns`."""

    available: float
    maximum: float
    restored_per_s: float
    at_ns: int


def heard(extensions: Mapping[str, Any], now_ns: int) -> Bucket | None:
    """The bucket that an answer tells of; None: it tells of none."""
    try:
        status = extensions["cost"]["throttleStatus"]
        found = Bucket(
            float(status["currentlyAvailable"]), float(status["maximumAvailable"]), float(status["restoreRate"]), now_ns
        )
    except (KeyError, TypeError, ValueError):
        return None
    return found if found.restored_per_s > 0 else None


def cost_of(extensions: Mapping[str, Any]) -> float | None:
    """What a query was said to cost before it was carried out; None: that is not told."""
    try:
        return float(extensions["cost"]["requestedQueryCost"])
    except (KeyError, TypeError, ValueError):
        return None


def wait_ns(bucket: Bucket | None, cost: float, now_ns: int) -> int:
    """How long until a query of that cost is let through."""
    if bucket is None:
        return 0
    there = bucket.available + bucket.restored_per_s * (now_ns - bucket.at_ns) / NS_PER_S
    lacking = min(cost, bucket.maximum) - min(there, bucket.maximum)
    return max(0, round(lacking / bucket.restored_per_s * NS_PER_S))
