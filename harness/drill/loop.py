"""Drives the lifecycle of one drill in real time: poll the world, step the machine, show what is going on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from harness.checkers.result import CheckResult
from harness.drill import judgement, lifecycle
from harness.drill.backend import Backend
from harness.drill.lifecycle import Announce, Enter, GiveUp, Limits, Observed, Phase, Reached
from harness.drill.observation import Observation
from harness.drill.progress import LiveStatus
from harness.drill.record import Record
from harness.drill.status import live_status
from harness.errors import DrillInvalid, DrillMissed, DrillUnknown, VerdictReached
from harness.history.events import Commit, Mark
from harness.outcome import Verdict
from harness.units import to_ns

POLL_S = 0.05
QUIESCE_PATIENT_S = 100.0
"""Production seconds that replication may take to go quiet; the profile scales them."""
QUIESCE_SHORT_S = 50.0
STILL_MOVING_NS = to_ns(2.0)
VERDICT_ERRORS: dict[Verdict, type[VerdictReached]] = {
    Verdict.MISSED: DrillMissed,
    Verdict.UNKNOWN: DrillUnknown,
    Verdict.INVALID: DrillInvalid,
}


class DrillLoop:
    """One drill's lifecycle, observation and record, kept up to date. waited_ns: spent waiting for clients to see."""

    def __init__(self, backend: Backend, record: Record, limits: Limits, show: Callable[[LiveStatus], None]) -> None:
        self._backend = backend
        self._clock = backend.clock
        self._record = record
        self._show = show
        self._state = lifecycle.State(limits)
        self.observation = Observation(backend.environment, backend.edges)
        self.started_ns = self._clock.now_ns()
        self.waited_ns = 0

    def limit(self, limits: Limits) -> None:
        """Other limits from now on."""
        self._state = replace(self._state, limits=limits)

    def enter(self, phase: Phase, until_ns: int | None = None) -> None:
        """A step enters a phase."""
        self._advance(Enter(phase, until_ns))

    def until(self, phase: Phase, *, need_steady: bool = False) -> None:
        """Wait until the lifecycle has reached `phase`. Raises a VerdictReached when it gives up."""
        began_ns = self._clock.now_ns()
        try:
            while not self._tick(phase, need_steady):
                self._clock.sleep_s(POLL_S)
        finally:
            self.waited_ns += self._clock.now_ns() - began_ns

    def _tick(self, phase: Phase, need_steady: bool) -> bool:
        self.take_in()
        self._record.deaths = tuple(self._backend.deaths())
        evidence = self._backend.steady_evidence() if need_steady else None
        effects = self._advance(Observed(self.observation.facts(self._record.faults, evidence)))
        self._show(live_status(self._record, self.observation, self._state, self.started_ns, self._clock.now_ns()))
        for effect in effects:
            if isinstance(effect, GiveUp):
                raise VERDICT_ERRORS[effect.verdict](effect.reason)
        return any(isinstance(effect, Reached) and effect.phase is phase for effect in effects)

    def _advance(self, event: Enter | Observed) -> Sequence[lifecycle.Effect]:
        self._state, effects = lifecycle.step(self._state, event, self._clock.now_ns())
        for effect in effects:
            if isinstance(effect, Announce):
                self.observation.take([Mark(effect.phase.value, self._clock.now_ns())])
        return effects

    def take_in(self) -> None:
        """Read what is new in the history."""
        self.observation.take(self._backend.poll())

    def judged(self, requirement: str) -> CheckResult:
        """One requirement, judged from what is known so far."""
        self.take_in()
        self._record.commits = self._commits()
        return judgement.judge(requirement, self._record, self.observation.events)

    def judge_now(self, requirement: str) -> None:
        """Judge one requirement from what is known so far; raises when that cannot get better."""
        result = self.judged(requirement)
        if result.verdict in (Verdict.MISSED, Verdict.INVALID):
            raise VERDICT_ERRORS[result.verdict](result.text)

    def settle(self, *, patient: bool) -> None:
        """Stop the clients, then wait until both regions hold the same data, or time is up; keep what they hold."""
        self.enter(Phase.QUIESCE)
        self._record.unsent = self._backend.stop_workload()
        self.take_in()
        patience_s = QUIESCE_PATIENT_S if patient else QUIESCE_SHORT_S
        deadline_ns = self._clock.now_ns() + to_ns(self._backend.timing.interval_s(patience_s))
        data = self._backend.data()
        while not judgement.converged(data) and self._clock.now_ns() < deadline_ns:
            self._clock.sleep_s(2 * POLL_S)
            data = self._backend.data()
        self._record.commits = self._commits()
        moved_ns = max((commit.mono_ns for commit in self._record.commits or ()), default=0)
        # What still moves is not the final state: then nobody can say what is lost, and the verdict is UNKNOWN.
        quiet = judgement.converged(data) or self._clock.now_ns() - moved_ns > STILL_MOVING_NS
        self._record.final_data = data if quiet else None

    def _commits(self) -> tuple[Commit, ...] | None:
        commits = self._backend.commits()
        return None if commits is None else tuple(commits)
