"""Drill: what the steps of a scenario talk to. Waits, injects, and asks for judgement; decides nothing itself.

The waiting is decided by `lifecycle`, the numbers by `harness.measurement`, the verdicts by `harness.checkers`.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any, Concatenate, ParamSpec

from harness.clock import monotonic_ns, to_ns, to_s
from harness.drill import judgement, lifecycle
from harness.drill.backend import Backend, holding
from harness.drill.conclusion import conclude, verdict_of
from harness.drill.evidence import DrillResult
from harness.drill.lifecycle import Announce, Enter, GiveUp, Limits, Observed, Phase, Reached
from harness.drill.observation import Observation
from harness.drill.plan import DrillPlan, limits_of, objectives_of, window_s
from harness.drill.progress import LiveStatus
from harness.drill.record import InjectedFault, Record
from harness.drill.status import live_status
from harness.errors import DrillInvalid, DrillMissed, DrillUnknown, InputError, VerdictReached
from harness.faults.catalogue import fault_named
from harness.history.events import Mark
from harness.outcome import Verdict

POLL_S = 0.05
_VERDICT_ERRORS: dict[Verdict, type[VerdictReached]] = {
    Verdict.MISSED: DrillMissed,
    Verdict.UNKNOWN: DrillUnknown,
    Verdict.INVALID: DrillInvalid,
}


P = ParamSpec("P")


def _step(method: Callable[Concatenate[Drill, P], None]) -> Callable[Concatenate[Drill, P], None]:
    """A step of the scenario. In a control, the verdict that it must end with ends the waiting, not the scenario."""

    @functools.wraps(method)
    def call(self: Drill, *args: P.args, **kwargs: P.kwargs) -> None:
        if self.record.ended_by is not None:
            return
        try:
            method(self, *args, **kwargs)
        except VerdictReached as reached:
            if verdict_of(reached) is not self.record.control:
                raise
            self.record.ended_by = reached

    return call


class Drill:
    """One drill on a world. Used from one thread; `finish` must be called once, whatever happened before."""

    def __init__(
        self, backend: Backend, plan: DrillPlan, folder: Path, show: Callable[[LiveStatus], None] = lambda _: None
    ) -> None:
        self._backend = backend
        self._plan = plan
        self._settings = plan.settings
        self._show = show
        self._started_ns = monotonic_ns()
        self._waits_prescribed_ns = 0
        self._stack = ExitStack()
        self._opened = False
        self._settled = False
        self._failover_disabled = False
        self._objectives = objectives_of(backend.environment, backend.timing, plan.settings)
        self._limits: Limits = limits_of(backend.environment, backend.timing, self._objectives)
        self._state = lifecycle.State(self._limits)
        self.name = plan.name
        self.record = Record(
            plan=plan,
            folder=folder,
            environment=backend.environment,
            timing=backend.timing,
            edges=dict(backend.edges),
            objectives=self._objectives,
            honours_time_scale=backend.subject.honours_time_scale,
        )
        self._observation = Observation(backend.environment, backend.edges)
        self.active_region = backend.environment.primary.name

    # --- Given -------------------------------------------------------------------------------------------------

    def region(self, words: str) -> str:
        """The region that `the primary region`, `the standby region` or `[region] NAME` means. Raises InputError."""
        environment = self._backend.environment
        named = words.removeprefix("the ").removeprefix("region ").removesuffix(" region")
        if named in ("primary", "standby"):
            return environment.primary.name if named == "primary" else environment.standby.name
        if environment.region_named(named) is None:
            known = ", ".join(region.name for region in environment.regions)
            raise InputError(f"unknown region {named}; this environment has: {known}")
        return named

    def scaled_s(self, production_s: float) -> float:
        """Production seconds in this profile's wall seconds."""
        return self._backend.timing.interval_s(production_s)

    def promise(self, **objectives: Any) -> None:
        """Objectives that the scenario states, over those of the environment; `--set objective...` wins over both."""
        stated = replace(self._objectives, **objectives)
        self._objectives = objectives_of(self._backend.environment, self._backend.timing, self._settings, stated)
        self._limits = limits_of(self._backend.environment, self._backend.timing, self._objectives)
        self._state = replace(self._state, limits=self._limits)

    def override(self, **settings: Any) -> None:
        """What the scenario sets as `--set` would."""
        self._settings = replace(self._settings, **settings)

    def be_control(self, expected: Verdict) -> None:
        """This drill is broken on purpose and must end with `expected`."""
        self.record.control = expected

    @_step
    def open(self) -> None:
        """Start the subject and the clients on fresh data, once."""
        if self._opened:
            return
        self._enter(Phase.STARTING)
        self._opened = True
        self._backend.open_drill(self.record.folder, self._settings)
        self.record.calibration = dict(self._backend.calibration())

    @_step
    def reach_steady_state(self, region: str) -> None:
        """Wait for the steady state of rest or of afterwards. INVALID when there is none before any fault."""
        self.open()
        self._require_running()
        self._observation.expect_active(region)
        self._enter(Phase.STEADY)
        self._until(Phase.STEADY, need_steady=True)

    # --- When --------------------------------------------------------------------------------------------------

    @_step
    def inject(
        self, kind: str, *, region: str | None = None, mode: str | None = None, for_s: float | None = None,
        **parameters: Any,
    ) -> None:  # fmt: skip
        """Apply a fault; wait until the witness has seen it bite. for_s (production seconds): heal it after that."""
        self.open()
        self._require_running()
        target = None if region is None else self.region(region)
        mode = self._settings.fault_mode if mode is not None and self._settings.fault_mode else mode
        fault = fault_named(kind, target=target, mode=mode, **parameters)
        if self._settings.failover_off and not self._failover_disabled:
            self._backend.disable_failover()
            self._failover_disabled = True
        self._observation.fault_begins()
        self._enter(Phase.FAULT)
        if self._settings.fault_none:
            self.record.faults.append(InjectedFault.never_applied(fault, monotonic_ns()))
            self._until(Phase.FAULT)
            return
        active = self._stack.enter_context(holding(self._backend.inject(fault)))
        self.record.faults.append(InjectedFault.of(fault, active))
        if for_s is None:
            self._until(Phase.FAULT)
        else:
            self.watch(to_s(active.started.mono_ns + to_ns(self.scaled_s(for_s)) - monotonic_ns()))
            active.heal()

    @_step
    def stall_replication(self, for_s: float | None) -> None:
        """Stall replication; after `for_s` (production seconds) the scenario goes on while the stall holds."""
        self.inject("replication-stall")
        if for_s is not None:
            self.watch(self.scaled_s(for_s))

    @_step
    def watch(self, seconds: float) -> None:
        """Let `seconds` (wall) pass under observation."""
        self.open()
        self._enter(Phase.OBSERVE, monotonic_ns() + to_ns(max(0.0, seconds)))
        self._until(Phase.OBSERVE)

    def heal(self) -> None:
        """Undo every fault that holds."""
        self._enter(Phase.HEAL)
        self._stack.close()
        self._observation.healed(monotonic_ns())

    # --- Then --------------------------------------------------------------------------------------------------

    @_step
    def require_recovery(self, region: str) -> None:
        """Wait until every judged client is served again and nothing fails for the window; judge the RTO."""
        self._require_running()
        self.record.require("rto")
        self.record.expected_region = region
        self._enter(Phase.RECOVERY)
        self._until(Phase.RECOVERY)
        self.record.recovered_ns = self._observation.live.recovered_since_ns
        self.active_region = region
        self._judge_now("rto")

    @_step
    def require_recovery_point(self) -> None:
        """Judge what the survivor lacked when it took over."""
        self.record.require("rpo")
        self._judge_now("rpo")

    @_step
    def require_stall_in_recovery_point(self) -> None:
        """The recovery point must be no smaller than the stall of replication that came before the loss."""
        self.record.require("rpo-shows-stall")
        self._judge_now("rpo-shows-stall")

    @_step
    def require_failback(self, region: str) -> None:
        """Wait until all judged clients are served by the primary again."""
        self._require_running()
        self.record.require("failback")
        self._observation.expect_active(region)
        self._enter(Phase.FAILBACK)
        self._until(Phase.FAILBACK)
        self.active_region = region

    @_step
    def require_nothing_lost(self) -> None:
        """Stop the clients, let replication settle, and compare both regions with the ledger."""
        self.record.require("durability")
        self._settle()
        self._judge_now("durability")

    @_step
    def require_same_data(self) -> None:
        """Both regions hold the same items."""
        self.record.require("same-data")
        self._settle()
        self._judge_now("same-data")

    @_step
    def require_no_split_brain(self) -> None:
        """No write was acknowledged by a region after a later epoch had been seen elsewhere."""
        self.record.require("split-brain")
        self._judge_now("split-brain")

    @_step
    def require_no_failover(self, region: str) -> None:
        """After a blip: the answer did not change, and nobody else acknowledged writes."""
        self.record.require("no-failover")
        self._observation.expect_active(region)
        self.watch(to_s(self._limits.window_ns))
        self.record.blip_ended_ns = monotonic_ns()
        self._judge_now("no-failover")

    @_step
    def require_error_budget(self, seconds: float) -> None:
        """Watch until `seconds` (wall) after the fault's start; judge the share of requests that failed."""
        self.record.require("error-budget")
        started = self.record.faults[-1].started_ns if self.record.faults else monotonic_ns()
        self.watch(to_s(started + to_ns(seconds) - monotonic_ns()))
        self.record.budget_ended_ns = monotonic_ns()
        self._judge_now("error-budget")

    def require_control(self) -> None:
        """The drill must have ended as a control must."""
        if self.record.ended_by is None:
            raise DrillMissed(f"the control does not hold: nothing made this drill {self.record.control}")

    # --- the end -----------------------------------------------------------------------------------------------

    def finish(self, ended_by: BaseException | None) -> DrillResult:
        """Heal, settle, measure. ended_by: what ended the scenario early, a VerdictReached or None."""
        if isinstance(ended_by, VerdictReached):
            self.record.ended_by = ended_by
        if self._opened:
            self.heal()
            self._settle(patient=ended_by is None)
            self.record.logs = tuple(self._backend.close_drill())
        self._enter(Phase.DONE)
        self.record.limits, self.record.objectives = self._limits, self._objectives
        self.record.settings = self._settings
        self.record.window_ns = to_ns(window_s(self._backend.environment, self._backend.timing))
        self.record.duration_ns = monotonic_ns() - self._started_ns
        self.record.prescribed_ns = self._waits_prescribed_ns
        return conclude(self.record, self._observation.events)

    def abandon(self) -> None:
        """Undo everything without measuring: after Ctrl-C, or when the world itself failed."""
        self._stack.close()

    # --- inside ------------------------------------------------------------------------------------------------

    def _enter(self, phase: Phase, until_ns: int | None = None) -> None:
        self._advance(Enter(phase, until_ns))

    def _advance(self, event: Enter | Observed) -> Sequence[lifecycle.Effect]:
        self._state, effects = lifecycle.step(self._state, event, monotonic_ns())
        for effect in effects:
            if isinstance(effect, Announce):
                self._observation.take([Mark(effect.phase.value, monotonic_ns())])
        return effects

    def _until(self, phase: Phase, *, need_steady: bool = False) -> None:
        """Run the loop until the lifecycle has reached `phase`; raises when it gives up."""
        began_ns = monotonic_ns()
        try:
            self._loop(phase, need_steady)
        finally:
            self._waits_prescribed_ns += monotonic_ns() - began_ns

    def _loop(self, phase: Phase, need_steady: bool) -> None:
        while True:
            self._observation.take(self._backend.poll())
            self.record.deaths = tuple(self._backend.deaths())
            evidence = self._backend.steady_evidence() if need_steady else None
            facts = self._observation.facts(monotonic_ns(), self.record.faults, evidence)
            effects = self._advance(Observed(facts))
            self._show(live_status(self._plan, self.record, self._observation, self._state, self._started_ns))
            for effect in effects:
                if isinstance(effect, GiveUp):
                    self._give_up(effect)
                if isinstance(effect, Reached) and effect.phase is phase:
                    return
            time.sleep(POLL_S)

    def _give_up(self, effect: GiveUp) -> None:
        raise _VERDICT_ERRORS[effect.verdict](effect.reason)

    def _judge_now(self, requirement: str) -> None:
        self._observation.take(self._backend.poll())
        self._refresh_record()
        result = judgement.judge(requirement, self.record, self._observation.events)
        if result.verdict in (Verdict.MISSED, Verdict.INVALID):
            raise _VERDICT_ERRORS[result.verdict](result.text)

    def _refresh_record(self) -> None:
        self.record.limits, self.record.objectives = self._limits, self._objectives
        self.record.settings = self._settings
        self.record.edges = dict(self._backend.edges)
        self.record.window_ns = self._limits.window_ns
        commits = self._backend.commits()
        self.record.commits = None if commits is None else tuple(commits)

    def _settle(self, *, patient: bool = True) -> None:
        """Stop the clients, then wait until both regions hold the same data, or stop changing."""
        if self._settled:
            return
        self._settled = True
        self._enter(Phase.QUIESCE)
        self._backend.stop_workload()
        self._observation.take(self._backend.poll())
        deadline = monotonic_ns() + to_ns(10.0 if patient else 5.0)
        data = self._backend.data()
        while not judgement.converged(data) and monotonic_ns() < deadline:
            time.sleep(2 * POLL_S)
            data = self._backend.data()
        self.record.final_data = data
        self._refresh_record()

    def _require_running(self) -> None:
        if self._settled:
            raise InputError("this step needs clients at work, but an earlier step has stopped them to compare data")
