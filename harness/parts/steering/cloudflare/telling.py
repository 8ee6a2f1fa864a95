"""What people hear of Cloudflare: calls of its API that changed something or were refused, and how pools are."""

from __future__ import annotations

from harness.history.events import Happening
from harness.parts.steering.cloudflare.health import Status
from harness.parts.steering.cloudflare.model import Called

_PATH_CHARACTERS = 200
_REFUSED = 400
_GOOD: dict[Status, bool | None] = {"healthy": True, "degraded": None, "critical": False, "unknown": None}


def call_told(call: Called, now_ns: int) -> Happening:
    """A call, under the name of who made it."""
    outcome = str(call.status) if call.status else "never answered"
    good = None if call.status == 0 else call.status < _REFUSED
    what = f"{call.method} {call.path[:_PATH_CHARACTERS]}"
    return Happening("call", call.by, what, now_ns, outcome, lasts=False, good=good)


def pool_told(name: str, status: Status, before: Status | None, now_ns: int) -> Happening:
    """How a pool is from now on, in the dashboard's words."""
    return Happening("pool", name, status, now_ns, good=_GOOD[status], before=before or "")
