"""What the environment file says of Akamai GTM: the property that leads clients, and how its servers are tested."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from harness.kit.forms import Form
from harness.topology.environment import Environment, HealthChecks, Name, Spec
from harness.topology.mistakes import Mistake

TTL_MIN_S, TTL_MAX_S = 30, 3600
"""Of a property's dynamicTTL (GTM API, property object)."""
Domain = Annotated[
    str, Form(r"[a-z0-9][a-z0-9.-]{0,88}\.akadns\.net", "needs a name below akadns.net, of at most 100 characters")
]
Interval = Annotated[int, Field(ge=10, le=86_400)]
Delay = Annotated[int, Field(ge=0, le=86_400)]
Penalty = Annotated[float, Field(ge=0, le=1_000_000)]


class Akamai(Spec):
    """domain: GTM's, which the application's name leads to by a CNAME that lives cname_ttl_s; property_type: of the
    property in it. test_interval_s, test_timeout_s, http_error_*xx, error_penalty, timeout_penalty: of its liveness
    test. failover_delay_s, failback_delay_s: for how long a server must fail, or succeed, before that counts.
    backup_ip, backup_cname: handed out when all servers are down. handout_mode, handout_limit: how many servers of one
    data centre an answer has. standby_weight: of weighted-round-robin, how many answers of 100 lead to the standby.
    agents: that test each server, an odd number. activation_s: until name servers answer by a change. half_life_tests:
    after how many good tests what an agent remembers of a failure has halved.
    """

    domain: Domain = "example.akadns.net"
    property_type: Literal["failover", "ranked-failover", "weighted-round-robin"] = "failover"
    cname_ttl_s: Annotated[int, Field(ge=30, le=86_400)] = 300
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

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if self.backup_ip is not None and self.backup_cname is not None:
            raise ValueError("a property has a backup_ip or a backup_cname, not both")
        if self.agents % 2 == 0:
            raise ValueError("agents must be an odd number: the median of their scores decides")
        return self


SPEC = Akamai
PRELOAD: tuple[tuple[str, str], ...] = (("net", "harness.parts.steering.akamai.server"),)


def mistakes(environment: Environment) -> Iterator[Mistake]:
    """A TTL that the API would refuse, and health checks that nobody here makes."""
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
