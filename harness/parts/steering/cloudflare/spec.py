"""What the environment file says of Cloudflare Load Balancing: its monitor, where it looks from, and what is proxied.

Each place is a pool with one origin, its edge; the pools are in the order of the places, the primary first.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field, ValidationError, ValidationInfo, field_validator

from harness.parts.steering.cloudflare.balancers import TTLS
from harness.parts.steering.cloudflare.monitors import CONSECUTIVE_MAX, INTERVALS, RETRIES_MAX, TIMEOUTS
from harness.parts.steering.cloudflare.quota import REQUESTS
from harness.parts.steering.cloudflare.selection import PROXIED_TTL_S
from harness.topology.environment import Environment, HealthChecks, Spec
from harness.topology.mistakes import Mistake

Region = Literal["WNAM", "ENAM", "WEU", "EEU", "NSAM", "SSAM", "OC", "ME", "NAF", "SAF", "SAS", "SEAS", "NEAS"]
_REQUESTS_MIN = 5
"""A monitor, three pools and a load balancer: the world's own set-up."""
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
    requests_per_5_minutes: Annotated[int, Field(ge=_REQUESTS_MIN, le=1_000_000)] = REQUESTS

    @field_validator("timeout_s")
    @classmethod
    def _shorter(cls, timeout_s: int, info: ValidationInfo) -> int:
        if timeout_s >= info.data.get("interval_s", INTERVALS[1]):
            raise ValueError("must be shorter than interval_s")
        return timeout_s

    @field_validator("check_regions")
    @classmethod
    def _distinct(cls, regions: tuple[Region, ...]) -> tuple[Region, ...]:
        if len(set(regions)) < len(regions):
            raise ValueError("names a region twice")
        return regions


SPEC = Cloudflare
PRELOAD: tuple[tuple[str, str], ...] = (("net", "harness.parts.steering.cloudflare.server"),)


def mistakes(environment: Environment) -> Iterator[Mistake]:
    """A TTL that the API would refuse or proxied names do not have, and what nobody here follows."""
    ttl_s = environment.edge.ttl_s
    settings = environment.steering.settings
    try:
        spec = Cloudflare.model_validate(settings)
    except ValidationError:  # told by itself
        spec = Cloudflare(proxied=settings.get("proxied") is True)
    if environment.health_checks != HealthChecks():
        text = "health_checks: of Route 53; Cloudflare's monitor is described in section `steering`"
        yield Mistake(("health_checks",), text)
    if spec.failover_across_pools and not spec.proxied:
        text = "steering.failover_across_pools: only a proxied request goes on to another pool; needs `proxied: true`"
        yield Mistake(("steering", "failover_across_pools"), text)
    if spec.proxied:
        if ttl_s != PROXIED_TTL_S:
            text = f"edge.ttl_s: Cloudflare answers {PROXIED_TTL_S} s for a proxied name, not {ttl_s:g}"
            yield Mistake(("edge", "ttl_s"), text)
        return
    if not TTLS[0] <= ttl_s <= TTLS[1] or ttl_s != int(ttl_s):
        text = f"edge.ttl_s: Cloudflare takes whole seconds from {TTLS[0]} to {TTLS[1]}, not {ttl_s:g}"
        yield Mistake(("edge", "ttl_s"), text)
