"""How long a cache of names keeps what it was told: for a TTL, within bounds, or for a time of its own."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class CachePolicy:
    """In nanoseconds of a profile; see harness.audience.Cache. The default keeps answers for as long as they say."""

    fixed_ns: int | None = None
    least_ns: int = 0
    most_ns: int | None = None
    negative_ns: int | None = None
    negative_most_ns: int | None = None
    failure_ns: int = 0
    stale_for_ns: int = 0
    stale_ttl_ns: int = 0
    timer_ns: int = 0

    def kept_ns(self, ttl_ns: int, *, negative: bool) -> int:
        """How long an answer is kept. ttl_ns: as it says; of a negative one, as RFC 2308 says."""
        if negative:
            if self.negative_ns is not None:
                return self.negative_ns
            most_ns = self.negative_most_ns if self.negative_most_ns is not None else self.most_ns
        elif self.fixed_ns is not None:
            return self.fixed_ns
        else:
            most_ns = self.most_ns
        kept_ns = max(ttl_ns, self.least_ns)
        return kept_ns if most_ns is None else min(kept_ns, most_ns)


HONEST = CachePolicy()
