"""The seam of steering: how clients are led to a place, and which law their recovery follows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.kit.address import Address
from harness.measurement.phases import STEPS
from harness.measurement.prediction import EdgeLaw
from harness.topology.environment import Environment
from harness.topology.kinds import load, section_named
from harness.topology.timing import Timing
from harness.world.part import Part


class Steering(Part):
    """Leads clients to an edge by DNS."""

    def freeze(self) -> None:
        """From now on the answer stays, whatever changes."""
        raise NotImplementedError

    def thaw(self) -> None:
        """The answer follows again."""
        raise NotImplementedError

    def answers(self) -> Sequence[str]:
        """What may be answered for the application's name now; none while the name is not known yet."""
        raise NotImplementedError

    @property
    def dns(self) -> Address:
        """Its name server."""
        raise NotImplementedError


@dataclass(frozen=True)
class Milestone:
    """What a steering's own health checks tell, for the phases of a recovery. kind: of HealthTransition events."""

    name: str
    label: str
    kind: str


def phases_of(environment: Environment) -> Sequence[str]:
    """The milestones of a recovery that an environment's steering has, by the names of harness.measurement.phases."""
    module = load(section_named("steering"), environment.steering.kind, "law")
    found: Sequence[str] = getattr(module, "PHASES", STEPS)
    return found


def law_of(environment: Environment, timing: Timing) -> EdgeLaw:
    """The law of an environment's steering. Raises InputError for a kind that does not exist."""
    found: EdgeLaw = load(section_named("steering"), environment.steering.kind, "law").law(environment, timing)
    return found


def milestones_of(environment: Environment) -> Sequence[Milestone]:
    """What an environment's steering tells of itself."""
    found: Sequence[Milestone] = load(section_named("steering"), environment.steering.kind, "law").MILESTONES
    return found
