"""How long DigitalOcean with an intermediary takes, by the constants that its environment states.

    detect <= P + (K - 1) max(P, tau) + tau          accept <= H P
    publish <= round + calls to the API

P: between two looks of one vantage point, K, H: looks in a row that change its mind, tau: how long a failed look takes.
The vantage points look independently, and so many must agree; the bound is that of the last one. DigitalOcean's own
part is the API, of which nothing is promised, and the record's TTL. The intermediary follows whoever decides which side
is active, so the answer may also change before the loss was detected, as soon as the other side accepts.
"""

from __future__ import annotations

from dataclasses import dataclass

from harness.measurement.phases import INTERMEDIARY_STEPS
from harness.measurement.prediction import Failure
from harness.parts.steering.digitalocean.spec import DigitalOcean
from harness.topology.environment import Environment
from harness.topology.kinds import checked, section_named
from harness.topology.timing import Timing
from harness.units import NS_PER_S, to_ns
from harness.world.steering import Milestone

RESPONSE_NS = NS_PER_S // 10
"""An ordinary answer, of the application or of the API."""
_CALLS = 2
"""The record is read before it is written."""
_ROUND_S = 2.5
"""Between two rounds of the intermediary: when it renews its leadership, reads who is active, and acts."""

MILESTONES = (Milestone("detect", "detection by the intermediary", "intermediary"),)
PHASES = INTERMEDIARY_STEPS


@dataclass(frozen=True)
class DigitalOceanLaw:
    """See harness.measurement.prediction.EdgeLaw; times in nanoseconds of one profile."""

    look_ns: int
    timeout_ns: int
    unhealthy_after: int
    healthy_after: int
    vantage_points: int
    agree: int
    round_ns: int
    ttl_ns: int

    @property
    def publish_ns(self) -> int:
        """See EdgeLaw."""
        return self.round_ns + self.api_ns

    @property
    def api_ns(self) -> int:
        """See CallingLaw."""
        return _CALLS * RESPONSE_NS

    def detect_ns(self, failure: Failure, *, typical: bool) -> int:
        """See EdgeLaw."""
        tau_ns = 0 if failure == "refused" else self.timeout_ns
        between_ns = max(self.look_ns, tau_ns)
        return self._first_ns(typical=typical) + (self.unhealthy_after - 1) * between_ns + tau_ns

    def accept_ns(self, *, typical: bool) -> int:
        """See EdgeLaw."""
        return self._first_ns(typical=typical) + (self.healthy_after - 1) * self.look_ns + RESPONSE_NS

    def earliest_detect_ns(self, failure: Failure) -> int:
        """See PreciseLaw: as many vantage points as must agree had a look under way when the loss came."""
        tau_ns = 0 if failure == "refused" else self.timeout_ns
        under_way_ns = 0 if failure == "refused" else max(0, tau_ns - RESPONSE_NS)
        return under_way_ns + (self.unhealthy_after - 1) * max(self.look_ns, tau_ns)

    def earliest_answer_ns(self, failure: Failure) -> int:
        """See PreciseLaw: whoever decides may be quicker than the looks."""
        return 0

    def earliest_accept_ns(self) -> int:
        """See PreciseLaw: the looks that are needed came as soon as the place was healthy."""
        return (self.healthy_after - 1) * self.look_ns

    def _first_ns(self, *, typical: bool) -> int:
        """Until as many vantage points as must agree have looked once more: of n uniform phases the k-th."""
        return self.look_ns * self.agree // (self.vantage_points + 1) if typical else self.look_ns


def law(environment: Environment, timing: Timing) -> DigitalOceanLaw:
    """The law of an environment's intermediary and TTL in a profile."""
    spec = checked(section_named("steering"), environment.steering)
    assert isinstance(spec, DigitalOcean)
    return DigitalOceanLaw(
        look_ns=to_ns(timing.interval_s(spec.look_every_s)),
        timeout_ns=to_ns(timing.timeout_s(spec.look_timeout_s)),
        unhealthy_after=spec.unhealthy_after,
        healthy_after=spec.healthy_after,
        vantage_points=len(spec.vantage_points),
        agree=spec.agree,
        round_ns=to_ns(timing.interval_s(_ROUND_S)),
        ttl_ns=to_ns(timing.ttl_s(environment.edge.ttl_s)),
    )
