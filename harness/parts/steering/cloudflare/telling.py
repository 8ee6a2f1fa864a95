"""What people hear of Cloudflare: how pools are."""

from __future__ import annotations

from harness.history.events import Happening
from harness.parts.steering.cloudflare.health import Status

_GOOD: dict[Status, bool | None] = {"healthy": True, "degraded": None, "critical": False, "unknown": None}


def pool_told(name: str, status: Status, before: Status | None, now_ns: int) -> Happening:
    """How a pool is from now on, in the dashboard's words."""
    return Happening("pool", name, status, now_ns, good=_GOOD[status], before=before or "")
