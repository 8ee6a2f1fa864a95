"""Steps that nobody would await: pytest-bdd calls a coroutine function, drops what it gives, and takes it for kept."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pytest_bdd.steps import StepFunctionContext

from harness.errors import InputError, Problem
from harness.pytest_plugin.scenarios import definitions_of

_TOLD = "gives something that must be awaited, and nothing awaits it: its promises would never be checked"


def awaited_steps(file: Path, scenario: Any, item: pytest.Item) -> Iterator[Problem]:
    """Steps of a scenario whose functions are seen to be coroutines; what others give is looked at when they run."""
    for step in scenario.steps:
        for definition in definitions_of(step, item):
            function = definition.step_func
            if _is_async(function):
                yield Problem(str(file), step.line_number, f"step {step.name!r} ({_where(function)}) {_TOLD}")
            else:
                _watch(definition)


def _is_async(function: Callable[..., object]) -> bool:
    innermost = inspect.unwrap(function)
    return any(inspect.iscoroutinefunction(f) or inspect.isasyncgenfunction(f) for f in (function, innermost))


def _where(function: Callable[..., object]) -> str:
    code = getattr(inspect.unwrap(function), "__code__", None)
    return "somewhere" if code is None else f"{code.co_filename}:{code.co_firstlineno}"


def _watch(definition: StepFunctionContext) -> None:
    """Refuse what the step gives when that must be awaited. A step that yields is pytest's to drive, and cannot."""
    function = definition.step_func
    if getattr(function, "__drill_watched__", False) or inspect.isgeneratorfunction(inspect.unwrap(function)):
        return

    @functools.wraps(function)
    def watched(*args: Any, **kwargs: Any) -> object:
        given = function(*args, **kwargs)
        if inspect.isawaitable(given) or inspect.isasyncgen(given):
            if inspect.iscoroutine(given):
                given.close()
            raise InputError(
                f"the step {getattr(function, '__name__', 'of this scenario')} ({_where(function)}) {_TOLD}"
            )
        return given

    watched.__drill_watched__ = True  # type: ignore[attr-defined]
    definition.step_func = watched
