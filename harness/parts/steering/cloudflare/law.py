"""How long Cloudflare Load Balancing takes, by its documented constants.

    detect <= I + (D - 1) max(I, T) + T     T = t (1 + n) for what is not answered, 0 for what refuses
    accept <= max(I, T) + (U - 1) I

I: the monitor's interval, between the beginnings of two checks; t: its time-out, n: its retries, at once after a
time-out; D, U: checks in a row that change a data centre's mind (0 counts as 1). Each of R regions has three data
centres whose checks are not coordinated. A region has lost an endpoint with the second of its three, and the endpoint
is unhealthy as soon as no majority of regions is left; it is healthy again once there is one. A pool that is lost is
not answered from then on, and what was answered before is cached for its TTL: 30 s when DNS only. A proxied name is
answered with addresses that never change, so that nothing is cached there.

Sources: API description of monitors (interval 60, timeout 5, retries 2, "attempted immediately"); Load Balancing,
"Health monitor regions" (three data centres, majorities).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import comb

from harness.measurement.phases import STEPS
from harness.measurement.prediction import Failure
from harness.parts.steering.cloudflare.spec import Cloudflare
from harness.topology.environment import Environment
from harness.topology.kinds import checked, section_named
from harness.topology.timing import Timing
from harness.units import NS_PER_S, to_ns
from harness.world.steering import INTERVAL, THRESHOLD, TTL, Milestone, Setting

RESPONSE_NS = NS_PER_S // 10
"""An ordinary answer."""
_STEPS = 1_000

MILESTONES = (Milestone("detect", "detection by the edge's health checks", "cloudflare"),)
PROXIED_STEPS = ("detect", "activate")
"""Where no answer changes, whoever notices moves clients at once."""


def SETTINGS(environment: Environment) -> Mapping[str, Setting]:
    """A proxied name's TTL is Cloudflare's, and nothing waits for it."""
    proxied = "Cloudflare fixes it for a proxied name, whose addresses never change: no answer has to run out"
    return {
        TTL: proxied if _spec(environment).proxied else ("edge", "ttl_s"),
        INTERVAL: ("steering", "interval_s"),
        THRESHOLD: ("steering", "consecutive_down"),
    }


@dataclass(frozen=True)
class CloudflareLaw:
    """See harness.measurement.prediction.EdgeLaw; times in nanoseconds of one profile.

    waits: clients do not go to the standby before it is healthy; as the pool of last resort it gets them at once.
    """

    interval_ns: int
    timeout_ns: int
    retries: int
    down: int
    up: int
    regions: int
    ttl_ns: int
    publish_ns: int = 0
    waits: bool = False

    def detect_ns(self, failure: Failure, *, typical: bool) -> int:
        """See EdgeLaw."""
        failed_ns = self._failed_ns(failure)
        needed = self.regions - self.regions // 2
        first_ns = round(self.interval_ns * mean_share(self.regions, needed)) if typical else self.interval_ns
        own_ns = first_ns + (self.down - 1) * max(self.interval_ns, failed_ns) + failed_ns
        return own_ns if typical else own_ns + RESPONSE_NS

    def accept_ns(self, *, typical: bool) -> int:
        """See EdgeLaw."""
        needed = self.regions // 2 + 1
        longest_ns = max(self.interval_ns, self._failed_ns("silence"))
        first_ns = round(self.interval_ns * mean_share(self.regions, needed)) if typical else longest_ns
        return first_ns + (self.up - 1) * self.interval_ns + RESPONSE_NS

    def earliest_detect_ns(self, failure: Failure) -> int:
        """See PreciseLaw: as many data centres as are needed had a check under way when the loss came."""
        failed_ns = self._failed_ns(failure)
        under_way_ns = max(0, failed_ns - RESPONSE_NS)
        return under_way_ns + (self.down - 1) * max(self.interval_ns, failed_ns)

    def earliest_answer_ns(self, failure: Failure) -> int:
        """See PreciseLaw."""
        return self.earliest_detect_ns(failure)

    def earliest_accept_ns(self) -> int:
        """See PreciseLaw: the data centres that are needed were asking, for the last time of a check, when it was."""
        return max(0, (self.up - 1) * self.interval_ns - self.retries * self.timeout_ns)

    def _failed_ns(self, failure: Failure) -> int:
        """How long a failed check takes: refused at once, else every one of its time-outs."""
        return 0 if failure == "refused" else self.timeout_ns * (1 + self.retries)


def mean_share(regions: int, needed: int) -> float:
    """The share of an interval after which `needed` of `regions` have changed, on average.

    A region changes with the second of three uniform phases, which has come after the share x with a chance of
    3 x^2 - 2 x^3.
    """

    def not_yet(x: float) -> float:
        region = 3 * x * x - 2 * x * x * x
        return sum(comb(regions, k) * region**k * (1 - region) ** (regions - k) for k in range(needed))

    return sum(not_yet((step + 0.5) / _STEPS) for step in range(_STEPS)) / _STEPS


def phases(environment: Environment) -> Sequence[str]:
    """The milestones of a recovery: a proxied name is answered as ever."""
    return PROXIED_STEPS if _spec(environment).proxied else STEPS


def law(environment: Environment, timing: Timing) -> CloudflareLaw:
    """The law of an environment's monitor and TTL in a profile."""
    spec = _spec(environment)
    return CloudflareLaw(
        interval_ns=to_ns(timing.interval_s(spec.interval_s)),
        timeout_ns=to_ns(timing.timeout_s(spec.timeout_s)),
        retries=spec.retries,
        down=max(1, spec.consecutive_down),
        up=max(1, spec.consecutive_up),
        regions=len(spec.check_regions),
        waits=spec.fallback != "standby",
        ttl_ns=0 if spec.proxied else to_ns(timing.ttl_s(environment.edge.ttl_s)),
    )


def _spec(environment: Environment) -> Cloudflare:
    spec = checked(section_named("steering"), environment.steering)
    assert isinstance(spec, Cloudflare)
    return spec
