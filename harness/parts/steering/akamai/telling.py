"""What people hear of GTM: how servers stand."""

from __future__ import annotations

from collections.abc import Mapping

from harness.history.events import HealthTransition
from harness.names import AKAMAI
from harness.parts.steering.akamai.liveness import Stood


def health_told(stood: Stood, places: Mapping[str, str], now_ns: int) -> HealthTransition | None:
    """What most agents find of a place's edge; None where they find what they found before, or it is no place's."""
    place = places.get(stood.server)
    if place is None or stood.failing == stood.before.failing:
        return None
    return HealthTransition(
        place, "unhealthy" if stood.failing else "healthy", stood.well, stood.agents, now_ns, kind=AKAMAI
    )
