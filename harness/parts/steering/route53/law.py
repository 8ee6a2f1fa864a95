"""How long Route 53 takes, by its documented constants.

    detect <= (I + r) + (K - 1)(I + tau) + tau

I: request interval, counted from one response to the next request; r: ordinary response time; tau: how long a failed
check takes; K: threshold. The status flips with the check of the n-th of N uncoordinated checkers, n the smallest
number that leaves at most 18 % healthy; n of N uniform phases come at n/(N + 1) of an interval on average. A record
that evaluates its target's health also follows the load balancer there: what only that one sees is decided when it has,
and a place is answered with when both have accepted it. Sources:
Route 53 API reference, HealthCheckConfig (interval 10 or 30 s, threshold 3); Route 53 Developer Guide, "How Amazon
Route 53 determines whether a health check is healthy" (18 %, connect 4 s, status 2 s).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from harness.engines.dns.lookup import LOAD_BALANCER_TTL_S
from harness.engines.health_checks.health import HEALTHY_PERCENT
from harness.measurement.phases import INTERMEDIARY_STEPS, STEPS
from harness.measurement.prediction import Failure
from harness.parts.steering.route53.alarm_law import AlarmLaw, alarm_law
from harness.parts.steering.route53.spec import Route53
from harness.topology.environment import Environment
from harness.topology.kinds import checked, section_named
from harness.topology.timing import Timing
from harness.units import NS_PER_S, to_ns
from harness.world import intermediary
from harness.world.intermediary import WatchingLaw
from harness.world.load_balancer import Settling, settling_of
from harness.world.steering import INTERVAL, THRESHOLD, TTL, Milestone, Setting

RESPONSE_NS = NS_PER_S // 10
ENDPOINT_TIMEOUT_NS = NS_PER_S
"""How long an operator waits for a cluster's endpoint before it tries the next one, in any profile."""

_OWN = (Milestone("detect", "detection by the edge's health checks", "route53"),)


def MILESTONES(environment: Environment) -> Sequence[Milestone]:
    """By who notices: its own health checks, or whoever switches routing controls."""
    return _OWN if spec_of(environment).routing_controls is None else intermediary.MILESTONES


def PHASES(environment: Environment) -> Sequence[str]:
    """By who changes the answer."""
    return STEPS if spec_of(environment).routing_controls is None else INTERMEDIARY_STEPS


def SETTINGS(environment: Environment) -> Mapping[str, Setting]:
    """By who notices; an alias's TTL is Route 53's."""
    spec = spec_of(environment)
    fixed: Mapping[str, Setting] = {TTL: f"Route 53 fixes it for an alias to a load balancer: {LOAD_BALANCER_TTL_S} s"}
    if spec.routing_controls is not None:
        return {**fixed, **intermediary.settings("steering", "routing_controls")}
    if spec.alarm is not None:
        return {
            **fixed,
            INTERVAL: ("steering", "alarm", "period_s"),
            THRESHOLD: ("steering", "alarm", "evaluation_periods"),
        }
    checks = "health_checks"
    return {**fixed, INTERVAL: (checks, "request_interval_s"), THRESHOLD: (checks, "failure_threshold")}


@dataclass(frozen=True)
class Route53Law:
    """See harness.measurement.prediction.EdgeLaw; times in nanoseconds of one profile.

    targets: of the load balancers whose health the answer follows, too; None where it does not.
    """

    interval_ns: int
    threshold: int
    connect_timeout_ns: int
    status_timeout_ns: int
    checkers: int
    ttl_ns: int
    publish_ns: int = 0
    targets: Settling | None = None

    def detect_ns(self, failure: Failure, *, typical: bool) -> int:
        """See EdgeLaw."""
        tau_ns = self._tau_ns(failure, typical=typical)
        first_ns = self.interval_ns + RESPONSE_NS
        if typical:
            first_ns = first_ns * flips_needed(self.checkers) // (self.checkers + 1)
        own_ns = first_ns + (self.threshold - 1) * (self.interval_ns + tau_ns) + tau_ns
        if typical or self.targets is None:
            return own_ns
        return max(own_ns, self.targets.refused_ns if failure == "refused" else self.targets.silent_ns)

    def accept_ns(self, *, typical: bool) -> int:
        """See EdgeLaw: until more than 18 % of the checkers have seen it healthy as often as the threshold says."""
        needed = self.checkers - flips_needed(self.checkers) + 1
        first_ns = self.interval_ns + RESPONSE_NS
        if typical:
            first_ns = first_ns * needed // (self.checkers + 1)
        own_ns = first_ns + (self.threshold - 1) * (self.interval_ns + RESPONSE_NS)
        return own_ns if self.targets is None else max(own_ns, self.targets.accept_ns)

    def earliest_detect_ns(self, failure: Failure) -> int:
        """See PreciseLaw: every checker that is needed had a check under way when the loss came."""
        if failure == "refused":
            return (self.threshold - 1) * self.interval_ns
        under_way_ns = max(0, self.status_timeout_ns - RESPONSE_NS)
        if failure == "silence":
            return under_way_ns + (self.threshold - 1) * (self.interval_ns + self.status_timeout_ns)
        first_ns = min(self.connect_timeout_ns, under_way_ns)
        return first_ns + (self.threshold - 1) * (self.interval_ns + self.connect_timeout_ns)

    def earliest_answer_ns(self, failure: Failure) -> int:
        """See PreciseLaw: an alias that evaluates its target's health follows the balancer, which may be quicker."""
        return self.earliest_detect_ns(failure) if self.targets is None else 0

    def earliest_accept_ns(self) -> int:
        """See PreciseLaw: every checker that is needed asked as soon as the place was healthy, and was answered."""
        return (self.threshold - 1) * self.interval_ns

    def _tau_ns(self, failure: Failure, *, typical: bool) -> int:
        """How long a failed check takes: refused at once, or until a time-out ends."""
        if failure == "refused":
            return 0
        if failure == "silence":
            return self.status_timeout_ns
        return self.connect_timeout_ns if typical else self.connect_timeout_ns + self.status_timeout_ns


def flips_needed(checkers: int) -> int:
    """How many of the checkers must call an endpoint unhealthy before its status is."""
    return checkers - checkers * HEALTHY_PERCENT // 100


def spec_of(environment: Environment) -> Route53:
    """What an environment says of Route 53."""
    spec = checked(section_named("steering"), environment.steering)
    assert isinstance(spec, Route53)
    return spec


def law(environment: Environment, timing: Timing) -> Route53Law | AlarmLaw | WatchingLaw:
    """The law of an environment's health checks, or of whoever switches its routing controls, and TTL in a profile."""
    alarm, controls = spec_of(environment).alarm, spec_of(environment).routing_controls
    if alarm is not None:
        return alarm_law(alarm, environment, timing)
    if controls is not None:
        found = intermediary.watching_law(controls, environment, timing)
        return replace(found, insisting_ns=ENDPOINT_TIMEOUT_NS)
    checks = environment.health_checks
    return Route53Law(
        interval_ns=to_ns(timing.interval_s(checks.request_interval_s)),
        threshold=checks.failure_threshold,
        connect_timeout_ns=to_ns(timing.timeout_s(checks.connect_timeout_s)),
        status_timeout_ns=to_ns(timing.timeout_s(checks.status_timeout_s)),
        checkers=checks.checkers,
        ttl_ns=to_ns(timing.ttl_s(environment.edge.ttl_s)),
        targets=settling_of(environment, timing) if checks.evaluate_target_health else None,
    )
