"""A property as the name servers and the liveness testing agents read it: typed, of the body that the API keeps.

Defaults: Akamai, "Property object" and "Liveness test object" of the GTM API (penalties 75 and 25, cutoff 1.5 times the
best score and no less than 4, handout limit 8).
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any

from harness.engines.dns.names import normalise
from harness.engines.provider.values import Json

ERROR_PENALTY, TIMEOUT_PENALTY = 75.0, 25.0
HEALTH_MULTIPLIER, HEALTH_THRESHOLD = 1.5, 4.0
HANDOUT_LIMIT = 8
FAILOVER, RANKED, WEIGHTED, STATIC = "failover", "ranked-failover", "weighted-round-robin", "static"
TYPES = (FAILOVER, RANKED, WEIGHTED, STATIC)
APEX = "@"


@dataclass(frozen=True)
class LivenessTest:
    """One liveness test. error_codes: hundreds of HTTP statuses that are errors."""

    name: str
    protocol: str
    port: int
    path: str
    interval_s: int
    timeout_s: float
    error_codes: frozenset[int]
    error_penalty: float = ERROR_PENALTY
    timeout_penalty: float = TIMEOUT_PENALTY
    method: str = "GET"
    headers: tuple[tuple[str, str], ...] = ()
    request_string: str = ""
    response_string: str = ""


@dataclass(frozen=True)
class Target:
    """Where one data centre's traffic goes: its servers, or with none of these a name."""

    datacenter: int
    servers: tuple[str, ...]
    weight: float = 0.0
    precedence: int = 0
    cname: str | None = None


@dataclass(frozen=True)
class Property:
    """name: the whole host name. tests, targets: those that are enabled, targets as they are listed. limit: None: no
    limit. static: other record sets, (type, TTL, values). public: the name that leads here, "" if none is told.
    """

    name: str
    type: str
    tests: tuple[LivenessTest, ...] = ()
    targets: tuple[Target, ...] = ()
    ttl_s: int = 60
    mode: str = "normal"
    limit: int | None = HANDOUT_LIMIT
    failover_delay_s: int = 0
    failback_delay_s: int = 0
    backup_ip: str | None = None
    backup_cname: str | None = None
    aggregation: str = "worst"
    multiplier: float = HEALTH_MULTIPLIER
    threshold: float = HEALTH_THRESHOLD
    health_max: float | None = None
    min_live_fraction: float = 0.0
    ipv6: bool = False
    static: tuple[tuple[str, int, tuple[str, ...]], ...] = ()
    public: str = ""

    @property
    def record_type(self) -> str:
        """Of the addresses that it hands out."""
        return "AAAA" if self.ipv6 else "A"

    @property
    def servers(self) -> tuple[str, ...]:
        """Every server that is tested, once."""
        return tuple(dict.fromkeys(server for target in self.targets for server in target.servers))

    @property
    def has_backup(self) -> bool:
        """Whether something is handed out in place of servers that are all down."""
        return bool(self.backup_ip or self.backup_cname)


def is_address(text: str) -> bool:
    """Whether a server is an address, and no host name; an address of one link only is none."""
    try:
        ip_address(text)
    except ValueError:
        return False
    return "%" not in text


def parse_property(body: Json, domain: str) -> Property:
    """A property of a domain, of the body that the API keeps."""
    name, mode = body["name"], body["handoutMode"]
    limit = body.get("handoutLimit") or HANDOUT_LIMIT
    return Property(
        name=normalise(domain if name == APEX else f"{name}.{domain}"),
        type=body["type"],
        tests=tuple(_test(test) for test in body["livenessTests"] if not test.get("disabled")),
        targets=tuple(_target(target) for target in body["trafficTargets"] if target.get("enabled", True)),
        ttl_s=body["dynamicTTL"],
        mode=mode,
        limit=limit if mode in ("normal", "persistent") else None,
        failover_delay_s=body.get("failoverDelay") or 0,
        failback_delay_s=body.get("failbackDelay") or 0,
        backup_ip=body.get("backupIp") or None,
        backup_cname=body.get("backupCName") or None,
        aggregation=body["scoreAggregationType"],
        multiplier=body.get("healthMultiplier") or HEALTH_MULTIPLIER,
        threshold=_given(body, "healthThreshold", HEALTH_THRESHOLD),
        health_max=body.get("healthMax"),
        min_live_fraction=body.get("minLiveFraction") or 0.0,
        ipv6=body["ipv6"],
        static=_static(body),
        public=normalise(body.get("cname") or ""),
    )


def _test(body: Json) -> LivenessTest:
    headers = [(one["name"], one["value"]) for one in body.get("httpHeaders") or ()]
    if body.get("hostHeader") and not any(name.lower() == "host" for name, _ in headers):
        headers.insert(0, ("Host", body["hostHeader"]))
    return LivenessTest(
        name=body["name"],
        protocol=body["testObjectProtocol"].upper(),
        port=body.get("testObjectPort") or 80,
        path=body.get("testObject") or "/",
        interval_s=body["testInterval"],
        timeout_s=float(body["testTimeout"]),
        error_codes=frozenset(code for code in (3, 4, 5) if body.get(f"httpError{code}xx")),
        error_penalty=float(_given(body, "errorPenalty", ERROR_PENALTY)),
        timeout_penalty=float(_given(body, "timeoutPenalty", TIMEOUT_PENALTY)),
        method=body.get("httpMethod") or "GET",
        headers=tuple(headers),
        request_string=body.get("requestString") or "",
        response_string=body.get("responseString") or "",
    )


def _target(body: Json) -> Target:
    return Target(
        datacenter=body["datacenterId"],
        servers=tuple(body.get("servers") or ()),
        weight=float(body.get("weight") or 0),
        precedence=body.get("precedence") or 0,
        cname=body.get("handoutCName") or None,
    )


def _static(body: Json) -> tuple[tuple[str, int, tuple[str, ...]], ...]:
    found = [(one["type"], one["ttl"], tuple(one["rdata"])) for one in body.get("staticRRSets") or ()]
    mail = [f"{int(one['preference'])} {one['exchange']}" for one in body.get("mxRecords") or ()]
    if mail and not any(kind == "MX" for kind, _, _ in found):
        found.append(("MX", body.get("staticTTL") or 600, tuple(mail)))
    return tuple(found)


def _given(body: Json, name: str, default: float) -> Any:
    value = body.get(name)
    return default if value is None else value
