"""The audience as the witness is told of it: clients as they are, each behind caches of its own."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from harness.audience import Connections, IPv6, RetryMode
from harness.kit.config import Strict
from harness.units import to_ns
from harness.witness.cache_policy import CachePolicy

Family = Literal["A", "AAAA"]


class NameCache(Strict):
    """A cache of names between a client and the name servers; see harness.audience.Cache. Seconds of the profile."""

    fixed_s: float | None = Field(default=None, ge=0)
    least_s: float = Field(default=0.0, ge=0)
    most_s: float | None = Field(default=None, ge=0)
    negative_s: float | None = Field(default=None, ge=0)
    negative_most_s: float | None = Field(default=None, ge=0)
    failure_s: float = Field(default=0.0, ge=0)
    stale_for_s: float = Field(default=0.0, ge=0)
    stale_ttl_s: float = Field(default=0.0, ge=0)
    timer_s: float = Field(default=0.0, ge=0)

    @property
    def policy(self) -> CachePolicy:
        """What it does with an answer."""
        return CachePolicy(
            _ns(self.fixed_s), to_ns(self.least_s), _ns(self.most_s), _ns(self.negative_s), _ns(self.negative_most_s),
            to_ns(self.failure_s), to_ns(self.stale_for_s), to_ns(self.stale_ttl_s), to_ns(self.timer_s),
        )  # fmt: skip


class Member(Strict):
    """Clients of one profile. cohort: as the environment writes the profile; period_s: as of other cohorts.

    caches: the nearest to the client first. families: asked for; ipv6: what becomes of it. hang_s: see
    harness.audience.Profile. retry: how their library tries again; scale: of its waits.
    """

    cohort: str = Field(min_length=1)
    clients: int = Field(default=4, ge=1, le=1000)
    period_s: float = Field(default=0.5, gt=0)
    caches: tuple[NameCache, ...] = (NameCache(),)
    connections: Connections = "fresh"
    families: tuple[Family, ...] = ("A",)
    ipv6: IPv6 = "carried"
    hang_s: float = Field(default=0.0, ge=0)
    retry: RetryMode | None = None
    scale: float = Field(default=1.0, gt=0)


def _ns(seconds: float | None) -> int | None:
    return None if seconds is None else to_ns(seconds)
