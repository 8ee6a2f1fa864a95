"""What an environment file says: regions, edge, health checks, workload, objectives (production seconds)."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from harness.topology.timing import Profile

Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.-]{0,62}$")]
Seconds = Annotated[float, Field(gt=0, le=86_400)]
Port = Annotated[int, Field(ge=0, le=65_535)]


class Spec(BaseModel):
    """Base of all file models: frozen, and a misspelt key is a mistake."""

    model_config = ConfigDict(frozen=True, extra="forbid", coerce_numbers_to_str=True)


class Region(Spec):
    """One region. role: the primary serves in steady state, the standby takes over."""

    name: Name
    role: Literal["primary", "standby"]


class Edge(Spec):
    """Where clients come in: a name in a hosted zone, with a PRIMARY and a SECONDARY alias record.

    ttl_s: what resolvers may cache; an alias to a load balancer has 60 s, not settable (Route 53 API Reference,
    ResourceRecordSet, TTL). port: the application's port on both edge addresses, 0 = any free one.
    """

    hosted_zone: Name = "example.com"
    record: Name = "app.example.com"
    ttl_s: Seconds = 60
    port: Port = 0
    dns_port: Port = 0


class HealthChecks(Spec):
    """Route 53 health checks of each region's edge.

    Defaults: request interval 10 s (fast), failure threshold 3, connect 4 s, status 2 s (Route 53 Developer Guide,
    "How Route 53 determines whether a health check is healthy"); 16 checkers as seen in practice.
    """

    request_interval_s: Literal[10, 30] = 10
    failure_threshold: Annotated[int, Field(ge=1, le=10)] = 3
    connect_timeout_s: Seconds = 4
    status_timeout_s: Seconds = 2
    checkers: Annotated[int, Field(ge=3, le=64)] = 16
    evaluate_target_health: bool = True


class LoadBalancer(Spec):
    """Target health checks of each region's load balancer (ELB User Guide, "Health checks for your target groups")."""

    interval_s: Seconds = 10
    timeout_s: Seconds = 5
    healthy_threshold: Annotated[int, Field(ge=2, le=10)] = 2
    unhealthy_threshold: Annotated[int, Field(ge=2, le=10)] = 2
    response_timeout_s: Seconds = 60


class Workload(Spec):
    """The witness's open-loop clients. Periods and time-outs are wall seconds in every profile.

    rate_per_s: operations per second of the judged `dns` cohort over all its clients. The other cohorts run at
    `other_period_s` for each kind of operation.
    """

    dns_clients: Annotated[int, Field(ge=4, le=64)] = 4
    rate_per_s: Annotated[float, Field(gt=0, le=1000)] = 40
    other_period_s: Seconds = 0.5
    timeout_s: Annotated[float, Field(ge=0.5, le=60)] = 1.0


class ProfileObjectives(Spec):
    """Promises of one profile, in its wall seconds. error_budget: share of requests that may fail under a fault."""

    rto_s: Seconds
    rpo_s: Seconds | None = None
    rpo_items: Annotated[int, Field(ge=0)] | None = None
    error_budget: Annotated[float, Field(ge=0, le=1)] | None = None
    failback_s: Seconds | None = None


class Objectives(Spec):
    """What a drill promises unless its scenario says otherwise, per profile."""

    fast: ProfileObjectives
    production: ProfileObjectives


class Environment(Spec):
    """A whole environment file. folder: where it lies, for the relative path of `subject`."""

    environment: Name
    description: str = ""
    regions: tuple[Region, ...]
    edge: Edge = Edge()
    health_checks: HealthChecks = HealthChecks()
    load_balancer: LoadBalancer = LoadBalancer()
    workload: Workload = Workload()
    objectives: Objectives
    subject: str | None = None
    toxiproxy_port: Port = 0
    folder: Path = Field(default=Path(), exclude=True)

    @property
    def primary(self) -> Region:
        """The region that serves in steady state."""
        return next(region for region in self.regions if region.role == "primary")

    @property
    def standby(self) -> Region:
        """The region that takes over."""
        return next(region for region in self.regions if region.role == "standby")

    @property
    def control_region(self) -> str:
        """Where Route 53's control plane is: us-east-1, as for the real one; else the primary."""
        return "us-east-1" if self.region_named("us-east-1") else self.primary.name

    def region_named(self, name: str) -> Region | None:
        """The region of that name, or None."""
        return next((region for region in self.regions if region.name == name), None)

    def objectives_of(self, profile: Profile) -> ProfileObjectives:
        """The promises of a profile."""
        return self.objectives.fast if profile is Profile.FAST else self.objectives.production
