"""What the environment file says of Akamai GTM: the property that leads clients, and how its servers are tested."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Address
from typing import Annotated, Literal

from pydantic import Field, ValidationError, ValidationInfo, field_validator

from harness.kit.forms import Form
from harness.parts.steering.akamai.properties import HEALTH_THRESHOLD
from harness.topology.environment import Edge, Environment, HealthChecks, Name, Spec
from harness.topology.mistakes import Mistake

TTL_MIN_S, TTL_MAX_S = 30, 3600
"""Of a property's dynamicTTL (GTM API, property object)."""
Domain = Annotated[
    str,
    Form(
        r"(?=.{1,100}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+akadns\.net",
        "needs a name below akadns.net, of at most 100 characters",
    ),
]
Interval = Annotated[int, Field(ge=10, le=86_400)]
Delay = Annotated[int, Field(ge=0, le=86_400)]
Penalty = Annotated[float, Field(gt=HEALTH_THRESHOLD, le=1_000_000)]
"""No lower one ever takes a server down."""


class Akamai(Spec):
    """domain: GTM's, which the application's name leads to by a CNAME that lives cname_ttl_s; negative_ttl_s: the
    minimum of the SOA record where that CNAME is, so how long others remember that a name does not exist (RFC 2308).
    property_type: of the property in the domain. test_interval_s, test_timeout_s, http_error_*xx, error_penalty,
    timeout_penalty: of its liveness test. failover_delay_s, failback_delay_s: for how long a server must fail, or
    succeed, before that counts. backup_ip, backup_cname: handed out when all servers are down. handout_mode,
    handout_limit: how many servers of one data centre an answer has. standby_weight: of weighted-round-robin, how many
    answers of 100 lead to the standby. agents: that test each server, an odd number. activation_s: until name servers
    answer by a change. half_life_tests: after how many good tests what an agent remembers of a failure has halved.
    """

    domain: Domain = "example.akadns.net"
    property_type: Literal["failover", "ranked-failover", "weighted-round-robin"] = "failover"
    cname_ttl_s: Annotated[int, Field(ge=30, le=86_400)] = 300
    negative_ttl_s: Annotated[int, Field(ge=0, le=86_400)] = 60
    test_interval_s: Interval = 10
    test_timeout_s: Annotated[float, Field(ge=0.001, le=60)] = 10
    http_error_3xx: bool = True
    http_error_4xx: bool = True
    http_error_5xx: bool = True
    error_penalty: Penalty = 75
    timeout_penalty: Penalty = 25
    failover_delay_s: Delay = 0
    failback_delay_s: Delay = 0
    backup_ip: str | None = None
    backup_cname: Name | None = None
    handout_mode: Literal["normal", "persistent", "one-ip", "one-ip-hashed", "all-live-ips"] = "normal"
    handout_limit: Annotated[int, Field(ge=1, le=100)] = 8
    standby_weight: Annotated[float, Field(ge=0, le=100)] = 50
    agents: Annotated[int, Field(ge=1, le=63)] = 7
    activation_s: Annotated[float, Field(ge=0, le=86_400)] = 300
    half_life_tests: Annotated[float, Field(ge=0.1, le=100)] = 1.0

    @field_validator("backup_ip")
    @classmethod
    def _ipv4(cls, backup_ip: str | None) -> str | None:
        if backup_ip is not None:
            try:
                IPv4Address(backup_ip)
            except ValueError:
                raise ValueError("must be an IPv4 address, as the property's servers are") from None
        return backup_ip

    @field_validator("backup_cname")
    @classmethod
    def _one_backup(cls, backup_cname: str | None, info: ValidationInfo) -> str | None:
        if backup_cname is not None and info.data.get("backup_ip") is not None:
            raise ValueError("a property has a backup_ip or a backup_cname, not both")
        return backup_cname

    @field_validator("agents")
    @classmethod
    def _odd(cls, agents: int) -> int:
        if agents % 2 == 0:
            raise ValueError("must be an odd number: the median of their scores decides")
        return agents


SPEC = Akamai
PRELOAD: tuple[tuple[str, str], ...] = (("net", "harness.parts.steering.akamai.server"),)


def mistakes(environment: Environment) -> Iterator[Mistake]:
    """A TTL that the API would refuse, health checks that nobody here makes, and keys that contradict each other."""
    ttl_s = environment.edge.ttl_s
    if not TTL_MIN_S <= ttl_s <= TTL_MAX_S or ttl_s != int(ttl_s):
        text = f"edge.ttl_s: Akamai takes whole seconds from {TTL_MIN_S} to {TTL_MAX_S} for a property, not {ttl_s:g}"
        yield Mistake(("edge", "ttl_s"), text)
    if environment.edge.record == environment.edge.hosted_zone:
        text = "edge.record: the name leads to a property by a CNAME, which the zone's own name cannot have (RFC 1034)"
        yield Mistake(("edge", "record"), text)
    if environment.health_checks != HealthChecks():
        text = "health_checks: of Route 53; Akamai's liveness tests are described in section `steering`"
        yield Mistake(("health_checks",), text)
    try:
        spec = Akamai.model_validate(environment.steering.settings)
    except ValidationError:
        return  # told by itself
    for key, text in _contradictions(spec, environment.edge):
        yield Mistake(("steering", key), f"steering.{key}: {text}")


def _contradictions(spec: Akamai, edge: Edge) -> Iterator[tuple[str, str]]:
    if f".{edge.hosted_zone}".endswith(f".{spec.domain}"):
        yield "domain", f"GTM's own zone, which edge.hosted_zone ({edge.hosted_zone}) must not be: its name leads there"
    weighted, limited = spec.property_type == "weighted-round-robin", spec.handout_mode in ("normal", "persistent")
    if "standby_weight" in spec.model_fields_set and not weighted:
        yield "standby_weight", f"weights are of weighted-round-robin, and not of {spec.property_type}"
    elif weighted and spec.standby_weight == 100:
        yield "standby_weight", "100 leads nobody to the primary"
    if "handout_limit" in spec.model_fields_set and not limited:
        yield "handout_limit", f"a limit is of the modes normal and persistent, and not of {spec.handout_mode}"
