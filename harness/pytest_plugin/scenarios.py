"""Which scenario is behind a test."""

from __future__ import annotations

from collections.abc import Iterator
from inspect import signature
from pathlib import Path
from typing import Any

import pytest
from pytest_bdd.compat import get_fixture_names, getfixturedefs
from pytest_bdd.parser import Feature
from pytest_bdd.scenario import (
    find_fixturedefs_for_step,
    iterparentnodeids,
    scenario_wrapper_template_registry,
)
from pytest_bdd.steps import StepFunctionContext, step_function_context_registry

from harness.drill.catalogue import KnownDrill, own_tags, tags_of, titles
from harness.drill.slug import slug
from harness.errors import WorldError

_EXAMPLE = "_pytest_bdd_example"
"""The parameter by which pytest-bdd hands an outline's example to its test."""


def template_of(function: object) -> Any:
    """The scenario behind a test function; None when it is an ordinary test."""
    return scenario_wrapper_template_registry.get(function) if callable(function) else None


def is_drill(template: Any) -> bool:
    """Whether a scenario asks for the `drill` fixture in any of its steps; ordinary scenarios are none of our business.

    Every step definition counts that has been imported, the users' own among them.
    """
    steps = template.render(titles(template)[0][1]).steps
    ours = [c for c in step_function_context_registry.values() if "drill" in signature(c.step_func).parameters]
    return any(defines(definition, step) for step in steps for definition in ours)


def defines(definition: StepFunctionContext, step: Any) -> bool:
    """Whether a step definition is about a step of a scenario."""
    return definition.type in (None, step.type) and definition.parser.is_matching(step.name)


def scenario_of(item: pytest.Item) -> tuple[Feature, Any]:
    """The feature and scenario behind a test. Raises WorldError for a test that is none."""
    template = template_of(getattr(item, "obj", None))
    if template is None:
        raise WorldError(f"{item.nodeid}: the `drill` fixture is for scenarios of feature files")
    return template.feature, template


def example_of(item: pytest.Item) -> dict[str, str]:
    """The values with which an outline's placeholders are filled for a test; empty where there are none."""
    callspec = getattr(item, "callspec", None)
    return {} if callspec is None else dict(callspec.params.get(_EXAMPLE, {}))


def _place(item: pytest.Item) -> int:
    """Which of an outline's examples a test is about, from 0.

    Two of them may be equal, and pytest's own index counts trials too: the very object is looked for.
    """
    callspec = getattr(item, "callspec", None)
    mine = None if callspec is None else callspec.params.get(_EXAMPLE)
    if callspec is None or mine is None:
        return 0
    for mark in item.iter_markers("parametrize"):
        for place, example in enumerate(mark.args[1] if mark.args[0] == _EXAMPLE else ()):
            if example.values[0] is mine:
                return place
    return int(callspec.indices.get(_EXAMPLE, 0))


def drill_of(item: pytest.Item) -> KnownDrill:
    """The drill behind a test; one example of an outline is one. Raises WorldError for a test that is none."""
    feature, template = scenario_of(item)
    title, _ = titles(template)[_place(item)]
    tags = tuple(sorted(tags_of(template)[_place(item)]))
    return KnownDrill(slug(title), title, feature.name or "", Path(feature.filename), template.line_number, tags)


def example_tags(item: pytest.Item) -> frozenset[str]:
    """The tags above the Examples block that a test's example stands in."""
    _, template = scenario_of(item)
    tables = [table for table in template.examples for _ in table.as_contexts()]
    return own_tags(tables[_place(item)]) if tables else frozenset()


def definitions_of(step: Any, item: pytest.Item) -> Iterator[tuple[str, StepFunctionContext]]:
    """Every definition that a test may take for a step of its scenario, and where it holds: the nearest comes last."""
    manager = item.session._fixturemanager
    found = sorted(find_fixturedefs_for_step(step, manager, item), key=lambda one: list(iterparentnodeids(one.baseid)))
    for fixture in found:
        yield fixture.baseid, step_function_context_registry[fixture.func]


def all_definitions(item: pytest.Item) -> list[StepFunctionContext]:
    """Every step definition that a test can see."""
    manager = item.session._fixturemanager
    fixtures = [fixture for name in get_fixture_names(manager) for fixture in getfixturedefs(manager, name, item) or ()]
    registered = (step_function_context_registry.get(fixture.func) for fixture in fixtures)
    return [definition for definition in registered if definition is not None]


def has_fixture(name: str, item: pytest.Item) -> bool:
    """Whether a test can ask for a fixture of this name."""
    return bool(getfixturedefs(item.session._fixturemanager, name, item))
