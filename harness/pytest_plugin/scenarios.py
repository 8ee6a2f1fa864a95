"""Which scenario is behind a test."""

from __future__ import annotations

from inspect import signature
from pathlib import Path
from typing import Any

import pytest
from pytest_bdd.parser import Feature
from pytest_bdd.scenario import scenario_wrapper_template_registry
from pytest_bdd.steps import StepFunctionContext, step_function_context_registry

from harness.drill.catalogue import KnownDrill, titles
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


def drill_of(item: pytest.Item) -> KnownDrill:
    """The drill behind a test; one example of an outline is one. Raises WorldError for a test that is none."""
    feature, template = scenario_of(item)
    example = example_of(item)
    title = next((title for title, values in titles(template) if values == example), template.name)
    tags = tuple(sorted({*feature.tags, *template.tags}))
    return KnownDrill(slug(title), title, feature.name or "", Path(feature.filename), template.line_number, tags)
