"""The API's rate limit: 1,200 requests in five minutes for each token (Cloudflare Fundamentals, "Rate limits").

A refused request does not count. Every answer says where the caller is: x-ratelimit-limit, -remaining, -reset.
"""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import format_datetime

from harness.engines.sliding_window import Window
from harness.parts.steering.cloudflare.values import Refusal
from harness.units import NS_PER_S

REQUESTS, PER_S = 1_200, 300
TOO_MANY = 10100
"""As answered in octoDNS's recordings; Cloudflare has answered 971 and 10500 with the same words, too."""


def quota_of(requests: int, scale: float) -> Window:
    """A fresh window of a profile."""
    return Window(round(PER_S * NS_PER_S * scale), requests)


def asked(window: Window, now_ns: int, wall_ns: int) -> Window:
    """After one more request. Raises Refusal."""
    window = window.at(now_ns)
    if not window.full:
        return window.plus_one(now_ns)
    text = (
        f"More than {window.most} requests per {PER_S} seconds reached. "
        "Please wait and consider throttling your request speed"
    )
    again_s = max(1, -(-(window.frees_ns(now_ns) - now_ns) // NS_PER_S))
    raise Refusal(429, (TOO_MANY, text), headers={"retry-after": str(again_s)})


def headers(window: Window, now_ns: int, wall_ns: int) -> dict[str, str]:
    """What every answer tells. wall_ns: added to monotonic time it makes Unix time."""
    reset = datetime.fromtimestamp((window.frees_ns(now_ns) + wall_ns) // NS_PER_S, UTC)
    return {
        "x-ratelimit-limit": str(window.most),
        "x-ratelimit-remaining": str(max(0, window.most - window.total)),
        "x-ratelimit-reset": format_datetime(reset, usegmt=True),
    }
