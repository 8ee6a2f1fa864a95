"""Drills where pytest is spread over processes (`pytest -n 2`): one run of them, told by the process in front.

Two worlds on one machine disturb each other's times. So a worker waits for its turn before a drill, and takes its world
down after it; ordinary tests run on beside it. With `--worlds per-worker` each keeps a world of its own, and drills run
beside each other: with a share of what the machine carries, and without a verdict where that was too little.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import suppress
from typing import Any

import pytest

from harness.drill.runner import Run
from harness.pytest_plugin.options import PER_WORKER, RUN, SEED
from harness.pytest_plugin.scenarios import is_drill, template_of
from harness.pytest_plugin.session import session_of
from harness.pytest_plugin.turns import turn
from harness.storable_text import storable

_INPUT, _OUTPUT = "workerinput", "workeroutput"
_FOUND, _REFUSED = "drill_found", "drill_refused"


def configure(config: pytest.Config) -> None:
    """Register what a worker needs, or the process in front, where sessions can be spread at all."""
    if hasattr(config, _INPUT):
        config.pluginmanager.register(Worker(config), "drill-worker")
    elif config.pluginmanager.hasplugin("dsession") or config.pluginmanager.hasplugin("xdist"):
        config.pluginmanager.register(InFront(config), "drill-workers")


def is_worker(config: pytest.Config) -> bool:
    """Whether this process runs tests for another one."""
    return hasattr(config, _INPUT)


def refuse(config: pytest.Config, reason: str, items: list[pytest.Item]) -> None:
    """A usage error in a worker would only be a crash to the process in front: hand it the reason, and run nothing."""
    getattr(config, _OUTPUT)[_REFUSED] = storable(reason)
    items.clear()


class Worker:
    """In a process that runs tests for another one."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        """Around a drill, before its time limit begins."""
        template = template_of(getattr(item, "obj", None))
        if template is None or not is_drill(template):
            return (yield)
        session = session_of(self._config)
        apart = session.options.worlds == PER_WORKER
        with turn(session.options.reports, alone=not (apart and session.standing is not None)) as mine:
            if apart:
                session.on_calibrated = mine.let_others_in
            try:
                return (yield)
            finally:
                if not apart:
                    session.close_world()

    @pytest.hookimpl(wrapper=True)
    def pytest_report_to_serializable(self) -> Generator[None, Any, Any]:
        """What goes to the process in front is UTF-8."""
        return _mended((yield))

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Tell what was found, for the process in front to put together and to print."""
        part = session_of(session.config).part
        if part is not None:
            getattr(session.config, _OUTPUT)[_FOUND] = _mended(part)


class InFront:
    """In the process that spreads the tests, and prints."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._run: Run | None = None
        self._found: dict[str, Mapping[str, Any]] = {}
        self._refused: dict[str, None] = {}
        self._told = ""

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """A worker is about to start: it drills in the same run, by the same seed. A mistake in the options is told by
        the workers, if any of them has a drill to run."""
        if self._run is None:
            with suppress(pytest.UsageError):
                self._run = Run(session_of(self._config).options)
        if self._run is not None:
            getattr(node, _INPUT).update({RUN: self._run.run_id, SEED: self._run.options.seed})

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """A worker has ended."""
        output = getattr(node, _OUTPUT, {})
        if _FOUND in output:
            self._found[node.gateway.id] = output[_FOUND]
        if _REFUSED in output:
            self._refused[output[_REFUSED]] = None

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """One run of all that they found. What plain pytest refuses with a usage error ends with the same exit code."""
        if self._refused:
            session.exitstatus = pytest.ExitCode.USAGE_ERROR
        if self._found and self._run is not None:
            from harness.reporting.filing import join
            from harness.reporting.summary import plain_text

            result, _ = join(self._run, [part for _, part in sorted(self._found.items())])
            self._told = plain_text(result, self._run.folder)

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """The verdicts and the report's path; or what was refused."""
        for reason in self._refused:
            terminalreporter.write_line(f"ERROR: {reason}", red=True)
        if self._told:
            terminalreporter.section(f"drills ({', '.join(sorted(self._found))})")
            terminalreporter.write_line(self._told)


def _mended(data: Any) -> Any:
    if isinstance(data, str):
        return storable(data)
    if isinstance(data, dict):
        return {_mended(name): _mended(value) for name, value in data.items()}
    if isinstance(data, list | tuple):
        return type(data)(_mended(one) for one in data)
    return data
