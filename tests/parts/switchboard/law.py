"""How long the switchboard takes: as many looks as it allows to miss, each with a second for the answer."""

from __future__ import annotations

from dataclasses import dataclass

from harness.measurement.prediction import Failure
from harness.topology.environment import Environment
from harness.topology.timing import Timing
from harness.units import NS_PER_S, to_ns
from harness.world.steering import Milestone

MILESTONES: tuple[Milestone, ...] = ()


@dataclass(frozen=True)
class SwitchboardLaw:
    """See harness.measurement.prediction.EdgeLaw."""

    look_ns: int
    misses: int
    ttl_ns: int
    publish_ns: int = 0

    def detect_ns(self, failure: Failure, *, typical: bool) -> int:
        tau_ns = 0 if failure == "refused" else NS_PER_S
        first_ns = self.look_ns // 2 if typical else self.look_ns
        return first_ns + (self.misses - 1) * (self.look_ns + tau_ns) + tau_ns

    def accept_ns(self, *, typical: bool) -> int:
        return self.look_ns // 2 if typical else self.look_ns


def law(environment: Environment, timing: Timing) -> SwitchboardLaw:
    """Of an environment with a switchboard."""
    from switchboard.spec import Switchboard

    spec = Switchboard.model_validate(environment.steering.settings)
    return SwitchboardLaw(to_ns(spec.look_every_s), spec.misses, to_ns(timing.interval_s(environment.edge.ttl_s)))
