"""Drills where pytest is spread over processes (`pytest -n 2`): one at a time, and told by the process in front.

Two worlds on one machine would disturb each other's times. So a worker waits for its turn before a drill, and takes its
world down after it; ordinary tests run on beside it. Workers print nothing: the process in front says what each found.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from harness.pytest_plugin.scenarios import is_drill, template_of
from harness.pytest_plugin.session import session_of
from harness.pytest_plugin.telling import told
from harness.storable_text import storable

_INPUT, _OUTPUT = "workerinput", "workeroutput"
_FOUND, _REFUSED = "drill_found", "drill_refused"


def configure(config: pytest.Config) -> None:
    """Register what a worker needs, or the process in front, where sessions can be spread at all."""
    if hasattr(config, _INPUT):
        config.pluginmanager.register(Worker(config), "drill-worker")
    elif config.pluginmanager.hasplugin("dsession") or config.pluginmanager.hasplugin("xdist"):
        config.pluginmanager.register(InFront(), "drill-workers")


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
        with _turn(session.options.reports):
            try:
                return (yield)
            finally:
                session.close_world()

    @pytest.hookimpl(wrapper=True)
    def pytest_report_to_serializable(self) -> Generator[None, Any, Any]:
        """What goes to the process in front is UTF-8."""
        return _mended((yield))

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Tell what was found, for the process in front to print."""
        text = told(session.config)
        if text:
            getattr(session.config, _OUTPUT)[_FOUND] = storable(text)


class InFront:
    """In the process that spreads the tests, and prints."""

    def __init__(self) -> None:
        self._found: dict[str, str] = {}
        self._refused: dict[str, None] = {}

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
        """What plain pytest refuses with a usage error ends with the same exit code here."""
        if self._refused:
            session.exitstatus = pytest.ExitCode.USAGE_ERROR

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """The verdicts and the reports' paths, worker by worker; or what was refused."""
        for reason in self._refused:
            terminalreporter.write_line(f"ERROR: {reason}", red=True)
        for worker, text in sorted(self._found.items()):
            terminalreporter.section(f"drills ({worker})")
            terminalreporter.write_line(text)


@contextmanager
def _turn(reports: Path) -> Iterator[None]:
    """Whoever files evidence in the same folder waits until this block ends. The kernel ends it with its process."""
    reports.mkdir(parents=True, exist_ok=True)
    folder = os.open(reports, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def _mended(data: Any) -> Any:
    if isinstance(data, str):
        return storable(data)
    if isinstance(data, dict):
        return {_mended(name): _mended(value) for name, value in data.items()}
    if isinstance(data, list | tuple):
        return type(data)(_mended(one) for one in data)
    return data
