"""Which definition stands behind each step of a scenario, found when it is loaded: before anything starts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from inspect import Parameter, signature
from pathlib import Path
from typing import Any

import pytest
from pytest_bdd.steps import StepFunctionContext

from harness.errors import Problem
from harness.pytest_plugin.awaiting import never_awaited
from harness.pytest_plugin.scenarios import all_definitions, definitions_of, has_fixture
from harness.pytest_plugin.vocabulary import ANY, Phrase, is_ours, known_phrases, nearest, phrase_of, where

_PLACEHOLDER = re.compile(r"<([^<>]+)>")
_TABLE, _TEXT = "datatable", "docstring"
_REQUEST = "request"


@dataclass(frozen=True)
class Resolved:
    """A step with its example filled in, and the definition that pytest-bdd will take for it, where there is one."""

    step: Any
    definition: StepFunctionContext | None


def resolve(file: Path, scenario: Any, item: pytest.Item) -> tuple[list[Resolved], list[Problem]]:
    """The definitions behind a scenario's steps, and what is wrong with those that have none, or more than one."""
    found: list[Resolved] = []
    problems: list[Problem] = []
    given: set[str] = set()
    for step in scenario.steps:
        definition, told = _definition(step, item)
        found.append(Resolved(step, definition))
        if definition is not None:
            told = told or _misfit(step, definition, item, given)
            given |= {definition.target_fixture} if definition.target_fixture else set()
        if told:
            problems.append(Problem(str(file), step.line_number, told))
    return found, problems


def _definition(step: Any, item: pytest.Item) -> tuple[StepFunctionContext | None, str | None]:
    """The nearest definition to the test wins, as everywhere in pytest; two that are equally near are one too many."""
    fitting = list(definitions_of(step, item))
    if not fitting:
        return None, _unknown(step, known_phrases(all_definitions(item)))
    level, chosen = fitting[-1]
    rivals = {where(one.step_func): one for at, one in fitting if at == level}
    if len(rivals) > 1:
        told = " and ".join(f'"{phrase_of(one).shown}" ({place})' for place, one in rivals.items())
        return None, f"step {step.name!r} may mean {told}: let only one of them fit"
    return chosen, None


def _misfit(step: Any, definition: StepFunctionContext, item: pytest.Item, given: set[str]) -> str | None:
    """What keeps a step from being taken as it is defined. given: fixtures that steps before it make."""
    awaited = never_awaited(definition)
    if awaited:
        return f"step {step.name!r} {awaited}"
    try:
        parsed = definition.parser.parse_arguments(step.name) or {}
        for name, value in parsed.items():
            if name in definition.converters:
                definition.converters[name](value)
    except Exception as error:  # noqa: BLE001 - parsers and converters are anybody's
        return f"step {step.name!r} has a value that does not fit: {error}"
    wanted = signature(definition.step_func).parameters
    brought = {_TABLE: step.datatable, _TEXT: step.docstring}
    for name, what in ((_TABLE, "table"), (_TEXT, "text in quotation marks")):
        if brought[name] is not None and name not in wanted and is_ours(definition):
            return f"step {step.name!r} takes no {what}"
        if brought[name] is None and name in wanted and wanted[name].default is Parameter.empty:
            return f"step {step.name!r} needs a {what} below it"
    known = {*parsed, *brought, *given, *getattr(item, "fixturenames", ()), _REQUEST}
    missing = [name for name in _required(wanted.values()) if name not in known and not has_fixture(name, item)]
    if missing:
        return f"step {step.name!r} ({where(definition.step_func)}) needs {', '.join(missing)}, and nothing makes that"
    return None


def _required(parameters: Any) -> Iterator[str]:
    for parameter in parameters:
        named = parameter.kind in (Parameter.POSITIONAL_OR_KEYWORD, Parameter.KEYWORD_ONLY)
        if named and parameter.default is Parameter.empty:
            yield parameter.name


def _unknown(step: Any, phrases: Sequence[Phrase]) -> str:
    keyword, text = step.type.capitalize(), step.name
    told = f'no step is known for {keyword} "{text}"'
    left = _PLACEHOLDER.search(text)
    if left:
        return f"{told}; no column of its examples is called {left[1]}"
    near = nearest(text, [phrase for phrase in phrases if phrase.keyword in (keyword, ANY)])
    elsewhere = nearest(text, phrases)
    if elsewhere is not None and (near is None or elsewhere.likeness(text) > near.likeness(text)):
        return f"{told}; as a {elsewhere.keyword} step there is {elsewhere.offered}"
    if near is None:
        return f"{told}; `drill steps` lists what there is"
    return f"{told}; the nearest is {near.offered}; `drill steps` lists all"
