"""How long an existing stack's DNS takes, as its owner says: nothing of it is known here."""

from __future__ import annotations

from dataclasses import dataclass

from harness.measurement.prediction import Failure
from harness.parts.steering.external.spec import External
from harness.topology.environment import Environment
from harness.topology.kinds import checked, section_named
from harness.topology.timing import Timing
from harness.units import to_ns
from harness.world.steering import INTERVAL, THRESHOLD, TTL, Milestone

MILESTONES: tuple[Milestone, ...] = ()
"""Its health checks tell nothing of themselves."""
SETTINGS = dict.fromkeys((TTL, INTERVAL, THRESHOLD), "this stack is not ours to set up: its owner says how it is")


@dataclass(frozen=True)
class ExternalLaw:
    """See harness.measurement.prediction.EdgeLaw; times in nanoseconds of one profile."""

    detect_at_most_ns: int
    accept_at_most_ns: int
    ttl_ns: int
    publish_ns: int = 0

    def detect_ns(self, failure: Failure, *, typical: bool) -> int:
        """See EdgeLaw. Half of the time is as good a guess as any."""
        return self.detect_at_most_ns // 2 if typical else self.detect_at_most_ns

    def accept_ns(self, *, typical: bool) -> int:
        """See EdgeLaw."""
        return self.accept_at_most_ns // 2 if typical else self.accept_at_most_ns


def law(environment: Environment, timing: Timing) -> ExternalLaw:
    """The law of what the file says, in a profile."""
    spec = checked(section_named("steering"), environment.steering)
    assert isinstance(spec, External)
    return ExternalLaw(
        detect_at_most_ns=to_ns(timing.interval_s(spec.detect_s)),
        accept_at_most_ns=to_ns(timing.interval_s(spec.accept_s)),
        ttl_ns=to_ns(timing.ttl_s(environment.edge.ttl_s)),
    )
