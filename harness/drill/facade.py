"""Drill: what the steps of a scenario talk to. Waits, injects, and asks for judgement; decides nothing itself.

The waiting is decided by `lifecycle`, what belongs together by `episodes`, numbers and verdicts by `conclusion`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from harness.drill.archiving import ArchivingDrill
from harness.drill.audience_steps import AudienceDrill
from harness.drill.journey_steps import JourneyDrill
from harness.drill.judgement import WHOLE
from harness.drill.judging import databases
from harness.drill.lifecycle import Phase
from harness.drill.party_steps import PartyDrill
from harness.drill.plan import limits_of, objectives_of, refuse_impossible
from harness.drill.reconciling import ReconcilingDrill
from harness.drill.stepping import step
from harness.drill.stopping.stated import conditions_of
from harness.drill.words import components_missing, deciders_of, ends_of, place_of, target_of
from harness.errors import DrillAborted, DrillInvalid, DrillMissed, InputError, NotMeasurable
from harness.faults.catalogue import fault_named, struck
from harness.faults.needs import component, lacking
from harness.outcome import Verdict
from harness.topology.stop import StopErrors
from harness.units import to_ns, to_s

NO_MONITOR = "the subject's file names no components that decide about failover, so nothing can happen to them"
STOPPED_LATE = "a stop condition is stated before the first fault, and holds for the whole drill"
_STRETCH_NS, _LOOK_NS = to_ns(2.0), to_ns(1.0)
"""Where writes are stored is asked of so long a time, and so often."""
PROMISED_LATE = "an objective is promised before the first fault, and holds for the whole drill"


class Drill(ArchivingDrill, ReconcilingDrill, PartyDrill, JourneyDrill, AudienceDrill):
    """One drill on a world. Used from one thread; `finish` or `abandon` must be called, whatever happened before."""

    # --- Given -------------------------------------------------------------------------------------------------

    def region(self, words: str) -> str:
        """The place that `the primary region`, `the standby region` or `[region] NAME` means. Raises InputError."""
        return place_of(words, self._backend.environment)

    def ends(self, words: str) -> str:
        """Where links into a region end: the place, and its database; with commas. Raises InputError."""
        return ends_of(words, self._backend.environment)

    @property
    def monitor(self) -> str:
        """The components that decide about failover, as a fault's target. Raises DrillInvalid when there are none."""
        found = deciders_of(self._backend.subject)
        if not found:
            raise DrillInvalid(NO_MONITOR)
        return found

    def scaled_s(self, production_s: float) -> float:
        """Production seconds in this profile's wall seconds."""
        return self._backend.timing.interval_s(production_s)

    def need_components(self, names: Sequence[str]) -> None:
        """This drill is about components that not every subject has. Raises NotMeasurable."""
        if missing := components_missing(names, self._backend.subject):
            raise NotMeasurable(lacking([component(name) for name in missing], {}) or "")

    def promise(self, **objectives: Any) -> None:
        """Objectives that the scenario states, over those of the environment; `--set objective...` wins over both.

        They are those of the whole drill. Raises InputError after its first fault, and for what no file could promise.
        """
        if self.record.case.faults:
            raise InputError(PROMISED_LATE)
        refuse_impossible(objectives)
        environment, timing = self._backend.environment, self._backend.timing
        stated = replace(self.record.case.objectives, **objectives)
        promised = objectives_of(environment, timing, self._settings, stated)
        self.record.note(objectives=promised, limits=limits_of(environment, timing, promised))
        self._loop.limit(self.record.case.limits)

    def stop_when(self, **conditions: StopErrors) -> None:
        """Stop conditions that the scenario states, over those of the environment; `--set stop...` wins over both.

        Raises InputError after the first fault, and for what could never hold.
        """
        if self.record.case.faults:
            raise InputError(STOPPED_LATE)
        self._stop_when |= conditions
        environment, timing, addresses = self._backend.environment, self._backend.timing, self.record.case.addresses
        stop = conditions_of(environment, timing, self._settings, self._stop_when, addresses)
        self.record.note(stop=stop)
        self._loop.stop_when(stop)

    def override(self, **settings: Any) -> None:
        """What the scenario sets as `--set` would."""
        self._settings = replace(self._settings, **settings)

    def be_control(self, expected: Verdict, *, applies_nothing: bool = False) -> None:
        """This drill is broken on purpose and must end with `expected`; applies_nothing: since no fault ever bites."""
        self.record.note(control=expected, control_applies_nothing=applies_nothing)

    def require_world(self, need: str) -> None:
        """This drill needs a world that can do something; see harness.faults.needs. Raises NotMeasurable."""
        if (reason := lacking((need,), self._backend.capabilities())) is not None:
            raise NotMeasurable(reason)

    @step
    def deploy(self, change: str) -> None:
        """Roll a change of the application's pods out in every place, and wait until it is there."""
        self._require_running()
        self._backend.deploy(change)

    def vary(self, component: str, name: str, value: str) -> None:
        """Start a component with this environment variable, whatever its file says of it. Raises InputError."""
        if self._opened:
            raise InputError("which variables a component has is said before the application runs")
        if missing := components_missing([component], self._backend.subject):
            raise InputError(f"no component is called {missing[0]}, so it cannot be given {name}")
        self.override(variables=(*self._settings.variables, (component, name, value)))

    def replace_functions(self, file: str) -> None:
        """Have all functions run the `lambda_handler` of a file, named from the subject's folder. Raises InputError."""
        folder = self._backend.subject.folder
        if self._opened:
            raise InputError("which handler functions run is said before the application runs")
        if not (folder / file).is_file():
            raise InputError(f"functions cannot run {file}: there is no such file in {folder}")
        self.override(functions=(folder / file).resolve())

    @step
    def reach_steady_state(self, region: str) -> None:
        """Wait for a steady state. Without one: MISSED where the subject is to blame, else INVALID."""
        self._start(Phase.STEADY, region)
        self._loop.until(Phase.STEADY, need_steady=True)
        self._served_by(region)

    # --- When --------------------------------------------------------------------------------------------------

    @step
    def inject(
        self, kind: str, *, region: str | None = None, mode: str | None = None, for_s: float | None = None,
        **parameters: Any,
    ) -> None:  # fmt: skip
        """Apply a fault; wait until the witness has seen it bite. for_s (production seconds): heal it after that.

        Raises NotMeasurable when the world cannot do what it needs.
        """
        target = (
            None
            if region is None
            else target_of(region, self._backend.environment, struck(kind, parameters.get("service")))
        )
        fault = fault_named(kind, target=target, mode=self._settings.mode_of(kind, mode), **parameters)
        self._require_running()
        if not self._settings.fault_none and (reason := lacking(fault.needs, self._backend.capabilities())):
            raise NotMeasurable(reason)
        if self._settings.failover_off and not self._failover_disabled:
            self._backend.disable_failover()
            self._failover_disabled = True
        if not self._settings.fault_none:
            self._loop.take_in()
            self._loop.look()  # which may take a while: whether anything says stop is asked after it
            self._loop.arm()
        self._loop.enter(Phase.FAULT)
        if self._settings.fault_none:
            self.record.announce(fault, self._clock.now_ns(), self.active_region)
            self._loop.until(Phase.FAULT)
            return
        began_ns = self._clock.now_ns()
        try:
            active = self._backend.inject(fault)
        except DrillAborted:
            self.record.broken_off(fault, began_ns, self._clock.now_ns(), self.active_region)
            raise
        self._loop.applied()
        self.record.apply(fault, active, self.active_region)
        self._loop.observation.watch_canaries(self.record.case.faults[-1])
        if for_s is None:
            self._loop.until(Phase.FAULT)
        else:
            index = len(self.record.case.faults) - 1
            self._watch_until(active.started.mono_ns + to_ns(self.scaled_s(for_s)))
            self._undo([index])
            self.record.concluded = True

    @step
    def stall_replication(self, for_s: float | None) -> None:
        """Stall replication; after `for_s` (production seconds) the scenario goes on while the stall holds."""
        self.inject("replication-stall")
        if for_s is not None:
            passed_s = to_s(self._clock.now_ns() - self.record.case.faults[-1].started_ns)
            self.watch(self.scaled_s(for_s) - passed_s)

    @step
    def watch(self, seconds: float) -> None:
        """Let `seconds` (wall) pass under observation."""
        self._require_running()
        self._watch_until(self._clock.now_ns() + to_ns(max(0.0, seconds)))

    # --- Then --------------------------------------------------------------------------------------------------

    @step
    def require_recovery(self, region: str) -> None:
        """Wait until every judged client is served by that place and nothing fails for the window; judge the RTO."""
        self._require_running(region)
        self.record.expect(region)
        requirement = self.record.require("rto", place=region)
        self._loop.observation.expect_active(region)
        self._loop.enter(Phase.RECOVERY, place=region)
        try:
            self._loop.until(Phase.RECOVERY)
        except DrillMissed as missed:
            if self._loop.observation.live.recovered_since_ns is None:
                self.record.judged = (requirement, str(missed))  # the recovery time will say so, with its numbers
            # What is waited for is a time without any failure. The measurement knows how much failed before the fault,
            # and that some of it may go on: where it sees a recovery, there was one.
            if self._loop.judged(requirement).verdict is Verdict.MISSED:
                raise
        self._served_by(region)
        self.record.recovered_ns = self._loop.observation.live.recovered_since_ns
        self._loop.mark(Phase.RECOVERED)
        self._loop.judge_now(requirement)

    @step
    def require_nowhere(self) -> None:
        """Every place is lost: watch for the window that nobody serves the clients."""
        self._require_running()
        self._watch_until(self._clock.now_ns() + self.record.case.window_ns)
        requirement = self.record.require("nowhere-to-go", until_ns=self._clock.now_ns())
        self.record.concluded = True
        self._loop.judge_now(requirement)

    @step
    def require_failback(self, region: str) -> None:
        """Wait until all judged clients are served by that place again."""
        self.record.require("failback", place=region, from_ns=self.record.heal_ns)
        self._start(Phase.FAILBACK, region)
        self._loop.until(Phase.FAILBACK)
        self._served_by(region)

    @step
    def require_no_failover(self, region: str) -> None:
        """After a blip, or since clients were last served: no answer changed, and nobody else acknowledged writes."""
        self._require_running(region)
        from_ns = self.record.settled_ns
        self.record.require("no-failover", place=region, from_ns=from_ns)
        self._loop.observation.expect_active(region)
        self._watch_until(self._clock.now_ns() + self.record.case.window_ns)
        until_ns = self._clock.now_ns()
        requirement = self.record.require("no-failover", place=region, from_ns=from_ns, until_ns=until_ns)
        self.record.concluded = True
        self._loop.judge_now(requirement)

    @step
    def require_database(self, region: str) -> None:
        """Wait until the writes of the judged clients are stored by the database of that place."""
        self._require_running(region)
        deadline_ns = self._clock.now_ns() + self.record.case.limits.failback_timeout_ns
        while True:
            now_ns = self._clock.now_ns()
            since_ns = now_ns - _STRETCH_NS
            requirement = self.record.require(databases.NAME, place=region, from_ns=since_ns, until_ns=now_ns)
            if self._loop.judged(requirement, since_ns).verdict is Verdict.MET or now_ns >= deadline_ns:
                break
            self._watch_until(min(now_ns + _LOOK_NS, deadline_ns))
        self._loop.judge_now(requirement)

    @step
    def require_error_budget(self, seconds: float) -> None:
        """Watch until `seconds` (wall) after the fault's start; judge the share of requests that failed."""
        self.record.require("error-budget")
        self._require_running()
        faults = self.record.case.faults
        started_ns = faults[-1].started_ns if faults else self._clock.now_ns()
        self._watch_until(started_ns + to_ns(seconds))
        requirement = self.record.require("error-budget", until_ns=self._clock.now_ns())
        self.record.concluded = True
        self._loop.judge_now(requirement)

    @step
    def require(self, requirement: str, *, at_rest: bool = False) -> None:
        """Judge a requirement of `judgement` now. at_rest: on the final data, so the clients are stopped first."""
        wanted = self.record.require(requirement, whole=requirement in WHOLE)
        if at_rest:
            self._settle(patient=True)
        self._loop.judge_now(wanted)

    def require_control(self) -> None:
        """The drill must have ended as a control must; that it did not is no ending of the drill inside it."""
        if self.record.case.ended_by is None:
            self._control_broken = True
            raise DrillMissed(f"the control does not hold: nothing made this drill {self.record.case.control}")
