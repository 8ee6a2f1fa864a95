"""How long Route 53 takes whose health checks follow an alarm on a metric in each place's region.

    detect <= (n + 1) P + L + tau          accept <= 2 P + L

P: the alarm's period, n: how many in a row must breach or be missing; L: between two looks; tau: how long one takes at
a region that is silent. Periods begin at multiples of P, so a place is lost in the middle of one whose data still are
good. A region that is lost takes its CloudWatch along: then there is insufficient data at the next look, whatever the
period, and that is what is typical here. Sources: Route 53 Developer Guide, "How Route 53 determines the status of
health checks that monitor CloudWatch alarms"; how often it looks is no documented number (metrics.py).
"""

from __future__ import annotations

from dataclasses import dataclass

from harness.measurement.prediction import Failure
from harness.parts.steering.route53.alarms import ASK_TIMEOUT_NS, LOOK_NS
from harness.parts.steering.route53.spec import RegionAlarm
from harness.topology.environment import Environment
from harness.topology.timing import Timing
from harness.units import to_ns, to_s


@dataclass(frozen=True)
class AlarmLaw:
    """See harness.measurement.prediction.EdgeLaw; times in nanoseconds of one profile.

    taken_along: whether a place that is lost takes its region's CloudWatch along, and no data count as unhealthy.
    """

    period_ns: int
    periods: int
    look_ns: int
    ttl_ns: int
    taken_along: bool
    publish_ns: int = 0

    def detect_ns(self, failure: Failure, *, typical: bool) -> int:
        """See EdgeLaw."""
        tau_ns = 0 if failure == "refused" else ASK_TIMEOUT_NS
        if not typical:
            return (self.periods + 1) * self.period_ns + self.look_ns + tau_ns
        told_ns = 0 if self.taken_along else self.periods * self.period_ns + self.period_ns // 2
        return told_ns + self.look_ns // 2 + tau_ns

    def accept_ns(self, *, typical: bool) -> int:
        """See EdgeLaw."""
        return self.period_ns + self.look_ns // 2 if typical else 2 * self.period_ns + self.look_ns

    def earliest_detect_ns(self, failure: Failure) -> int:
        """See PreciseLaw: a look was under way when the region was lost."""
        return 0 if self.taken_along else (self.periods - 1) * self.period_ns

    def earliest_answer_ns(self, failure: Failure) -> int:
        """See PreciseLaw."""
        return self.earliest_detect_ns(failure)

    def earliest_accept_ns(self) -> int:
        """See PreciseLaw: a period ended, and a look came, as soon as the place had said that it serves."""
        return 0


def alarm_law(spec: RegionAlarm, environment: Environment, timing: Timing) -> AlarmLaw:
    """The law of an environment whose health checks follow alarms, in a profile."""
    own = all(place.database_name == place.name for place in (environment.primary, environment.standby))
    return AlarmLaw(
        period_ns=to_ns(max(1, round(timing.interval_s(spec.period_s)))),
        periods=spec.evaluation_periods,
        look_ns=to_ns(timing.interval_s(to_s(LOOK_NS))),
        ttl_ns=to_ns(timing.ttl_s(environment.edge.ttl_s)),
        taken_along=own and spec.without_data == "Unhealthy",
    )
