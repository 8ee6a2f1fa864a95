"""The API's rate limit: 5,000 requests an hour for each token, of which no more than 250 in a minute.

Both are sliding windows (harness.engines.sliding_window). Source: OpenAPI description, "Rate Limit"; ratelimit-reset is
the Unix time at which the oldest request expires, and retry-after comes with the burst limit alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from harness.engines.sliding_window import Window
from harness.units import NS_PER_S

PER_HOUR, PER_MINUTE = 5_000, 250


@dataclass(frozen=True)
class Quota:
    """Both windows of one token."""

    hour: Window
    minute: Window

    def asked(self, now_ns: int) -> tuple[Quota, int | None]:
        """After one more request; and when a refused one may be tried again, None: it is answered.

        A refused request does not count.
        """
        quota = Quota(self.hour.at(now_ns), self.minute.at(now_ns))
        for window in (quota.minute, quota.hour):
            if window.full:
                return quota, window.frees_ns(now_ns)
        return Quota(quota.hour.plus_one(now_ns), quota.minute.plus_one(now_ns)), None

    def headers(self, now_ns: int, wall_ns: int) -> dict[str, str]:
        """What every answer tells of it. wall_ns: what is added to monotonic time to make it Unix time."""
        remaining = max(0, self.hour.most - self.hour.total)
        reset_s = (self.hour.frees_ns(now_ns) + wall_ns) // NS_PER_S
        return {
            "ratelimit-limit": str(self.hour.most),
            "ratelimit-remaining": str(remaining),
            "ratelimit-reset": str(reset_s),
        }


def quota_of(per_hour: int, per_minute: int, scale: float) -> Quota:
    """A fresh quota whose windows are those of a profile."""
    hour_ns, minute_ns = round(3600 * NS_PER_S * scale), round(60 * NS_PER_S * scale)
    return Quota(Window(hour_ns, per_hour), Window(minute_ns, per_minute))


def burst_headers(again_ns: int, now_ns: int) -> Mapping[str, str]:
    """What a request that came too soon is told."""
    return {"retry-after": str(max(1, -(-(again_ns - now_ns) // NS_PER_S)))}
