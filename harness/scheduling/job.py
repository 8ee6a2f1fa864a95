"""`drill schedule run`: what cron calls. One run with everything around it, written down whatever becomes of it."""

from __future__ import annotations

import os
import platform
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from harness.clock import wall_time
from harness.drill.options import reports_folder
from harness.errors import DrillError, InputError
from harness.processes.interruption import EXIT_INTERRUPTED, held
from harness.scheduling import child, filed, planned
from harness.scheduling.message import Message, missed_sentence
from harness.scheduling.notifying import notify
from harness.scheduling.outcome import ERROR, INTERRUPTED, OVERLAP, RunOutcome, outcome_of
from harness.scheduling.record import WHY_MAX, Began, Ended, Overlap, State, as_fields
from harness.scheduling.schedule import Schedule, moment, program, told
from harness.scheduling.store import Store
from harness.scheduling.telling import Reason, reason_to_tell, reason_to_tell_of_overlap
from harness.scheduling.variables import of_run

EXIT_OVERLAP = 75
"""EX_TEMPFAIL of sysexits.h: nothing is wrong, and nothing was run."""
EXIT_HARNESS = 3
Say = Callable[[str], None]


@dataclass(frozen=True)
class Job:
    """One start of a schedule. kept: by the store, and not only in a file somewhere.

    say: tells sentences. warn: tells what went wrong.
    given: the environment of `drill schedule run`. here: the folder of runs that name none.
    """

    schedule: Schedule
    store: Store
    given: Mapping[str, str]
    here: Path
    say: Say
    warn: Say
    kept: bool = True

    def run(self) -> int:
        """Run, unless one goes on. The exit code: of `drill run`, or that of an overlap."""
        began, name = wall_time(), self.schedule.name
        with self.store.running(name) as ours:
            if self.kept and name not in self.store.names():  # removed while we came
                if ours:
                    self.store.forget(name)
                raise InputError(f"no schedule {name}: it has been removed")
            state = self.store.history(name)
            begins = self._begins(began, state)
            if not ours:
                return self._overlap(begins, state)
            self.store.add(name, begins)
            if begins.missed_count:
                self.warn(missed_sentence(begins.without_run))
            try:
                return self._run(began, begins, state)
            except KeyboardInterrupt:
                with held():
                    self._ended(RunOutcome(INTERRUPTED, EXIT_INTERRUPTED, "it was interrupted"), state)
                raise

    def _begins(self, began: datetime, state: State) -> Began:
        schedule = self.schedule
        expression, zone = schedule.expression, schedule.tzinfo
        since = state.accounted or moment(schedule.created)
        due = planned.covered(expression, zone, began, since, schedule.late)
        until = due or began
        lost = planned.missed(expression, zone, since, until) if until > since else planned.NONE_MISSED
        return Began.model_validate(
            {
                "at": told(began),
                "accounted": told(max(until, since)),
                "planned": None if due is None else told(due),
                "pid": os.getpid(),
                **as_fields(lost),
            }
        )

    def _run(self, began: datetime, begins: Began, state: State) -> int:
        schedule = self.schedule
        due = None if begins.planned is None else moment(begins.planned)
        if schedule.window_s:
            pause_s = secrets.randbelow(schedule.window_s * 1000) / 1000
            self.say(f"begins in {pause_s:.0f} s, at random within {schedule.window_s} s")
            time.sleep(pause_s)
        variables: Mapping[str, str] = self.given
        removed, problems = 0, []
        try:
            variables = of_run(schedule, self.given)
            with self.store.on_this_machine(schedule.wait_s) as alone:
                if not alone:
                    return self._too_busy(began, due, state, variables)
                outcome, reports = self._drill(variables)
        except DrillError as error:
            outcome, reports = RunOutcome(ERROR, EXIT_HARNESS, str(error)[:WHY_MAX]), None
        try:
            if outcome.folder is not None:
                filed.mark(outcome.folder, schedule, due)
            if reports is not None:
                removed = len(filed.clear_away(schedule, reports, wall_time()))
        except DrillError as error:
            problems.append(str(error))
        tell = self.warn if outcome.verdict == ERROR else self.say
        tell(outcome.verdict + (f": {outcome.why}" if outcome.why else ""))
        for problem in problems:
            self.warn(problem)
        message = replace(
            self._message(outcome.verdict, began, due),
            exit_code=outcome.exit_code, run_id=outcome.run_id, drills=outcome.drills, missed=begins.without_run,
            report=None if outcome.folder is None else str(outcome.folder / "report.html"),
            note=" ".join(filter(None, (outcome.why if outcome.verdict == ERROR else "", *problems))),
        )  # fmt: skip
        count = begins.missed_count
        self._ended(
            outcome, state, message, variables,
            lambda known: reason_to_tell(schedule.notify, known, outcome.verdict, count), removed=removed,
        )  # fmt: skip
        return outcome.exit_code

    def _drill(self, variables: Mapping[str, str]) -> tuple[RunOutcome, Path]:
        """`drill run`, as it was asked for."""
        schedule = self.schedule
        folder = self.here if schedule.folder is None else Path(schedule.folder)
        if not folder.is_dir():
            raise InputError(f"{folder}: there is no such folder any more, and drill run belongs there")
        reports = folder / reports_folder(schedule.reports, variables, folder)
        options = [*schedule.options.arguments(), f"--reports={reports}"]
        command = [*program(), "run", *options, "--", *schedule.drills]
        output = self.store.output(schedule.name) if self.kept else None
        done = child.run(command, folder, variables, schedule.limit_s, output)
        stopped = f"it was stopped: it took longer than {schedule.limit_s} s" if done.too_long else ""
        code = EXIT_HARNESS if done.too_long else done.exit_code
        return outcome_of(code, filed.folder_of(reports, done.pid), done.printed, stopped), reports

    def _too_busy(self, began: datetime, due: datetime | None, state: State, variables: Mapping[str, str]) -> int:
        """Another schedule's run went on for too long."""
        text = f"a run of another schedule still went on after {self.schedule.wait_s} s; nothing was run"
        self.warn(text)
        message = replace(self._message(OVERLAP, began, due), note=text)
        policy = self.schedule.notify
        self._ended(
            RunOutcome(OVERLAP, EXIT_OVERLAP, text), state, message, variables,
            lambda _: reason_to_tell_of_overlap(policy, 0), learns=False,
        )  # fmt: skip
        return EXIT_OVERLAP

    def _overlap(self, begins: Began, state: State) -> int:
        """A run of this schedule goes on."""
        running = "" if state.began is None else f" that began at {state.began.at} (pid {state.began.pid})"
        text = f"overlap: a run of {self.schedule.name}{running} still goes on; nothing was run"
        self.warn(text)
        due = None if begins.planned is None else moment(begins.planned)
        message = replace(self._message(OVERLAP, moment(begins.at), due), note=text, missed=begins.without_run)
        try:
            variables: Mapping[str, str] = of_run(self.schedule, self.given)
        except DrillError as error:
            variables = self.given
            self.warn(str(error))
        policy, before = self.schedule.notify, state.overlaps
        done = notify(
            self.schedule, state.told, variables,
            lambda _: reason_to_tell_of_overlap(policy, before), message, learns=False,
        )  # fmt: skip
        self._say_unsent(done.unsent)
        fields = begins.model_dump(exclude={"event", "pid"})
        self.store.add(
            self.schedule.name,
            Overlap(
                **fields,
                of=running.strip() or "a run",
                notified=tuple(done.done),
                unsent=tuple(done.unsent),
            ),
        )
        return EXIT_OVERLAP

    def _ended(
        self,
        outcome: RunOutcome,
        state: State,
        message: Message | None = None,
        variables: Mapping[str, str] | None = None,
        why: Callable[[str | None], Reason | None] | None = None,
        *,
        learns: bool = True,
        removed: int = 0,
    ) -> None:
        """Tell whoever wants to know, and write the end down."""
        known: Mapping[str, str] = state.told
        done_names: tuple[str, ...] = ()
        unsent: tuple[str, ...] = ()
        if message is not None and variables is not None and why is not None:
            done = notify(self.schedule, known, variables, why, message, learns=learns)
            known, done_names, unsent = done.told, tuple(done.done), tuple(done.unsent)
            self._say_unsent(unsent)
        self.store.add(
            self.schedule.name,
            Ended(
                at=told(wall_time()), verdict=outcome.verdict, exit_code=outcome.exit_code, run_id=outcome.run_id,
                why=outcome.why[:WHY_MAX], removed=removed, told=dict(known), notified=done_names, unsent=unsent,
            ),
        )  # fmt: skip

    def _message(self, verdict: str, began: datetime, due: datetime | None) -> Message:
        return Message(
            self.schedule.name, Reason.ALWAYS, verdict, None, platform.node() or "this machine", began, wall_time(), due
        )

    def _say_unsent(self, unsent: tuple[str, ...] | list[str]) -> None:
        for text in unsent:
            self.warn(f"could not be told: {text}")
