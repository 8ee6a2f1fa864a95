"""From what single data centres see to the health of an endpoint, of a pool, and of a load balancer.

    three data centres of each region look  ->  a region is healthy when most of its data centres are
                                            ->  an endpoint is healthy when most of the regions are
                                            ->  a pool is, while `minimum_origins` of its endpoints are

What is not known yet is down; without a monitor health is not considered. Source: Cloudflare Load Balancing, "How
endpoints and pools become unhealthy" and "Health monitor regions".
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal

from harness.engines.health_checks.checker import Cause, Checker, Observation
from harness.engines.provider.values import Json
from harness.units import NS_PER_S

REGIONS: Mapping[str, tuple[str, str, str]] = MappingProxyType(
    {
        "WNAM": ("Los Angeles, CA", "Seattle, WA", "San Jose, CA"),
        "ENAM": ("Ashburn, VA", "Newark, NJ", "Chicago, IL"),
        "WEU": ("Amsterdam, NL", "London, GB", "Paris, FR"),
        "EEU": ("Warsaw, PL", "Bucharest, RO", "Sofia, BG"),
        "NSAM": ("Bogota, CO", "Quito, EC", "Lima, PE"),
        "SSAM": ("Sao Paulo, BR", "Buenos Aires, AR", "Santiago, CL"),
        "OC": ("Sydney, AU", "Melbourne, AU", "Auckland, NZ"),
        "ME": ("Dubai, AE", "Doha, QA", "Muscat, OM"),
        "NAF": ("Cairo, EG", "Tunis, TN", "Casablanca, MA"),
        "SAF": ("Johannesburg, ZA", "Cape Town, ZA", "Nairobi, KE"),
        "SAS": ("Mumbai, IN", "Chennai, IN", "Colombo, LK"),
        "SEAS": ("Singapore, SG", "Kuala Lumpur, MY", "Jakarta, ID"),
        "NEAS": ("Tokyo, JP", "Osaka, JP", "Seoul, KR"),
    }
)
"""The regions from which one may have health checked, each with three data centres that do ("three separate data
centers in that region"; which ones is nowhere said)."""
PER_REGION = 3

Status = Literal["healthy", "degraded", "critical", "unknown"]
Seen = Sequence[Checker]
_NS_PER_MS = NS_PER_S / 1000


@dataclass(frozen=True)
class Endpoint:
    """One origin of a pool. id: of its health check. traffic: whether it may get any at all."""

    id: str
    name: str
    address: str
    port: int
    weight: float
    traffic: bool


@dataclass(frozen=True)
class Health:
    """What all data centres know. seen: by endpoint, a checker for each data centre, three by three."""

    seen: Mapping[str, Seen] = field(default_factory=lambda: MappingProxyType({}))

    def endpoint(self, endpoint_id: str) -> bool:
        """Whether most of the regions hold an endpoint to be healthy; down while nothing is known."""
        checkers = self.seen.get(endpoint_id, ())
        regions = [checkers[i : i + PER_REGION] for i in range(0, len(checkers), PER_REGION)]
        return majority([majority([checker.healthy for checker in region]) for region in regions])


def majority(votes: Sequence[bool]) -> bool:
    """Whether more than half of them agree; nobody agrees where there is none."""
    return 2 * sum(votes) > len(votes)


def endpoints_of(pool: Json) -> tuple[Endpoint, ...]:
    """The origins of a pool, disabled ones among them."""
    return tuple(
        Endpoint(
            f"{pool['id']}/{origin['name']}",
            origin["name"],
            origin["address"],
            int(origin.get("port") or 0),
            float(origin["weight"]),
            bool(pool["enabled"] and origin["enabled"] and origin["weight"] > 0),
        )
        for origin in pool["origins"]
    )


def healthy_endpoints(pool: Json, health: Health) -> tuple[Endpoint, ...]:
    """Those that may get traffic and are well, or are not looked at."""
    watched = bool(pool.get("monitor"))
    return tuple(e for e in endpoints_of(pool) if e.traffic and (not watched or health.endpoint(e.id)))


def serves(pool: Json, health: Health) -> bool:
    """Whether a pool may serve traffic by its own health."""
    return len(healthy_endpoints(pool, health)) >= max(1, int(pool["minimum_origins"]))


def status_of(pool: Json, health: Health) -> Status:
    """The word that Cloudflare's dashboard has for a pool's health."""
    endpoints = [endpoint for endpoint in endpoints_of(pool) if endpoint.traffic]
    known = any(checker.has_data for e in endpoints for checker in health.seen.get(e.id, ()))
    if not pool.get("monitor") or not known:
        return "unknown"
    if not serves(pool, health):
        return "critical"
    return "healthy" if len(healthy_endpoints(pool, health)) == len(endpoints) else "degraded"


def regions_of(pool: Json) -> tuple[str, ...]:
    """Where a pool is looked at from; null stands for everywhere."""
    chosen = pool.get("check_regions") or ["ALL_REGIONS"]
    return tuple(REGIONS) if "ALL_REGIONS" in chosen else tuple(dict.fromkeys(chosen))


def data_centres(pool: Json) -> Iterator[tuple[str, str]]:
    """Region and name of each data centre that looks at a pool, in the order of its checkers."""
    return ((region, name) for region in regions_of(pool) for name in REGIONS[region])


def health_of(pool: Json, health: Health) -> dict[str, Any]:
    """A pool's health by data centre, as the API tells it."""
    endpoints = endpoints_of(pool)
    found: dict[str, Any] = {}
    for number, (_, name) in enumerate(data_centres(pool)):
        origins = []
        for endpoint in endpoints:
            seen = health.seen.get(endpoint.id, ())
            if number < len(seen):
                origins.append({endpoint.address: _observed(seen[number].healthy, seen[number].last)})
        if origins:
            well = sum(next(iter(one.values()))["healthy"] for one in origins)
            found[name] = {"healthy": well >= max(1, pool["minimum_origins"]), "origins": origins}
    return found


def told_of(health: Health, endpoint_id: str) -> dict[str, Any]:
    """An endpoint's health as previews tell it: all data centres together, with what one of them saw last."""
    seen = [checker.last for checker in health.seen.get(endpoint_id, ()) if checker.last is not None]
    healthy = health.endpoint(endpoint_id)
    alike = next((one for one in seen if one.ok == healthy), None)
    return _observed(healthy, alike)


def _observed(healthy: bool, last: Observation | None) -> dict[str, Any]:
    if last is None:
        return {"failure_reason": "Unknown", "healthy": False, "response_code": 0, "rtt": "0s"}
    return {
        "failure_reason": "No failures" if last.ok else last.text,
        "healthy": healthy,
        "response_code": last.status or 0,
        "rtt": f"{last.took_ns / _NS_PER_MS:.1f}ms",
    }


REASONS: Mapping[Cause, str] = MappingProxyType(
    {
        "timeout": "HTTP timeout occurred",
        "connection": "TCP connection failed",
        "closed": "Connection reset by peer",
        "protocol": "HTTP invalid response",
        "status": "Response code mismatch error",
        "body": "Response body mismatch error",
        "address": "DNS unknown host",
    }
)
"""Cloudflare Load Balancing, "Common error codes"."""


def is_address(text: str) -> bool:
    """Whether an origin is named by an IP address, and not by a name; an address of one link only is none."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return "%" not in text
