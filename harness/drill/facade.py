"""Drill: what the steps of a scenario talk to. Waits, injects, and asks for judgement; decides nothing itself.

The waiting is decided by `lifecycle`, what belongs together by `episodes`, numbers and verdicts by `conclusion`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from harness.drill import case_files
from harness.drill.backend import Backend
from harness.drill.case_files import Filed
from harness.drill.conclusion import HISTORY, conclude
from harness.drill.evidence import DrillResult
from harness.drill.judgement import WHOLE
from harness.drill.lifecycle import Phase
from harness.drill.loop import DrillLoop
from harness.drill.plan import DrillPlan, limits_of, objectives_of
from harness.drill.progress import LiveStatus
from harness.drill.record import opening
from harness.drill.stepping import step
from harness.drill.words import deciders_of, healed_by, place_of, target_of
from harness.errors import DrillInvalid, DrillMissed, InputError, VerdictReached
from harness.faults.catalogue import fault_named, struck
from harness.outcome import Verdict
from harness.units import to_ns, to_s

NO_MONITOR = "the subject's file names no components that decide about failover, so nothing can happen to them"
PROMISED_LATE = "an objective is promised before the first fault, and holds for the whole drill"


class Drill:
    """One drill on a world. Used from one thread; `finish` or `abandon` must be called, whatever happened before."""

    def __init__(
        self, backend: Backend, plan: DrillPlan, folder: Path, show: Callable[[LiveStatus], None] | None = None
    ) -> None:
        environment, timing = backend.environment, backend.timing
        objectives = objectives_of(environment, timing, plan.settings)
        self.name = plan.name
        self.active_region = environment.primary.name
        self.record = opening(plan, folder, environment, timing, objectives, backend.edges, backend.subject)
        self._settings = plan.settings
        self._backend = backend
        self._clock = backend.clock
        self._loop = DrillLoop(backend, self.record, show)
        self.finished = self._opened = self._settled = False
        self._failover_disabled = False
        self._control_broken = False

    # --- Given -------------------------------------------------------------------------------------------------

    def region(self, words: str) -> str:
        """The place that `the primary region`, `the standby region` or `[region] NAME` means. Raises InputError."""
        return place_of(words, self._backend.environment)

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

    def promise(self, **objectives: Any) -> None:
        """Objectives that the scenario states, over those of the environment; `--set objective...` wins over both.

        They are those of the whole drill. Raises InputError after its first fault.
        """
        if self.record.case.faults:
            raise InputError(PROMISED_LATE)
        environment, timing = self._backend.environment, self._backend.timing
        stated = replace(self.record.case.objectives, **objectives)
        promised = objectives_of(environment, timing, self._settings, stated)
        self.record.note(objectives=promised, limits=limits_of(environment, timing, promised))
        self._loop.limit(self.record.case.limits)

    def override(self, **settings: Any) -> None:
        """What the scenario sets as `--set` would."""
        self._settings = replace(self._settings, **settings)

    def be_control(self, expected: Verdict) -> None:
        """This drill is broken on purpose and must end with `expected`."""
        self.record.note(control=expected)

    @step
    def open(self) -> None:
        """Start the subject and the clients on fresh data, once."""
        if self._opened:
            return
        self._loop.enter(Phase.STARTING)
        self._opened = True
        self._backend.open_drill(self.record.folder, self._settings)
        calibration = dict(self._backend.calibration())
        self.record.note(calibration=calibration)
        self._loop.waited_ns += to_ns(calibration.get("took_s", 0.0))

    @step
    def reach_steady_state(self, region: str) -> None:
        """Wait for the steady state of rest, or of afterwards. INVALID when there is none before any fault."""
        self._start(Phase.STEADY, region)
        self._loop.until(Phase.STEADY, need_steady=True)
        self._served_by(region)

    # --- When --------------------------------------------------------------------------------------------------

    @step
    def inject(
        self, kind: str, *, region: str | None = None, mode: str | None = None, for_s: float | None = None,
        **parameters: Any,
    ) -> None:  # fmt: skip
        """Apply a fault; wait until the witness has seen it bite. for_s (production seconds): heal it after that."""
        target = (
            None
            if region is None
            else target_of(region, self._backend.environment, struck(kind, parameters.get("service")))
        )
        fault = fault_named(kind, target=target, mode=self._settings.mode_of(kind, mode), **parameters)
        self._require_running()
        if self._settings.failover_off and not self._failover_disabled:
            self._backend.disable_failover()
            self._failover_disabled = True
        self._loop.enter(Phase.FAULT)
        if self._settings.fault_none:
            self.record.announce(fault, self._clock.now_ns(), self.active_region)
            self._loop.until(Phase.FAULT)
            return
        self._loop.take_in()
        active = self._backend.inject(fault)
        self.record.apply(fault, active, self.active_region)
        self._loop.observation.watch_canaries(self.record.case.faults[-1])
        if for_s is None:
            self._loop.until(Phase.FAULT)
        else:
            index = len(self.record.case.faults) - 1
            self._watch_until(active.started.mono_ns + to_ns(self.scaled_s(for_s)))
            self.record.heal([index], self.active_region)
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

    def heal(self, region: str | None = None) -> None:
        """Undo every fault that holds, or only those of one place. Raises InputError when none of that place holds."""
        place, own = (None, None) if region is None else healed_by(region, self._backend.environment)
        faults = self.record.case.faults
        chosen = [index for index in self.record.active if own is None or faults[index].target in own]
        never = self.record.case.ended_by is not None or any(f.target in (own or ()) and not f.applied for f in faults)
        if place is not None and not chosen and not never:
            raise InputError(f"no fault of {place} holds, so there is nothing to heal there")
        self._loop.enter(Phase.HEAL, counts_anew=place is not None and len(chosen) < len(self.record.active))
        self.record.heal(chosen, self.active_region, place or "")
        self._loop.observation.healed()

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
        except DrillMissed:
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

    # --- the end -----------------------------------------------------------------------------------------------

    def finish(self, ended_by: BaseException | None) -> DrillResult:
        """Heal, settle, measure, file. ended_by: what ended the scenario early, a VerdictReached or None."""
        self.finished = True
        record = self.record
        if isinstance(ended_by, VerdictReached) and not self._control_broken:
            record.ended(ended_by)
        if self._opened:
            self.heal()
            self._settle(patient=ended_by is None)
            record.note(logs=tuple(self._backend.close_drill()))
            self._loop.take_in()
        self._loop.enter(Phase.DONE)
        record.note(prescribed_ns=self._loop.waited_ns, deaths=self._loop.deaths)
        record.note(duration_ns=self._clock.now_ns() - self._loop.started_ns)
        filed = Filed(record.case, self._loop.observation.events, record.commits, record.final)
        hashes = case_files.write(record.folder, filed)
        result = conclude(filed.case, filed.events, filed.commits, filed.final)
        return replace(result, files=hashes, history_sha256=hashes[f"{record.folder.name}/{HISTORY}"])

    def abandon(self) -> None:
        """Undo everything without measuring: after Ctrl-C, or when the world itself failed."""
        self.record.heal(tuple(self.record.active), self.active_region)

    # --- inside ------------------------------------------------------------------------------------------------

    def _served_by(self, region: str) -> None:
        """A step has waited for that, and has seen it."""
        self.active_region = region
        self.record.settled(self._clock.now_ns())

    def _start(self, phase: Phase, region: str) -> None:
        self._require_running(region)
        self._loop.observation.expect_active(region)
        self._loop.enter(phase, place=region)

    def _watch_until(self, until_ns: int) -> None:
        self._loop.enter(Phase.OBSERVE, until_ns)
        self._loop.until(Phase.OBSERVE)

    def _settle(self, *, patient: bool) -> None:
        if not self._settled:
            self._settled = True
            self._loop.settle(patient=patient)

    def _require_running(self, region: str | None = None) -> None:
        if region is not None and region not in self.record.case.addresses:
            raise InputError(f"{region} has no address at the edge, so no client can be served by it")
        self.open()
        if self._settled:
            raise InputError("this step needs clients at work, but an earlier step has stopped them to compare data")
