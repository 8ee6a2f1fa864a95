"""The journeys that were tried in a drill, and what of the world their measuring needs. Plain values."""

from __future__ import annotations

from dataclasses import dataclass

from harness.topology import kinds
from harness.topology.environment import Environment
from harness.topology.subject import Subject


@dataclass(frozen=True)
class CaseJourney:
    """See harness.journeys. period_s: from one visit to the next."""

    name: str
    period_s: float
    after: str | None = None


@dataclass(frozen=True)
class CaseJourneys:
    """made: in the order of the subject file. steering: the kind of what answers for the application's name."""

    made: tuple[CaseJourney, ...]
    steering: str = ""

    @property
    def names(self) -> list[str]:
        """Of all of them."""
        return [journey.name for journey in self.made]


def journeys_of(subject: Subject | None, environment: Environment) -> CaseJourneys | None:
    """Those of a subject file; None where it names none."""
    made = () if subject is None else subject.workload.journeys
    if not made:
        return None
    steering = environment.steering.kind or kinds.section_named("steering").default or ""
    return CaseJourneys(tuple(CaseJourney(one.name, one.period_s, one.after) for one in made), steering)
