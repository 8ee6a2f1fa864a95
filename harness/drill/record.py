"""What a drill gathers while it runs: the case as it stands, and the faults that hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from harness.drill import episodes
from harness.drill.backend import ActiveFault
from harness.drill.case import (
    CanaryCase,
    Case,
    CaseBusiness,
    CaseFault,
    CasePlace,
    Ending,
    Final,
    Requirement,
    Workload,
)
from harness.drill.case_audience import audience_of
from harness.drill.case_journeys import journeys_of
from harness.drill.evidence import Objectives
from harness.drill.plan import DrillPlan, law_of, limits_of
from harness.drill.promises import promise_of
from harness.drill.stopping.stated import conditions_of
from harness.errors import HealError, VerdictReached
from harness.faults.blast_radius import blast_radius
from harness.faults.model import Fault
from harness.history.events import Commit
from harness.measurement.models import FaultInterval
from harness.outcome import Verdict
from harness.topology.consistency import Consistency
from harness.topology.environment import Environment
from harness.topology.subject import Subject
from harness.topology.timing import Timing


@dataclass
class Record:
    """One drill so far. active: what holds, by the fault's index in the case, oldest first.

    heal_ns: when something was healed last. recovered_ns: since when clients have been served again, where a step has
    waited for that. concluded: the current episode has been; see `episodes`. settled_ns: since when the place that
    serves has been known, because a step of the current episode has waited for it. final: the tables after the end;
    commits: None where none are kept. judged: the requirement that was judged last on the way, and what was said.
    """

    plan: DrillPlan
    folder: Path
    case: Case
    active: dict[int, ActiveFault] = field(default_factory=dict)
    heal_ns: int | None = None
    recovered_ns: int | None = None
    concluded: bool = False
    settled_ns: int | None = None
    final: Final | None = None
    commits: tuple[Commit, ...] | None = None
    judged: tuple[Requirement, str] | None = None

    @property
    def current(self) -> int | None:
        """The index of the current episode; None before the first."""
        return len(self.case.episodes) - 1 if self.case.episodes else None

    def note(self, **changes: Any) -> None:
        """Other facts from now on."""
        self.case = replace(self.case, **changes)

    def require(self, name: str, *, whole: bool = False, place: str | None = None, **about: Any) -> Requirement:
        """The scenario demands this, of the current episode or of the whole drill; returns what was noted."""
        requirement = Requirement(name, None if whole else self.current, place, **about)
        self.case = episodes.requiring(self.case, requirement)
        return requirement

    def expect(self, place: str) -> None:
        """A step has said by whom clients must be served."""
        self.case = episodes.expecting(self.case, place)

    def announce(self, fault: Fault, now_ns: int, serving: str) -> None:
        """A fault that is never applied (`fault=none`)."""
        never = CaseFault(fault.kind, fault.target, fault.mode, FaultInterval(now_ns, now_ns), applied=False)
        self._begin(never, serving)

    def broken_off(self, fault: Fault, began_ns: int, now_ns: int, serving: str) -> None:
        """A fault that a stop condition ended while it was brought about: it may have held in part, and is healed."""
        held = FaultInterval(began_ns, now_ns, now_ns, now_ns)
        self._begin(CaseFault(fault.kind, fault.target, fault.mode, held), serving)

    def apply(self, fault: Fault, active: ActiveFault, serving: str) -> None:
        """A fault that holds from now on."""
        plan = active.plan
        case = CaseFault(
            fault.kind, fault.target, fault.mode, FaultInterval.of(active.started), links=plan.links,
            canary=CanaryCase.of(plan.canary.links, plan.canary.expected), kinds_used=active.kinds_used,
            touched=tuple(blast_radius(plan).splitlines()),
        )  # fmt: skip
        self.active[len(self.case.faults)] = active
        self._begin(case, serving)

    def _begin(self, fault: CaseFault, serving: str) -> None:
        self.recovered_ns = self.settled_ns = None
        self.case = episodes.with_fault(self.case, fault, serving, concluded=self.concluded)
        self.concluded = False

    def heal(self, chosen: Sequence[int], serving: str, place: str = "") -> None:
        """Undo some of what holds, newest first. place: where, when a step heals only that place.

        Raises HealError after having tried everything.
        """
        problems = []
        for index in sorted(chosen, reverse=True):
            active = self.active[index]
            try:
                active.heal()
            except HealError as error:
                problems.append(str(error))
                continue
            del self.active[index]
            self._healed(index, active)
        if problems:
            raise HealError("; ".join(problems))
        if chosen:
            stops = [self.case.faults[index].interval.stop_low_ns for index in chosen]
            self.heal_ns = min((stop for stop in stops if stop is not None), default=None)
            before = len(self.case.episodes)
            if place:
                self.case = episodes.with_heal(self.case, chosen, serving, place)
            self.concluded = len(self.case.episodes) == before
            if not self.concluded:
                self.settled_ns = None

    def settled(self, now_ns: int) -> None:
        """A step has waited for who serves, and knows it now."""
        self.concluded, self.settled_ns = True, now_ns

    def _healed(self, index: int, active: ActiveFault) -> None:
        faults = list(self.case.faults)
        faults[index] = replace(faults[index], interval=FaultInterval.of(active.started, active.stopped))
        self.case = replace(self.case, faults=tuple(faults))

    def ended(self, reached: VerdictReached) -> None:
        """Something ended the scenario before its last step."""
        about = self.judged[0] if self.judged is not None and self.judged[1] == str(reached) else None
        self.note(ended_by=Ending(verdict_of(reached), str(reached), about))


def verdict_of(reached: VerdictReached) -> Verdict:
    """The verdict that an early end stands for."""
    return reached.verdict


def _business(subject: Subject | None) -> CaseBusiness | None:
    said = None if subject is None else subject.business
    return None if said is None else CaseBusiness(said.keeps, said.effects, said.asks)


def _functions(subject: Subject | None) -> tuple[str, ...]:
    if subject is None:
        return ()
    return tuple(sorted((*subject.workload.functions, *(["group"] if subject.workload.group is not None else []))))


def opening(
    plan: DrillPlan,
    folder: Path,
    environment: Environment,
    timing: Timing,
    objectives: Objectives,
    edges: Mapping[str, str],
    subject: Subject | None = None,
) -> Record:
    """A drill that is about to begin. edges: place -> the address that DNS answers for it."""
    documented = None if subject is None else subject.timing
    lease_s = None if documented is None or not documented.lease_s else timing.interval_s(documented.lease_s)
    workload = environment.workload
    written = None if subject is None else subject.written_table
    case = Case(
        name=plan.name,
        feature=plan.feature,
        scenario=plan.scenario,
        folder=folder.name,
        objectives=objectives,
        limits=limits_of(environment, timing, objectives),
        law=law_of(environment, timing, documented),
        places=tuple(
            CasePlace(place.name, place.database_name, edges.get(place.name, ""), place.role)
            for place in environment.places
        ),
        workload=Workload(
            workload.dns_clients, workload.rate_per_s, workload.timeout_s, written or "", _functions(subject)
        ),
        tags=plan.tags,
        typed=plan.typed,
        settings=dict(plan.settings.given),
        lease_s=lease_s,
        promise=promise_of(Consistency() if subject is None else subject.consistency),
        mixed_timing=subject is not None and timing.scale != 1 and not subject.honours_time_scale,
        own_timing=None if subject is None else documented is not None,
        replication=None if subject is None else subject.replication,
        business=_business(subject),
        journeys=journeys_of(subject, environment),
        audience=audience_of(environment, timing),
    )
    return Record(plan, folder, replace(case, stop=conditions_of(environment, timing, plan.settings, addresses=edges)))
