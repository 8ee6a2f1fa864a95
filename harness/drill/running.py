"""A drill on a world: what it is made of, its beginning and its end. What scenarios demand of it is in `facade`."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from harness.drill import case_files
from harness.drill.backend import Backend
from harness.drill.case_files import Filed
from harness.drill.conclusion import HISTORY, conclude, unjudged
from harness.drill.evidence import DrillResult
from harness.drill.judging.failure import judging
from harness.drill.lifecycle import Phase
from harness.drill.loop import DrillLoop
from harness.drill.masking import masked
from harness.drill.plan import DrillPlan, objectives_of
from harness.drill.progress import LiveStatus
from harness.drill.record import opening
from harness.drill.stepping import step
from harness.drill.stopping.command import missing
from harness.drill.words import healed_by
from harness.errors import DrillAborted, InputError, JudgingFailed, NotMeasurable, VerdictReached
from harness.faults.needs import lacking
from harness.outcome import Verdict
from harness.topology.stop import StopErrors
from harness.units import to_ns
from harness.wire.placeholders import values


class RunningDrill:
    """The parts of a drill, and what its steps share."""

    def __init__(
        self, backend: Backend, plan: DrillPlan, folder: Path, show: Callable[[LiveStatus], None] | None = None
    ) -> None:
        environment, timing = backend.environment, backend.timing
        objectives = objectives_of(environment, timing, plan.settings)
        if told := missing(environment):
            raise InputError(told)
        self.name = plan.name
        self.active_region = environment.primary.name
        self.record = opening(plan, folder, environment, timing, objectives, backend.edges, backend.subject)
        self._settings = plan.settings
        self._backend = backend
        self._clock = backend.clock
        self._loop = DrillLoop(backend, self.record, show)
        backend.meanwhile = self._loop.heed
        self.finished = self._opened = self._settled = False
        self._failover_disabled = False
        self._stop_when: dict[str, StopErrors] = {}
        self._control_broken = False
        self._hashes: Mapping[str, str] = {}

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

    def heal(self, region: str | None = None) -> None:
        """Undo every fault that holds, or only those of one place. Raises InputError when none of that place holds."""
        place, own = (None, None) if region is None else healed_by(region, self._backend.environment)
        faults = self.record.case.faults
        chosen = [index for index in self.record.active if own is None or faults[index].target in own]
        never = self.record.case.ended_by is not None or any(f.target in (own or ()) and not f.applied for f in faults)
        if place is not None and not chosen and not never:
            raise InputError(f"no fault of {place} holds, so there is nothing to heal there")
        self._loop.enter(Phase.HEAL, counts_anew=place is not None and len(chosen) < len(self.record.active))
        ended = self.record.case.ended_by
        # An abort heals before anything else; so does a drill that proves nothing, of which no loss is judged.
        if chosen and (ended is None or ended.verdict not in (Verdict.ABORTED, Verdict.INVALID)):
            self._loop.look()
        self._undo(chosen, place or "")
        self._loop.observation.healed()

    def _undo(self, chosen: Sequence[int], place: str = "") -> None:
        """Heal these; where nothing else holds, nothing needs to be stopped any more."""
        self.record.heal(chosen, self.active_region, place)
        if not self.record.active:
            self._loop.disarm()
        if chosen and self.record.case.ended_by is None and not self.finished:
            self._loop.refuse_breach()  # one that held while healing took long

    def end_at_once(self, aborted: DrillAborted) -> None:
        """Heal everything now, before anybody is told; what follows of the scenario does nothing."""
        self.record.ended(aborted)
        held = tuple(self.record.active)
        self.heal()
        self._loop.see_healed([self.record.case.faults[index] for index in held])

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
            record.note(logs=tuple(self._backend.close_drill()), calibration=dict(self._backend.calibration()))
            self._loop.take_in()
        self._loop.enter(Phase.DONE)
        record.note(prescribed_ns=self._loop.waited_ns, deaths=self._loop.deaths, at_rest=self._loop.at_rest)
        record.note(duration_ns=self._clock.now_ns() - self._loop.started_ns)
        seen = Filed(record.case, self._loop.observation.events, record.commits, record.final)
        filed = masked(seen, values(self._backend.subject.variables(), os.environ))
        self._hashes = case_files.write(record.folder, filed)
        try:
            with judging():
                result = conclude(filed.case, filed.events, filed.commits, filed.final)
        except JudgingFailed as error:
            result = unjudged(filed.case, str(error))
        return self._sealed(result)

    def without_judgement(self, reason: str) -> DrillResult:
        """Its evidence where what was judged of it cannot be filed. It has been finished."""
        return self._sealed(unjudged(self.record.case, reason))

    def _sealed(self, result: DrillResult) -> DrillResult:
        digest = self._hashes[f"{self.record.folder.name}/{HISTORY}"]
        return replace(result, files=self._hashes, history_sha256=digest)

    def abandon(self) -> None:
        """Undo everything without measuring: after Ctrl-C, or when the world itself failed."""
        self.record.heal(tuple(self.record.active), self.active_region)

    # --- what steps share --------------------------------------------------------------------------------------

    def need(self, capability: str) -> None:
        """This drill is about something that not every world has: see harness.faults.needs. Raises NotMeasurable."""
        if reason := lacking((capability,), self._backend.capabilities()):
            raise NotMeasurable(reason)

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

    def _settle(self, *, patient: bool, first: Callable[[], None] = lambda: None) -> None:
        if not self._settled:
            self._settled = True
            self._loop.settle(patient=patient, first=first)

    def _require_running(self, region: str | None = None) -> None:
        if region is not None and region not in self.record.case.addresses:
            raise InputError(f"{region} has no address at the edge, so no client can be served by it")
        self.open()
        if self._settled:
            raise InputError("this step needs clients at work, but an earlier step has stopped them to compare data")
