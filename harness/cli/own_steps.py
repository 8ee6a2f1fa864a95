"""Steps of the user's own: those that pytest finds in a folder, without running anything of it."""

from __future__ import annotations

import io
from contextlib import redirect_stderr
from pathlib import Path
from typing import Any

import pytest
from pytest_bdd.compat import get_fixture_names
from pytest_bdd.steps import StepFunctionContext, step_function_context_registry

from harness.cli.pytest_run import NOT_THE_USERS, QuietOutput
from harness.errors import InputError
from harness.pytest_plugin.vocabulary import is_ours

_CONFTEST = "conftest.py"


class _Finds:
    """Looks at what a session has collected, and leaves nothing of it to be run."""

    def __init__(self) -> None:
        self.definitions: list[StepFunctionContext] = []

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, session: pytest.Session, items: list[pytest.Item]) -> None:
        items.clear()
        manager: Any = session._fixturemanager
        for name in get_fixture_names(manager):
            for fixtures in manager._arg2node2fixturedefs.get(name, {}).values():
                found = (step_function_context_registry.get(fixture.func) for fixture in fixtures)
                self.definitions += [one for one in found if one is not None and not is_ours(one)]


def own_definitions(folder: Path) -> list[StepFunctionContext]:
    """The definitions in a folder's conftest files and test modules. Raises InputError when they cannot be imported."""
    if not folder.exists():
        raise InputError(f"{folder}: no such folder")
    path = folder.parent if folder.name == _CONFTEST else folder
    finds, quiet = _Finds(), QuietOutput()
    settings = [f"--override-ini={setting}" for setting in NOT_THE_USERS]
    said = io.StringIO()
    try:
        with redirect_stderr(said):  # where pytest tells of a conftest that cannot be imported
            code = pytest.main([str(path), "--collect-only", *settings, "-p", "no:cacheprovider"], [finds, quiet])
    except pytest.exit.Exception as error:
        raise InputError(f"your conftest ended pytest: {error.msg}") from error
    if code not in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
        told = quiet.problems or [
            said.getvalue().strip() or quiet.output.getvalue()[-2000:].strip() or f"pytest ended with {code!r}"
        ]
        raise InputError(f"the steps in {folder} cannot be read:", *(f"  {line}" for line in _lines(told)))
    return finds.definitions


def _lines(problems: list[str]) -> list[str]:
    return [line for problem in problems for line in problem.splitlines()]
