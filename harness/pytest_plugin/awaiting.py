"""Steps that nobody would await: pytest-bdd calls a coroutine function, drops what it gives, and takes it for kept."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

from pytest_bdd.steps import StepFunctionContext

from harness.errors import InputError
from harness.pytest_plugin.vocabulary import where

_TOLD = "gives something that must be awaited, and nothing awaits it: its promises would never be checked"
_SEEN = "__drill_watched__"


def never_awaited(definition: StepFunctionContext) -> str | None:
    """What to say of a step whose function is seen to be a coroutine; what others give is looked at when they run."""
    function = definition.step_func
    if _is_async(function) or _is_async(getattr(function, "__call__", None)):  # noqa: B004 - an object may be a step
        return f"({where(function)}) {_TOLD}"
    _watch(definition)
    return None


def _is_async(function: object) -> bool:
    """A coroutine function, an async generator, or a generator that `types.coroutine` has made awaitable."""
    while isinstance(function, functools.partial):
        function = function.func
    code = getattr(function, "__code__", None)
    awaitable = code is not None and bool(code.co_flags & inspect.CO_ITERABLE_COROUTINE)
    return awaitable or inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function)


def _watch(definition: StepFunctionContext) -> None:
    """Refuse what the step gives, or yields, when that must be awaited."""
    function = definition.step_func
    if not getattr(function, _SEEN, False):
        definition.step_func = _yielding(function) if inspect.isgeneratorfunction(function) else _returning(function)
        setattr(definition.step_func, _SEEN, True)


def _returning(function: Callable[..., object]) -> Callable[..., object]:
    @functools.wraps(function)
    def watched(*args: Any, **kwargs: Any) -> object:
        return _settled(function(*args, **kwargs), function)

    return watched


def _yielding(function: Callable[..., Any]) -> Callable[..., object]:
    @functools.wraps(function)
    def watched(*args: Any, **kwargs: Any) -> Iterator[object]:
        with closing(function(*args, **kwargs)) as running:
            for given in running:
                yield _settled(given, function)

    return watched


def _settled(given: object, function: Callable[..., object]) -> object:
    """What a step gave. Raises InputError when it is only the promise of something."""
    if inspect.isawaitable(given) or inspect.isasyncgen(given):
        if inspect.iscoroutine(given):
            given.close()
        raise InputError(f"{where(function)}: this step {_TOLD}")
    return given
