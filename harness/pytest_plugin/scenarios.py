"""Which scenario is behind a test."""

from __future__ import annotations

from typing import Any

import pytest
from pytest_bdd.parser import Feature
from pytest_bdd.scenario import scenario_wrapper_template_registry

from harness.errors import WorldError


def template_of(function: object) -> Any:
    """The scenario behind a test function; None when it is an ordinary test."""
    return scenario_wrapper_template_registry.get(function) if callable(function) else None


def scenario_of(item: pytest.Item) -> tuple[Feature, Any]:
    """The feature and scenario behind a test. Raises WorldError for a test that is none."""
    template = template_of(getattr(item, "obj", None))
    if template is None:
        raise WorldError(f"{item.nodeid}: the `drill` fixture is for scenarios of feature files")
    return template.feature, template
