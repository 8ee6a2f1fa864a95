"""Somebody's project with a drill and a control in it, and how `drill run` runs them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from simulated_backend import SimulatedBackend, Story

from harness.cli.pytest_run import run_drills
from harness.drill.catalogue import drills_in
from harness.drill.options import resolve

LOST = "Region lost"
FEATURE = """\
Feature: Mine
  Background:
    Given the application runs in two regions

  Scenario: Region lost
    Given steady state in the primary region
    When the primary region is lost, black-holed
    Then clients are served by the standby region within the recovery time objective

  Scenario: Control
    Given as a control, failover is disabled, so the drill must be MISSED
    And steady state in the primary region
    When the primary region is lost, black-holed
    Then clients are served by the standby region within the recovery time objective
    And the control holds
"""
World = Callable[[Story], list[SimulatedBackend]]


def drill_run(
    project: Path,
    *titles: str,
    settings: tuple[str, ...] = (),
    variables: Mapping[str, str] | None = None,
    **given: Any,
) -> int:
    """As `drill run` would: the drills of those titles, in that order. variables: of the environment."""
    options = resolve({"set": list(settings), **given}, variables or {}, project, 7)
    by_title = {drill.scenario: drill for drill in drills_in(project / "mine.feature")}
    nobody: Any = None
    return run_drills([by_title[title] for title in titles], options, nobody)
