"""What the environment file says of Route 53 itself: by which policy its records lead clients.

Its zone and its health checks are in the sections `edge` and `health_checks`. What Route 53 fixes there may be written
down, but not changed: its checkers and its answers would not follow.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, ValidationError, model_validator

from harness.engines.dns.geography import is_region, located
from harness.engines.dns.lookup import LOAD_BALANCER_TTL_S
from harness.engines.health_checks.route53 import HTTP_CONNECT_TIMEOUT_S, STATUS_TIMEOUT_S
from harness.parts.steering.route53.routing_controls.maintenance import AWAY_MAX
from harness.topology.environment import Environment, Name, Place, Seconds, Spec
from harness.topology.kinds import checked, section_named
from harness.topology.mistakes import Mistake
from harness.world.intermediary import Watching


def _known(text: str) -> str:
    located(text)
    return text


Where = Annotated[str, AfterValidator(_known)]


class RoutingControls(Watching):
    """Health checks that follow routing controls, which a component of the subject switches, and no checker.

    What that component is told of its looks is as for any intermediary. endpoints_away: how many of the cluster's five
    endpoints are away for maintenance at any time, maintenance_s: for how long the same ones. wait_period_ms: of the
    safety rule that keeps one of them on.
    """

    endpoints_away: Annotated[int, Field(ge=0, le=AWAY_MAX)] = 2
    maintenance_s: Seconds = 60
    wait_period_ms: Annotated[int, Field(ge=0, le=3_600_000)] = 5_000


class RegionAlarm(Spec):
    """Health checks that follow an alarm on what the application says of itself, one in the CloudWatch of each
    place's region, and no checker: so places are watched that Route 53's checkers do not reach. The application puts
    the metric there, without dimensions.

    period_s, evaluation_periods: so many whole periods in a row must breach the threshold. without_data: what a place
    is of which nothing is told, as when its region is lost: InsufficientDataHealthStatus.
    """

    namespace: Annotated[str, Field(min_length=1, max_length=255, pattern=r"^[^:].*$")]
    metric: Annotated[str, Field(min_length=1, max_length=255)]
    statistic: Literal["SampleCount", "Average", "Sum", "Minimum", "Maximum"] = "Average"
    comparison: Literal[
        "GreaterThanOrEqualToThreshold", "GreaterThanThreshold", "LessThanThreshold", "LessThanOrEqualToThreshold"
    ]
    threshold: Annotated[float, Field(ge=-1e15, le=1e15)]
    period_s: Annotated[int, Field(ge=60, le=86_400, multiple_of=60)] = 60
    evaluation_periods: Annotated[int, Field(ge=1, le=100)] = 1
    without_data: Literal["Healthy", "Unhealthy", "LastKnownStatus"] = "Unhealthy"


class Route53(Spec):
    """policy: of the records of the application's name. weights: by place, of `weighted`; a place that is not named has
    100 as the primary, and 0 otherwise. clients_at: where the clients are (`eu-west-1`, `DE`, `US-CA`), of `latency`.
    locations: the same for the networks of resolvers and client subnets. routing_controls: instead of health checks
    that probe places. negative_ttl_s: the TTL of the zone's SOA record, so how long others remember that a name does
    not exist (RFC 2308); left out: 900 s, which Route 53 gives every new zone (Developer Guide, "NS and SOA records").
    metrics: health checks look at alarms' metrics in each region's CloudWatch, over links of their own, and what they
    say is told in that of us-east-1. alarm: instead of health checks that probe places; metrics are read then, too.
    """

    policy: Literal["failover", "weighted", "latency"] = "failover"
    weights: dict[Name, Annotated[int, Field(ge=0, le=255)]] = Field(default_factory=dict)
    clients_at: Where | None = None
    locations: dict[str, Where] = Field(default_factory=dict)
    routing_controls: RoutingControls | None = None
    negative_ttl_s: Seconds | None = None
    metrics: bool = False
    alarm: RegionAlarm | None = None

    @model_validator(mode="after")
    def _fitting(self) -> Self:
        for network in self.locations:
            try:
                ipaddress.ip_network(network)
            except ValueError as error:
                raise ValueError(f"locations: {error}") from None
        return self

    def weight_of(self, environment: Environment, place: str) -> int:
        """The weight of a place's record."""
        return self.weights.get(place, 100 if place == environment.primary.name else 0)


def region_of(place: Place) -> str:
    """The AWS region whose latency a place's record goes by: its own, where its name is one, else its database's."""
    return place.name if is_region(place.name) else place.database_name


def reads_metrics(environment: Environment) -> bool:
    """See harness.world.steering.reads_metrics."""
    spec = checked(section_named("steering"), environment.steering)
    return isinstance(spec, Route53) and (spec.metrics or spec.alarm is not None)


SPEC = Route53
PRELOAD: tuple[tuple[str, str], ...] = (
    ("aws", "harness.engines.moto.server"),
    ("aws", "harness.parts.steering.route53.control_plane"),
    ("net", "harness.parts.steering.route53.server"),
    ("net", "harness.parts.steering.route53.routing_controls.server"),
)

_FIXED = (
    ("edge", "ttl_s", LOAD_BALANCER_TTL_S, "what it answers for an alias to a load balancer can be cached"),
    ("health_checks", "connect_timeout_s", HTTP_CONNECT_TIMEOUT_S, "its HTTP checkers wait for a connection"),
    ("health_checks", "status_timeout_s", STATUS_TIMEOUT_S, "its HTTP checkers wait for a status"),
)
"""API Reference, ResourceRecordSet, TTL; Developer Guide, "How Route 53 determines whether a check is healthy"."""


def mistakes(environment: Environment) -> Iterator[Mistake]:
    """Keys that say something else than Route 53 does: only predictions would follow them."""
    for section, key, fixed_s, what in _FIXED:
        given_s = getattr(getattr(environment, section), key)
        if given_s != fixed_s:
            text = f"{section}.{key}: Route 53 fixes how long {what}: {fixed_s} s, not {given_s:g}; leave it out"
            yield Mistake((section, key), text)
    try:
        spec = checked(section_named("steering"), environment.steering)
    except ValidationError:
        return  # told by whoever reads the section
    assert isinstance(spec, Route53)
    yield from _weights(environment, spec)
    if spec.policy == "latency":
        yield from _latency(environment, spec)
    if spec.routing_controls is not None and environment.health_checks.evaluate_target_health:
        text = (
            "health_checks.evaluate_target_health: routing controls alone are to lead clients, so load balancers must"
            " not: false"
        )
        yield Mistake(("steering", "routing_controls"), text)
    if spec.alarm is not None:
        yield from _alarm(environment, spec)


def _alarm(environment: Environment, spec: Route53) -> Iterator[Mistake]:
    where = ("steering", "alarm")
    if spec.routing_controls is not None:
        yield Mistake(where, "steering.alarm: health checks follow either an alarm or routing controls")
    if environment.health_checks.evaluate_target_health:
        text = (
            "health_checks.evaluate_target_health: alarms alone are to lead clients, so load balancers must not: false"
        )
        yield Mistake(where, text)
    databases = [place.database_name for place in (environment.primary, environment.standby)]
    if databases[0] == databases[1]:
        yield Mistake(
            where, f"steering.alarm: both places tell their metric in {databases[0]}: nobody could tell them apart"
        )


def _weights(environment: Environment, spec: Route53) -> Iterator[Mistake]:
    if spec.weights and spec.policy != "weighted":
        yield Mistake(("steering", "weights"), "steering.weights: weights are for `policy: weighted`")
    known = [place.name for place in environment.places]
    for place in spec.weights:
        if place not in known:
            yield Mistake(("steering", "weights"), f"steering.weights: {place} is no place; one of: {', '.join(known)}")
    if spec.policy == "weighted":
        primary, standby = environment.primary.name, environment.standby.name
        if not spec.weight_of(environment, primary):
            yield Mistake(("steering", "weights"), f"steering.weights: {primary} is the primary, and has 0")
        if spec.weight_of(environment, standby):
            text = f"steering.weights: {standby} must have 0, for one place at a time leads clients here"
            yield Mistake(("steering", "weights"), text)


def _latency(environment: Environment, spec: Route53) -> Iterator[Mistake]:
    primary, standby = region_of(environment.primary), region_of(environment.standby)
    for region in (primary, standby):
        if not is_region(region):
            text = f"steering.policy: {region} is no AWS region, so no latency is known of it"
            yield Mistake(("steering", "policy"), text)
    if spec.clients_at is None:
        yield Mistake(("steering", "policy"), "steering.policy: latency needs to know where clients are: clients_at")
        return
    client = located(spec.clients_at)
    if client.distance_km(primary) >= client.distance_km(standby):
        text = f"steering.clients_at: clients at {spec.clients_at} are not nearer to {primary} than to {standby}"
        yield Mistake(("steering", "clients_at"), text)
