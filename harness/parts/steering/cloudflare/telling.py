"""What people hear of Cloudflare: how pools are."""

from __future__ import annotations

from harness.history.events import Happening
from harness.parts.steering.cloudflare.health import Status

_GOOD: dict[Status, bool | None] = {"healthy": True, "degraded": None, "critical": False, "unknown": None}


Led = tuple[str | None, bool]
"""Where a proxied name leads: a pool, None where nobody is left; and whether as the last resort."""


def led_told(name: str, led: Led, before: Led | None, now_ns: int) -> Happening:
    """Where a proxied name leads from now on."""
    was = "" if before is None else _led(before)
    return Happening("led", name, _led(led), now_ns, good=False if led[0] is None else None, before=was)


def _led(led: Led) -> str:
    pool, last_resort = led
    return "nobody" if pool is None else f"{pool}, as the last resort" if last_resort else pool


def pool_told(name: str, status: Status, before: Status | None, now_ns: int) -> Happening:
    """How a pool is from now on, in the dashboard's words."""
    return Happening("pool", name, status, now_ns, good=_GOOD[status], before=before or "")
