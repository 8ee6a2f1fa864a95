"""Hosted zones, record sets and health checks as frozen values, read from what boto3's Route 53 client returns.

Names are kept in the one spelling of names.py. Sources: Amazon Route 53 API Reference (ResourceRecordSet, AliasTarget,
HealthCheckConfig).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal

from harness.engines.dns.names import normalise

DEFAULT_REQUEST_INTERVAL_S = 30
"""HealthCheckConfig RequestInterval when none is given (API Reference)."""

DEFAULT_FAILURE_THRESHOLD = 3
"""HealthCheckConfig FailureThreshold when none is given (API Reference)."""

ENDPOINT_TYPES = frozenset({"HTTP", "HTTPS", "HTTP_STR_MATCH", "HTTPS_STR_MATCH", "TCP"})
"""Health check types that probe an endpoint; the others watch something else."""

Failover = Literal["PRIMARY", "SECONDARY"]
_WRAPPED = re.compile(r"\{'Value': '(.*)'\}")


@dataclass(frozen=True)
class AliasTarget:
    """What an alias record points at: a load balancer's name, or a record of the same type in the same zone."""

    zone_id: str
    name: str
    evaluate_target_health: bool


@dataclass(frozen=True)
class GeoLocation:
    """Whose clients a record is for; all None: everybody's whom no other record is for (country `*`)."""

    continent: str | None = None
    country: str | None = None
    subdivision: str | None = None


@dataclass(frozen=True)
class RecordSet:
    """One resource record set. Records of one name and type form a group, told apart by `set_identifier`.

    ttl_s: seconds as created through the API (not scaled); None for an alias, whose TTL cannot be set.
    weight, failover, multivalue, region, geo: at most one is given, and decides the routing policy.
    """

    name: str
    type: str
    ttl_s: int | None = None
    values: tuple[str, ...] = ()
    alias: AliasTarget | None = None
    set_identifier: str | None = None
    failover: Failover | None = None
    weight: int | None = None
    multivalue: bool = False
    region: str | None = None
    geo: GeoLocation | None = None
    health_check_id: str | None = None


Group = tuple[RecordSet, ...]


@dataclass(frozen=True)
class Zone:
    """A public hosted zone. groups: every record set by (name, type); names: every name that exists in the zone,
    including those that exist only because something exists below them (RFC 4592 section 2.2.2); cuts: those that are
    delegated to the name servers of others, with all below."""

    id: str
    name: str
    groups: Mapping[tuple[str, str], Group] = field(default_factory=lambda: MappingProxyType({}))
    names: frozenset[str] = frozenset()
    cuts: frozenset[str] = frozenset()

    @classmethod
    def of(cls, zone_id: str, name: str, record_sets: Iterable[RecordSet]) -> Zone:
        """The zone that holds `record_sets`. A repeated (name, type, set identifier) counts once: the last one."""
        apex = normalise(name)
        distinct = {(r.name, r.type, r.set_identifier): r for r in record_sets}
        groups: dict[tuple[str, str], Group] = {}
        names = {apex}
        for record in distinct.values():
            key = (record.name, record.type)
            groups[key] = (*groups.get(key, ()), record)
            names.update(_with_ancestors(record.name, apex))
        cuts = frozenset(name for name, record_type in groups if record_type == "NS" and name != apex)
        return cls(zone_id, apex, MappingProxyType(groups), frozenset(names), cuts)

    def group(self, name: str, record_type: str) -> Group:
        """The record sets of one name and type; () when there are none."""
        return self.groups.get((name, record_type), ())

    def cut_above(self, name: str) -> str | None:
        """The delegated name that `name` is, or is below of; the topmost of several."""
        found = (cut for cut in self.cuts if name == cut or name.endswith(f".{cut}"))
        return min(found, key=len, default=None)

    def contains(self, name: str) -> bool:
        """Whether `name` is the zone's apex or below it."""
        return name == self.name or name.endswith(f".{self.name}")


def _with_ancestors(name: str, apex: str) -> Iterable[str]:
    while name != apex and name.endswith(f".{apex}"):
        yield name
        name = name.partition(".")[2]


@dataclass(frozen=True)
class HealthCheck:
    """One health check as configured. interval_s: seconds from a response to the next request, not scaled.

    without_data: InsufficientDataHealthStatus, what a check of a metric is while there is no data of it.
    routing_control, alarm: what checks of these types watch; an alarm is a region and a name.
    """

    id: str
    type: str
    ip_address: str | None = None
    port: int | None = None
    path: str = "/"
    domain_name: str | None = None
    search_string: str | None = None
    interval_s: int = DEFAULT_REQUEST_INTERVAL_S
    failure_threshold: int = DEFAULT_FAILURE_THRESHOLD
    inverted: bool = False
    disabled: bool = False
    enable_sni: bool = False
    measure_latency: bool = False
    health_threshold: int = 0
    children: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    without_data: str = "LastKnownStatus"
    routing_control: str | None = None
    alarm: tuple[str, str] | None = None

    @property
    def watches(self) -> str | None:
        """What a check watches that is told to it: a routing control's ARN. Of an alarm it is the check's own id: two
        checks of one alarm may know different settings of it, and a new one has no last known status."""
        return self.routing_control or (self.id if self.alarm else None)

    @property
    def probes_endpoint(self) -> bool:
        """Whether health checkers send requests for this check."""
        return self.type in ENDPOINT_TYPES and not self.disabled


@dataclass(frozen=True)
class Configuration:
    """All that the data plane knows from the control plane. versions: of health checks, by id."""

    zones: tuple[Zone, ...] = ()
    checks: Mapping[str, HealthCheck] = field(default_factory=lambda: MappingProxyType({}))
    versions: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))

    def zone_for(self, name: str) -> Zone | None:
        """The zone that is authoritative for `name` (the one with the longest matching name), or None."""
        matching = (zone for zone in self.zones if zone.contains(name))
        return max(matching, key=lambda zone: len(zone.name), default=None)

    def zone_by_id(self, zone_id: str) -> Zone | None:
        """The zone with this id, with or without the `/hostedzone/` in front."""
        bare = bare_id(zone_id)
        return next((zone for zone in self.zones if zone.id == bare), None)


def bare_id(resource_id: str) -> str:
    """`/hostedzone/Z1` as `Z1`."""
    return resource_id.rsplit("/", 1)[-1]


def parse_record_set(body: Mapping[str, Any]) -> RecordSet:
    """A RecordSet from one element of ListResourceRecordSets' ResourceRecordSets."""
    alias = body.get("AliasTarget")
    return RecordSet(
        name=normalise(body["Name"]),
        type=body["Type"],
        ttl_s=None if body.get("TTL") is None else int(body["TTL"]),
        values=tuple(unwrapped(record["Value"]) for record in body.get("ResourceRecords") or ()),
        alias=alias
        and AliasTarget(
            bare_id(alias["HostedZoneId"]), normalise(alias["DNSName"]), bool(alias["EvaluateTargetHealth"])
        ),
        set_identifier=body.get("SetIdentifier"),
        failover=body.get("Failover"),
        weight=None if body.get("Weight") is None else int(body["Weight"]),
        multivalue=bool(body.get("MultiValueAnswer")),
        region=body.get("Region"),
        geo=_geo(body.get("GeoLocation")),
        health_check_id=body.get("HealthCheckId") or None,
    )


def _geo(body: Mapping[str, Any] | None) -> GeoLocation | None:
    if not body:
        return None
    country = body.get("CountryCode")
    named = None if country == "*" else country
    return GeoLocation(body.get("ContinentCode") or None, named or None, body.get("SubdivisionCode") or None)


def unwrapped(text: str) -> str:
    """A record's value. moto 5.2.5 lists a new zone's SOA as the text of a Python dictionary: undone here."""
    wrapped = _WRAPPED.fullmatch(text)
    return wrapped.group(1) if wrapped else text


def parse_zone(body: Mapping[str, Any], record_sets: Iterable[Mapping[str, Any]]) -> Zone:
    """A Zone from one element of ListHostedZones' HostedZones and its ResourceRecordSets."""
    return Zone.of(bare_id(body["Id"]), body["Name"], map(parse_record_set, record_sets))


def parse_health_check(body: Mapping[str, Any]) -> HealthCheck:
    """A HealthCheck from one element of ListHealthChecks' HealthChecks."""
    config = body["HealthCheckConfig"]
    path = config.get("ResourcePath") or "/"
    return HealthCheck(
        id=body["Id"],
        type=config["Type"],
        ip_address=config.get("IPAddress") or None,
        port=config.get("Port") or (443 if config["Type"].startswith("HTTPS") else 80),
        path=path if path.startswith("/") else f"/{path}",
        domain_name=config.get("FullyQualifiedDomainName") or None,
        search_string=config.get("SearchString") or None,
        interval_s=int(config.get("RequestInterval") or DEFAULT_REQUEST_INTERVAL_S),
        failure_threshold=int(config.get("FailureThreshold") or DEFAULT_FAILURE_THRESHOLD),
        inverted=bool(config.get("Inverted")),
        disabled=bool(config.get("Disabled")),
        enable_sni=bool(config.get("EnableSNI")),
        measure_latency=bool(config.get("MeasureLatency")),
        health_threshold=int(config.get("HealthThreshold") or 0),
        children=tuple(config.get("ChildHealthChecks") or ()),
        regions=tuple(config.get("Regions") or ()),
        routing_control=config.get("RoutingControlArn") or None,
        alarm=_alarm(config.get("AlarmIdentifier")),
        without_data=str(config.get("InsufficientDataHealthStatus") or "LastKnownStatus"),
    )


def _alarm(body: Mapping[str, Any] | None) -> tuple[str, str] | None:
    return (str(body["Region"]), str(body["Name"])) if body else None
