"""The pytest plugin. Forwards only; the work is in the modules that it names."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from harness.pytest_plugin import (
    attempts,
    ending,
    example_tags,
    feature_file,
    options,
    selection,
    session,
    telling,
    workers,
)
from harness.pytest_plugin.fixtures import drill, drill_session

__all__ = ["drill", "drill_session"]


def pytest_addoption(parser: pytest.Parser) -> None:
    options.add(parser)


def pytest_configure(config: pytest.Config) -> None:
    session.configure(config)
    example_tags.configure(config)
    workers.configure(config)


@pytest.hookimpl(tryfirst=True)
def pytest_collection(session: pytest.Session) -> None:
    selection.refuse_named_clashes(session.config)


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    return feature_file.collect(file_path, parent)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    selection.repeat(metafunc)


@pytest.hookimpl(trylast=True)  # what others have left out is nobody's mistake
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    selection.prepare(config, items)


def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> bool | None:
    return attempts.run(item, nextitem)


def pytest_report_teststatus(report: Any) -> tuple[str, str, tuple[str, dict[str, bool]]] | None:
    return attempts.status(report)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, Any, Any]:
    return (yield from ending.conclude(item))


@pytest.hookimpl(optionalhook=True)
def pytest_bdd_step_error(request: pytest.FixtureRequest, scenario: Any, step: Any) -> None:
    ending.note_left_out(request.node, scenario, step)


@pytest.hookimpl(tryfirst=True)  # a hook of somebody else's that fails must not take the evidence along
def pytest_sessionfinish(session: pytest.Session) -> None:
    finish(session.config)


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    telling.summarise(config, terminalreporter)


finish = session.finish
