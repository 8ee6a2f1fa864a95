"""Goes through a scenario's steps without a world, so that what cannot be shown is refused before anything starts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from inspect import signature
from pathlib import Path
from typing import Any

from pytest_bdd.steps import StepFunctionContext, step_function_context_registry

from harness.drill.options import RunOptions
from harness.drill.plan import objectives_of, window_s
from harness.errors import InputError, Problem
from harness.pytest_plugin.scenarios import defines

_STEPS = "harness.pytest_plugin.steps."


@dataclass(frozen=True)
class Asked:
    """What a step asks of the drill: the method's name, its arguments by name, and the step's line."""

    what: str
    arguments: dict[str, Any]
    line: int


class Rehearsal:
    """Takes the drill's place: remembers what is asked of it, and does nothing."""

    def __init__(self, options: RunOptions) -> None:
        self._options = options
        self.asked: list[Asked] = []
        self.line = 0
        self.active_region = options.environment.primary.name

    def region(self, words: str) -> str:
        """Whether there is such a region is told when the step runs."""
        return words

    def scaled_s(self, production_s: float) -> float:
        """See Drill.scaled_s."""
        return self._options.timing.interval_s(production_s)

    def __getattr__(self, name: str) -> Callable[..., None]:
        def remember(*_: Any, **arguments: Any) -> None:
            self.asked.append(Asked(name, arguments, self.line))

        return remember


def refuse_short_faults(file: Path, scenario: Any, options: RunOptions) -> None:
    """A fault that heals by itself must hold for longer than the objective and the window after it.

    Else nobody could tell whether the plan brought recovery, or the heal. scenario: pytest-bdd's, with its examples
    filled in. Raises InputError with file and line.
    """
    environment, timing, settings = options.environment, options.timing, options.settings
    if settings.fault_none:
        return
    window, stated, held = window_s(environment, timing), objectives_of(environment, timing, settings), None
    for asked in _rehearse(scenario, options):
        if asked.what == "promise":
            stated = objectives_of(environment, timing, settings, replace(stated, **asked.arguments))
        elif asked.what == "inject":
            held = asked if asked.arguments.get("for_s") is not None else None
        elif asked.what == "heal":
            held = None
        elif asked.what == "require_recovery" and held is not None and stated.rto_s is not None:
            held_s, needed_s = timing.interval_s(held.arguments["for_s"]), stated.rto_s + window
            if held_s <= needed_s:
                text = (
                    f"this fault heals by itself after {held_s:g} s, and recovery from it is judged in line "
                    f"{asked.line}: it must hold for more than the objective and the window after it, "
                    f"{stated.rto_s:g} + {window:.1f} s ({timing.profile} profile, where "
                    f"{needed_s / timing.scale:.0f} seconds in a step make {needed_s:.1f} s)"
                )
                raise InputError(Problem(str(file), held.line, text))


def _rehearse(scenario: Any, options: RunOptions) -> Sequence[Asked]:
    ours = [c for c in step_function_context_registry.values() if c.step_func.__module__.startswith(_STEPS)]
    rehearsal = Rehearsal(options)
    for step in scenario.steps:
        found = next((definition for definition in ours if defines(definition, step)), None)
        if found is not None:
            rehearsal.line = step.line_number
            _take(found, step.name, rehearsal)
    return rehearsal.asked


def _take(context: StepFunctionContext, text: str, rehearsal: Rehearsal) -> None:
    parsed = context.parser.parse_arguments(text) or {}
    converters = context.converters
    values = {name: converters[name](value) if name in converters else value for name, value in parsed.items()}
    wanted = signature(context.step_func).parameters
    context.step_func(**{name: value for name, value in {"drill": rehearsal, **values}.items() if name in wanted})
