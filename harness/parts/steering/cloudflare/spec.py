"""What the environment file says of Cloudflare Load Balancing: its monitor, where it looks from, and what is proxied.

Each place is a pool with one origin, its edge; the pools are in the order of the places, the primary first.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from harness.parts.steering.cloudflare.balancers import TTLS
from harness.parts.steering.cloudflare.monitors import CONSECUTIVE_MAX, INTERVALS, RETRIES_MAX, TIMEOUTS
from harness.parts.steering.cloudflare.quota import REQUESTS
from harness.parts.steering.cloudflare.selection import PROXIED_TTL_S
from harness.topology.environment import Environment, Spec
from harness.topology.mistakes import Mistake

Region = Literal["WNAM", "ENAM", "WEU", "EEU", "NSAM", "SSAM", "OC", "ME", "NAF", "SAF", "SAS", "SEAS", "NEAS"]
Consecutive = Annotated[int, Field(ge=0, le=CONSECUTIVE_MAX)]


class Cloudflare(Spec):
    """interval_s, timeout_s, retries, consecutive_down, consecutive_up: of the monitor, as the API has them by default
    (60, 5, 2, 0, 0). check_regions: where it looks from, three data centres each. fallback: the place whose pool gets
    clients when no pool is healthy, whatever its own health; `standby` is the last one of the list, as by default;
    `none`: a disabled pool. proxied: clients come in at Cloudflare's own edge, not at the places'.
    failover_across_pools: a proxied request that met an unreachable origin may go on to another pool.
    requests_per_5_minutes: the API's limit.
    """

    interval_s: Annotated[int, Field(ge=INTERVALS[0], le=INTERVALS[1])] = 60
    timeout_s: Annotated[int, Field(ge=TIMEOUTS[0], le=TIMEOUTS[1])] = 5
    retries: Annotated[int, Field(ge=0, le=RETRIES_MAX)] = 2
    consecutive_down: Consecutive = 0
    consecutive_up: Consecutive = 0
    check_regions: Annotated[tuple[Region, ...], Field(min_length=1, max_length=13)] = ("WNAM", "ENAM", "WEU")
    fallback: Literal["standby", "primary", "none"] = "standby"
    proxied: bool = False
    failover_across_pools: bool = False
    requests_per_5_minutes: Annotated[int, Field(ge=1, le=1_000_000)] = REQUESTS

    @model_validator(mode="after")
    def _sensible(self) -> Self:
        if len(set(self.check_regions)) < len(self.check_regions):
            raise ValueError("check_regions names a region twice")
        if self.timeout_s >= self.interval_s:
            raise ValueError("timeout_s must be shorter than interval_s")
        return self


SPEC = Cloudflare
PRELOAD: tuple[tuple[str, str], ...] = (("net", "harness.parts.steering.cloudflare.server"),)


def mistakes(environment: Environment) -> Iterator[Mistake]:
    """A TTL that the API would refuse, or that proxied names do not have."""
    ttl_s = environment.edge.ttl_s
    if environment.steering.settings.get("proxied") is True:
        if ttl_s != PROXIED_TTL_S:
            text = f"edge.ttl_s: Cloudflare answers {PROXIED_TTL_S} s for a proxied name, not {ttl_s:g}"
            yield Mistake(("edge", "ttl_s"), text)
        return
    if not TTLS[0] <= ttl_s <= TTLS[1] or ttl_s != int(ttl_s):
        text = f"edge.ttl_s: Cloudflare takes whole seconds from {TTLS[0]} to {TTLS[1]}, not {ttl_s:g}"
        yield Mistake(("edge", "ttl_s"), text)
