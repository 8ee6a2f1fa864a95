"""Drills in a pytest session: the shared world, the run's evidence, and how a scenario's end becomes a verdict."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import pytest

from harness.drill.attempts import Attempts
from harness.drill.catalogue import typed
from harness.drill.conclusion import HISTORY, crashed
from harness.drill.evidence import DrillResult, NotMeasured, RunResult
from harness.drill.facade import Drill
from harness.drill.lifecycle import Phase
from harness.drill.options import RunOptions
from harness.drill.plan import DrillPlan
from harness.drill.progress import LiveStatus
from harness.drill.runner import Run

if TYPE_CHECKING:
    from harness.live.backend import LiveWorld
from harness.errors import (
    DrillError,
    HealError,
    InputError,
    SubjectError,
)
from harness.faults.model import Fault
from harness.outcome import Verdict
from harness.processes.interruption import guarded, held
from harness.pytest_plugin import agreement, steps
from harness.pytest_plugin import options as drill_options
from harness.pytest_plugin.agreement import not_here
from harness.pytest_plugin.host import Host
from harness.pytest_plugin.rehearsal import Rehearsed
from harness.pytest_plugin.scenarios import drill_of

_KEY = pytest.StashKey["DrillSession"]()
DRILL = pytest.StashKey[Drill]()
SHOWN = pytest.StashKey[Rehearsed]()
"""What a scenario would do to a world."""


class DrillSession:
    """One run within one pytest session."""

    def __init__(self, config: pytest.Config, host: Host | None) -> None:
        self._config = config
        self.host = host
        self._run: Run | None = None
        self._stack = ExitStack()
        self._signals = ExitStack()
        self.standing: LiveWorld | None = None
        self._facts: dict[str, Any] = {"versions": {}, "capabilities": {}, "machine": {}}
        self.pytest_session: pytest.Session | None = None
        self._broken: list[tuple[DrillPlan, Path | None, str, Attempts]] = []
        self._seen = False
        self._warm = False
        self.on_calibrated: Callable[[], None] = lambda: None
        self.planned = 0
        self.attempts = Attempts()
        self._begun = 0
        self.part: dict[str, Any] | None = None

    @functools.cached_property
    def options(self) -> RunOptions:
        """What this session was asked to do. Raises pytest.UsageError."""
        return self.host.run.options if self.host else drill_options.resolved(self._config)

    @property
    def run(self) -> Run:
        """The run; made when its first drill begins."""
        if self._run is None:
            self._run = self.host.run if self.host else Run(self.options, drill_options.shared_run(self._config))
            self._signals.enter_context(guarded())
        return self._run

    @property
    def started(self) -> bool:
        """Whether any drill has begun."""
        return self._run is not None

    def world(self) -> LiveWorld:
        """The world of this session, started when first asked for."""
        if self.standing is None:
            from harness.live.backend import LiveWorld  # the heavy half of the house, not for every pytest session
            from harness.live.ground import warm

            servers = self.host.take_servers() if self.host else None
            servers = servers or warm(self._stack, self.run.options)
            self.standing = self._stack.enter_context(LiveWorld(self.run.options, servers))
            self.standing.on_calibrated = lambda: self.on_calibrated()
            self._facts = {
                "versions": self.standing.versions(),
                "capabilities": self.standing.capabilities(),
                "machine": self.standing.machine(),
            }
        return self.standing

    def close_world(self) -> None:
        """Take the world down, whatever signal may come meanwhile; the next drill starts another."""
        self._note_machine()
        self.standing = None
        with held():
            self._stack.close()

    def _note_machine(self) -> None:
        """What the machine carries is known after a world's first drill only."""
        if self.standing is not None:
            self._facts["machine"] = self.standing.machine()

    def give_up(self, reason: str) -> None:
        """A mistake of the user's would meet every further drill of this run as well: end it after this one."""
        if self.pytest_session is not None:
            self.pytest_session.shouldfail = reason

    def end_world(self) -> None:
        """At the session's end: take the world down, or hand it to a host that is to keep it after a failure."""
        failed = self._run is not None and any(drill.verdict is not Verdict.MET for drill in self._run.drills)
        if self.standing is not None and failed and self.host is not None and self.run.options.keep:
            self._note_machine()
            self.host.kept = (self.standing, self._stack.pop_all())
            self.standing = None
        self.close_world()

    def begin(self, item: pytest.Item) -> Drill:
        """The drill of a scenario's test. Skips the test where the world cannot do what its faults need."""
        found = drill_of(item)
        self._begun += self.attempts.number == 1
        plan = DrillPlan(
            name=found.name,
            feature=found.feature,
            scenario=found.scenario,
            tags=found.tags,
            settings=self.run.options.settings,
            number=self._begun,
            of=max(self.planned, self._begun),
            typed=typed(found.file, found.name),
            attempt=self.attempts.number,
        )
        try:
            world = self.world()
            if (
                reason := not_here(item.stash.get(SHOWN, None), world.capabilities(), self.options.environment)
            ) is not None:
                self.leave_out(plan, reason)
            drill = Drill(world, plan, self.run.drill_folder(plan.name), self._show)
        except DrillError as error:
            self.broke_off(plan, None, error)
            if isinstance(error, InputError | SubjectError):
                self.give_up(str(error))
            raise
        item.stash[DRILL] = drill
        return drill

    def agree(self, faults: Sequence[Fault], stops: Sequence[Sequence[str]]) -> None:
        """Before anything starts: see `agreement`. Raises InputError where it is not agreed to. stops: by scenario."""
        ask = None if self.host is None else self.host.ask
        agreed = agreement.agreed(self.options, faults, ask, stops)
        if self.host is not None:
            self.host.run.options = replace(self.options, yes=agreed)
            self.__dict__.pop("options", None)

    def leave_out(self, plan: DrillPlan, reason: str) -> NoReturn:
        """This world cannot do what a drill needs: neither passed nor failed, and told with the reason."""
        left = NotMeasured(plan.name, plan.feature, plan.scenario, reason, tuple(plan.tags), plan.typed)
        self.run.not_measured.append(left)
        pytest.skip(reason)

    def broke_off(self, plan: DrillPlan, folder: Path | None, error: BaseException) -> None:
        """A drill could not be finished: remembered for the exit code, and for the evidence of the others."""
        text = (_of_file(error) if isinstance(error, OSError) else str(error)) or type(error).__name__
        self.run.errors.append(f"{plan.name}: {text}")
        self._broken.append((plan, folder, text, self.attempts))
        self.attempts = Attempts()
        # A mistake of the user's is told, and no evidence of anything.
        self._seen = self._seen or (folder is not None and not isinstance(error, InputError | SubjectError))

    def _show(self, status: LiveStatus) -> None:
        """Pass a status on. In the first steady state, load the drawing library: the drill only waits then, and its
        end need not wait for it."""
        if self.host is not None:
            self.host.show(status)
        steady = status.current is not None and status.current.name == Phase.STEADY
        if steady and not self._warm:
            self._warm = True
            from harness.reporting.filing import warm

            warm()

    def record(self, result: DrillResult, without_judgement: Callable[[str], DrillResult]) -> DrillResult:
        """Keep a drill's result, and draw what belongs to it; returns what was kept.

        One that evidence cannot hold must not take the whole run along: without_judgement gives one that it can.
        """
        from harness.reporting.filing import file_drill, not_evidence

        if why_not := not_evidence(result):
            result = without_judgement(f"judging failed: it came to what evidence cannot hold: {why_not}")
        result = self.attempts.with_earlier(result)
        if result.unjudged:
            self.run.errors.append(f"{result.name}: {result.unjudged}")
        self.run.drills.append(result)
        file_drill(result, self.run.folder, self.run.what)
        return result

    def result(self) -> RunResult:
        """The run as far as it has come."""
        return self.run.result(**self._facts)

    def finish(self) -> RunResult | None:
        """Write the run's evidence; None when no drill has ended, and none was left out.

        Signals are pytest's own again after it.
        """
        with self._signals:
            try:
                self.end_world()
            finally:
                result = self._file()
            return result

    def _file(self) -> RunResult | None:
        if self._run is None or not (self._run.drills or self._run.not_measured or self._seen):
            return None
        from harness.reporting.filing import file_part, file_run

        for plan, folder, text, attempts in self._broken:
            folder = folder or self._run.drill_folder(plan.name)
            (folder / HISTORY).write_bytes(b"")  # what it saw until then is no history of a drill
            self._run.drills.append(attempts.with_earlier(crashed(plan, folder.name, text)))
        self._run.folder.mkdir(parents=True, exist_ok=True)  # where every drill was left out, nobody has made it
        result = self.result()
        worker = drill_options.worker_of(self._config)
        if worker is not None:
            self.part = file_part(result, self._run.folder, worker)
            return result
        file_run(result, self._run.folder)
        self._run.point_latest()
        if self.host is not None:
            self.host.result = result
        return result


def configure(config: pytest.Config) -> None:
    """Register the steps, Allure's hooks where Allure is at work, and this session."""
    for name in steps.MODULES:
        config.pluginmanager.register(import_module(f"{steps.__name__}.{name}"), f"drill-steps-{name}")
    host = config.pluginmanager.get_plugin("drill-host")
    config.stash[_KEY] = DrillSession(config, host)
    from harness.reporting import allure as drill_allure

    drill_allure.register(config)


def session_of(config: pytest.Config) -> DrillSession:
    """The drills of a pytest session."""
    return config.stash[_KEY]


def begun_session(config: pytest.Config) -> DrillSession | None:
    """The same, where any drill has begun."""
    session = config.stash.get(_KEY, None)
    return session if session is not None and session.started else None


def finish(config: pytest.Config) -> None:
    """At the end of the session: file the evidence."""
    session = begun_session(config)
    if session is not None:
        try:
            session.finish()
        except HealError as error:
            session.run.errors.append(str(error))
            raise
        except OSError as error:
            session.run.errors.append(f"the evidence cannot be written: {_of_file(error)}")
            raise


def _of_file(error: OSError) -> str:
    return ": ".join(str(part) for part in (error.filename, error.strerror or error) if part is not None)
