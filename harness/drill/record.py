"""Everything that a drill has gathered and that judgement needs, beside the history itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from harness.drill.backend import ActiveFault
from harness.drill.evidence import Objectives
from harness.drill.lifecycle import Limits
from harness.drill.plan import DrillPlan
from harness.drill.settings import Settings
from harness.errors import VerdictReached
from harness.faults.blast_radius import blast_radius
from harness.faults.model import Fault
from harness.history.events import CanaryProbe, Commit
from harness.measurement.canary import CanaryJudgement, judge_canary
from harness.measurement.models import FaultInterval
from harness.outcome import Verdict
from harness.topology.environment import Environment
from harness.topology.subject import SubjectTiming
from harness.topology.timing import Timing


@dataclass
class InjectedFault:
    """One fault of a drill. active None: it was announced and never applied (`fault=none`)."""

    kind: str
    target: str
    mode: str
    announced_ns: int
    active: ActiveFault | None

    @classmethod
    def of(cls, fault: Fault, active: ActiveFault) -> InjectedFault:
        """A fault that was applied."""
        return cls(fault.kind, fault.target, fault.mode, active.started.mono_ns, active)

    @classmethod
    def never_applied(cls, fault: Fault, now_ns: int) -> InjectedFault:
        """A fault that was only announced."""
        return cls(fault.kind, fault.target, fault.mode, now_ns, None)

    @property
    def started_ns(self) -> int:
        """When its first link was touched."""
        return self.announced_ns

    @property
    def interval(self) -> FaultInterval:
        """When it began and ended, each within bounds."""
        if self.active is None:
            return FaultInterval(self.announced_ns, self.announced_ns)
        return FaultInterval.of(self.active.started, self.active.stopped)

    @property
    def kinds_used(self) -> tuple[str, ...]:
        """How the world did what not every world can, e.g. `black_hole: accept-queue`."""
        return () if self.active is None else self.active.kinds_used

    @property
    def links(self) -> frozenset[str]:
        """The links that it hit."""
        return frozenset() if self.active is None else frozenset(self.active.plan.links)

    @property
    def touched(self) -> tuple[str, ...]:
        """Lines on each link and process that it hit, and how."""
        return () if self.active is None else tuple(blast_radius(self.active.plan).splitlines())

    def judged_by(self, probes: Iterable[CanaryProbe]) -> CanaryJudgement:
        """Whether the fault was seen at its victim."""
        if self.active is None:
            return CanaryJudgement(False, "the fault was never applied, and was not seen anywhere")
        expectation = self.active.plan.canary
        return judge_canary(probes, expectation.links, expectation.expected, self.interval)


@dataclass
class Record:
    """One drill's facts.

    final_data: region -> table -> key -> value after the end. commits: None where none are kept. expected_region:
    where clients were to be served after the fault; recovered_ns: since when they were. required: what the scenario
    demanded, in order. unsent: planned operations that the witness was too late to send at all.
    """

    plan: DrillPlan
    folder: Path
    environment: Environment
    timing: Timing
    limits: Limits
    settings: Settings = field(default_factory=Settings)
    objectives: Objectives = field(default_factory=Objectives)
    edges: Mapping[str, str] = field(default_factory=dict)
    faults: list[InjectedFault] = field(default_factory=list)
    required: list[str] = field(default_factory=list)
    control: Verdict | None = None
    ended_by: VerdictReached | None = None
    expected_region: str | None = None
    recovered_ns: int | None = None
    blip_ended_ns: int | None = None
    budget_ended_ns: int | None = None
    final_data: Mapping[str, Mapping[str, Mapping[str, str | None]]] | None = None
    commits: tuple[Commit, ...] | None = None
    calibration: Mapping[str, float] = field(default_factory=dict)
    deaths: tuple[str, ...] = ()
    unsent: int = 0
    honours_time_scale: bool = True
    subject_timing: SubjectTiming | None = None
    logs: tuple[str, ...] = ()
    duration_ns: int = 0
    prescribed_ns: int = 0

    def require(self, name: str) -> None:
        """The scenario demands that this be judged."""
        if name not in self.required:
            self.required.append(name)

    @property
    def window_ns(self) -> int:
        """W: how long nothing may fail before a recovery counts as lasting."""
        return self.limits.window_ns

    @property
    def main_fault(self) -> InjectedFault | None:
        """The fault that recovery is measured from: the last one that was injected."""
        return self.faults[-1] if self.faults else None

    @property
    def primary(self) -> str:
        return self.environment.primary.name

    @property
    def standby(self) -> str:
        return self.environment.standby.name
