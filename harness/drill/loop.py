"""Drives the lifecycle of one drill: wait for something to happen, or for a deadline; step the machine; show it.

Each look costs the same however long the drill has lasted: only what is new is looked at. The whole history is measured
once for each requirement that is judged on the way, and once at the end.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeVar

from harness.checkers.result import CheckResult
from harness.drill import judgement, lifecycle
from harness.drill.backend import Backend
from harness.drill.case import CaseFault, Requirement
from harness.drill.judging.failure import judging
from harness.drill.lifecycle import Announce, Enter, Facts, GiveUp, Limits, Observed, Phase, Reached
from harness.drill.looking import look
from harness.drill.measures import Measures
from harness.drill.observation import Observation
from harness.drill.progress import LiveStatus
from harness.drill.record import Record
from harness.drill.status import live_status
from harness.drill.stopping import words
from harness.drill.stopping.conditions import StopConditions
from harness.drill.stopping.watch import StopWatch
from harness.errors import ENDINGS, DrillAborted, JudgingFailed
from harness.history.events import CanaryProbe, Commit, Event, Mark, StopEvent
from harness.measurement.phases import answers_move
from harness.outcome import Verdict
from harness.units import NS_PER_S, to_ns

SHOW_EVERY_NS = NS_PER_S // 10
LOOK_EVERY_NS = NS_PER_S // 2
"""At the latest after this long the world is asked again what only it knows, whatever else happens."""
SETTLE_POLL_S = 0.1
QUIESCE_PATIENT_S = 100.0
"""Production seconds that replication may take to go quiet; the profile scales them."""
QUIESCE_SHORT_S = 50.0
LATELY_NS = to_ns(10.0)
"""By so much what arrives may be out of the order of time."""
SEE_HEALED_NS = to_ns(3.0)
STILL_MOVING_NS = to_ns(2.0)


_Timed = TypeVar("_Timed", Event, Commit)


class DrillLoop:
    """One drill's lifecycle and observation, kept up to date.

    show: gets a status some ten times a second; None: nobody looks. waited_ns: spent waiting for clients to see.
    deaths: sentences about components that ended by themselves. at_rest: what was found before any fault.
    """

    def __init__(self, backend: Backend, record: Record, show: Callable[[LiveStatus], None] | None = None) -> None:
        self._backend = backend
        self._clock = backend.clock
        self._record = record
        self._show = show
        self._shown_ns: int | None = None
        self._state = lifecycle.State(record.case.limits)
        self._stop = StopWatch(record.case.stop, self._clock.now_ns, backend.run_stop_command, self._tell_of)
        self.observation = Observation(
            record.case.addresses, record.case.primary, record.case.standby, moves=answers_move(record.case.law.steps)
        )
        self.started_ns = self._clock.now_ns()
        self.waited_ns = 0
        self.ticks = 0
        self.deaths: tuple[str, ...] = ()
        self.at_rest: tuple[str, ...] = ()

    def limit(self, limits: Limits) -> None:
        """Other limits from now on."""
        self._state = replace(self._state, limits=limits)

    def stop_when(self, conditions: StopConditions) -> None:
        """Other stop conditions from now on; what has been seen already counts for them, too."""
        self._stop.limit(conditions)
        self._stop.take(self.observation.events)

    def arm(self) -> None:
        """A fault is about to be applied: watch the stop conditions from now on. Raises DrillAborted where one holds
        already."""
        self._stop.arm()
        while not self._stop.ready:
            self.take_in()
            self.refuse_breach()
            self._backend.wait(self._clock.now_ns() + SHOW_EVERY_NS)
        self.refuse_breach()

    def disarm(self) -> None:
        """Nothing that was broken holds any more."""
        self._stop.disarm()

    def heed(self) -> None:
        """While somebody keeps the drill waiting. Raises DrillAborted where a stop condition holds."""
        self.take_in()
        self.refuse_breach()

    def see_healed(self, faults: Sequence[CaseFault]) -> None:
        """Until the witness has found everything at work that these had broken; for a moment at most, since nothing is
        asked of that any more."""
        left = {link for fault in faults for link in fault.canary.links}
        until_ns = self._clock.now_ns() + SEE_HEALED_NS
        while left and (now_ns := self._clock.now_ns()) < until_ns:
            self._backend.wait(min(until_ns, now_ns + SHOW_EVERY_NS))
            known = len(self.observation.events)
            self.take_in()
            probes = (event for event in self.observation.events[known:] if isinstance(event, CanaryProbe))
            left -= {probe.link for probe in probes if probe.ok}

    def _tell_of(self, event: StopEvent) -> None:
        self.observation.take([event])

    def refuse_breach(self) -> None:
        """Raises DrillAborted where a stop condition holds."""
        self._stop.look()
        if self._stop.breach is not None:
            raise DrillAborted(words.of_breach(self._record.case.stop, self._stop.breach))

    def enter(
        self, phase: Phase, until_ns: int | None = None, *, place: str = "", counts_anew: bool = False
    ) -> None:  # fmt: skip
        """A step enters a phase."""
        self._advance(Enter(phase, until_ns, place, counts_anew))

    def applied(self) -> None:
        """The fault whose phase this is has been brought about: from now on it must be seen, and recovered from."""
        self._advance(lifecycle.Applied())

    def mark(self, phase: Phase) -> None:
        """Something that the history must tell happened now."""
        self.observation.take([Mark(phase.value, self._clock.now_ns())])

    def until(self, phase: Phase, *, need_steady: bool = False) -> None:
        """Wait until the lifecycle has reached `phase`. Raises a VerdictReached when it gives up."""
        began_ns = self._clock.now_ns()
        try:
            while (facts := self._tick(phase, need_steady)) is not None:
                self._backend.wait(self._wake_ns(facts))
        finally:
            self.waited_ns += self._clock.now_ns() - began_ns

    def _tick(self, phase: Phase, need_steady: bool) -> Facts | None:
        """Look at what is new. None: the phase has been reached."""
        self.ticks += 1
        self.take_in()
        self.refuse_breach()
        self.deaths = tuple(self._backend.deaths())
        evidence = self._backend.steady_evidence() if need_steady else None
        if evidence is not None and not self._record.case.faults:
            elsewhere = [broken for place, broken in evidence.broken.items() if place != self._state.place]
            amiss = (text for broken in elsewhere for text in broken if text not in evidence.by_design)
            self.at_rest = (*evidence.notes, *amiss)
        facts = self.observation.facts(evidence)
        effects = self._advance(Observed(facts))
        self._tell()
        for effect in effects:
            if isinstance(effect, GiveUp):
                raise ENDINGS[effect.verdict](effect.reason)
        reached = any(isinstance(effect, Reached) and effect.phase is phase for effect in effects)
        return None if reached else facts

    def _wake_ns(self, facts: Facts) -> int:
        """Until when nothing new means that nothing changes."""
        now_ns = self._clock.now_ns()
        latest_ns = now_ns + (LOOK_EVERY_NS if self._show is None else SHOW_EVERY_NS)
        deadlines = (lifecycle.next_deadline_ns(self._state, facts), self._stop.next_deadline_ns)
        return max(now_ns + 1, min(latest_ns, *(known for known in deadlines if known is not None)))

    def _tell(self) -> None:
        now_ns = self._clock.now_ns()
        if self._show is None or (self._shown_ns is not None and now_ns - self._shown_ns < SHOW_EVERY_NS):
            return
        self._shown_ns = now_ns
        self._show(live_status(self._record, self.observation, self._state, self.started_ns, now_ns))

    def _advance(self, event: Enter | lifecycle.Applied | Observed) -> Sequence[lifecycle.Effect]:
        self._state, effects = lifecycle.step(self._state, event, self._clock.now_ns())
        for effect in effects:
            if isinstance(effect, Announce):
                self.mark(effect.phase)
        return effects

    def take_in(self) -> None:
        """Read what is new in the history."""
        new = self._backend.poll()
        self.observation.take(new)
        self._stop.take(new)

    def look(self) -> None:
        """Something is about to change: see what is in the databases, where that is not known anyhow."""
        self._record.note(looks=look(self._backend, self._clock, self._record.case.looks))

    def judged(self, requirement: Requirement, since_ns: int | None = None) -> CheckResult:
        """One requirement, judged from what is known so far; from the latest part of it, where since_ns is given.

        That costs the same however long the drill has run, so it can be asked again and again. UNKNOWN where judging
        breaks off: the scenario goes on, and what it sees is judged as a whole at the end.
        """
        self.take_in()
        self._record.commits = self._commits()
        events = sorted(lately(self.observation.events, since_ns), key=lambda event: event.mono_ns)
        try:
            with judging():
                commits = self._record.commits
                chosen = None if commits is None else lately(commits, since_ns)
                measures = Measures(self._record.case, events, chosen, self._record.final)
                return judgement.judge(requirement, measures)
        except JudgingFailed as error:
            return CheckResult(requirement.name, Verdict.UNKNOWN, str(error))

    def judge_now(self, requirement: Requirement) -> None:
        """Judge one requirement from what is known so far; raises when that cannot get better."""
        result = self.judged(requirement)
        self._record.judged = (requirement, result.text)
        if result.verdict in (Verdict.MISSED, Verdict.INVALID):
            raise ENDINGS[result.verdict](result.text)

    def settle(self, *, patient: bool, first: Callable[[], None] = lambda: None) -> None:
        """Stop the clients, then wait until all databases hold the same, or time is up; keep what they hold.

        first: what is done to the data before that.
        """
        self.enter(Phase.QUIESCE)
        self._record.note(unsent=self._backend.stop_workload())
        self.take_in()
        first()
        patience_s = QUIESCE_PATIENT_S if patient else QUIESCE_SHORT_S
        deadline_ns = self._clock.now_ns() + to_ns(self._backend.timing.interval_s(patience_s))
        data = self._backend.data()
        while not judgement.converged(data) and self._clock.now_ns() < deadline_ns:
            self._clock.sleep_s(SETTLE_POLL_S)
            data = self._backend.data()
        self._record.commits = self._commits()
        moved_ns = max((commit.mono_ns for commit in self._record.commits or ()), default=0)
        # What still moves is not the final state: then nobody can say what is lost, and the verdict is UNKNOWN.
        quiet = judgement.converged(data) or self._clock.now_ns() - moved_ns > STILL_MOVING_NS
        self._record.final = data if quiet else None

    def _commits(self) -> tuple[Commit, ...] | None:
        commits = self._backend.commits()
        return None if commits is None else tuple(commits)


def lately(events: Sequence[_Timed], since_ns: int | None) -> Sequence[_Timed]:
    """Those since a moment, and some before it; all where none is given. events: as they arrived, nearly in order."""
    if since_ns is None:
        return events
    kept = list(itertools.takewhile(lambda event: event.mono_ns >= since_ns - LATELY_NS, reversed(events)))
    return kept[::-1]
