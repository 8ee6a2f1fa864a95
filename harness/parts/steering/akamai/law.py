"""How long GTM takes, by its documented constants.

    detect <= I + tau + R + D + r      typically, of seven agents, (I + R + D) / 2 + tau
    accept <= n I + R + D + r + failback delay
    publish = failover delay

I: between two tests of one agent, tau: how long a failed test takes, R: ten seconds between two reports of an agent,
D: five between two decisions, which name servers hear of at once, r: an ordinary answer. The median of an odd number
of agents turns with the middle one; phases of tests, reports and decisions are uniform, so by symmetry the middle one
turns in the middle of what is possible. A server is out with its first bad test. One that is back must first be
forgiven: the average of its scores halves with every good test, and n of them bring it below the cutoff: 5 from an
error's 75 to 4. Where the other side is failing as well the cutoff is higher, 1.5 times the best score: then the first
one may do.

Sources: Akamai, "Understand GTM concepts" ("Determine server liveness"), "Failover delay and failback delay".
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from harness.measurement.prediction import Failure
from harness.parts.steering.akamai.liveness import DECIDE_S, REPORT_S
from harness.parts.steering.akamai.properties import HEALTH_MULTIPLIER, HEALTH_THRESHOLD
from harness.parts.steering.akamai.spec import Akamai
from harness.topology.environment import Environment
from harness.topology.kinds import checked, section_named
from harness.topology.timing import Timing
from harness.units import NS_PER_S, to_ns
from harness.world.steering import INTERVAL, THRESHOLD, TTL, Milestone

RESPONSE_NS = NS_PER_S // 10

MILESTONES = (Milestone("detect", "detection by GTM's liveness tests", "akamai"),)
SETTINGS = {
    TTL: ("edge", "ttl_s"),
    INTERVAL: ("steering", "test_interval_s"),
    THRESHOLD: "to GTM a server is down with the first bad test; what it takes to be up again is a matter of scores",
}


@dataclass(frozen=True)
class AkamaiLaw:
    """See harness.measurement.prediction.EdgeLaw; times in nanoseconds of one profile.

    forgiven, forgiven_relative: good tests until a server is up again, while another one is well, and while none is.
    """

    interval_ns: int
    timeout_ns: int
    report_ns: int
    decide_ns: int
    forgiven: int
    forgiven_relative: int
    failover_delay_ns: int
    failback_delay_ns: int
    ttl_ns: int

    @property
    def publish_ns(self) -> int:
        """See EdgeLaw."""
        return self.failover_delay_ns

    def detect_ns(self, failure: Failure, *, typical: bool) -> int:
        """See EdgeLaw."""
        return self._turned_ns(typical=typical) + self._tau_ns(failure)

    def accept_ns(self, *, typical: bool) -> int:
        """See EdgeLaw: typically while the other side is failing, which is when one waits for it."""
        tests = self.forgiven_relative if typical else max(self.forgiven, self.forgiven_relative)
        return self._turned_ns(typical=typical) + (tests - 1) * self.interval_ns + self.failback_delay_ns

    def earliest_detect_ns(self, failure: Failure) -> int:
        """See PreciseLaw: the middle agent had a test under way when the loss came, and its turn to report."""
        return max(0, self._tau_ns(failure) - RESPONSE_NS)

    def earliest_answer_ns(self, failure: Failure) -> int:
        """See PreciseLaw: nothing else decides the answer."""
        return self.earliest_detect_ns(failure)

    def earliest_accept_ns(self) -> int:
        """See PreciseLaw: the tests that are needed came as soon as the place was healthy."""
        return (min(self.forgiven, self.forgiven_relative) - 1) * self.interval_ns + self.failback_delay_ns

    def _turned_ns(self, *, typical: bool) -> int:
        """From a server's turn until it is decided by it, when a test takes no time."""
        span_ns = self.interval_ns + self.report_ns + self.decide_ns
        return span_ns // 2 if typical else span_ns + RESPONSE_NS

    def _tau_ns(self, failure: Failure) -> int:
        """How long a failed test takes: refused at once, or until its time-out, whatever it waits for."""
        return 0 if failure == "refused" else self.timeout_ns


def forgiven(penalty: float, below: float, half_life_tests: float) -> int:
    """Good tests until the average of so bad a score is no greater than `below`; at least one."""
    if penalty <= below:
        return 1
    return max(1, math.ceil(half_life_tests * math.log2(penalty / below) - 1e-9))


def law(environment: Environment, timing: Timing) -> AkamaiLaw:
    """The law of an environment's property and its liveness test in a profile."""
    spec = checked(section_named("steering"), environment.steering)
    assert isinstance(spec, Akamai)
    worst = max(spec.error_penalty, spec.timeout_penalty)
    # The other side, which was not to serve until now, has an error's score; whoever is lost has the least penalty.
    beside = min(spec.error_penalty, spec.timeout_penalty) / HEALTH_MULTIPLIER
    best = spec.error_penalty / HEALTH_MULTIPLIER
    return AkamaiLaw(
        interval_ns=to_ns(timing.interval_s(spec.test_interval_s)),
        timeout_ns=to_ns(timing.timeout_s(spec.test_timeout_s)),
        report_ns=to_ns(timing.interval_s(REPORT_S)),
        decide_ns=to_ns(timing.interval_s(DECIDE_S)),
        forgiven=max(
            forgiven(worst, HEALTH_THRESHOLD, spec.half_life_tests),
            forgiven(worst, max(beside, HEALTH_THRESHOLD), spec.half_life_tests),
        ),
        forgiven_relative=forgiven(spec.error_penalty, best, spec.half_life_tests),
        failover_delay_ns=to_ns(timing.interval_s(spec.failover_delay_s)),
        failback_delay_ns=to_ns(timing.interval_s(spec.failback_delay_s)),
        ttl_ns=to_ns(timing.ttl_s(environment.edge.ttl_s)),
    )
