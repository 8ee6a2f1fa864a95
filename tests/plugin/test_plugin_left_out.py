"""A drill that ended early says which of its steps nobody has tried."""

from __future__ import annotations

from pathlib import Path

from own_project import LOST, World, drill_run
from simulated_backend import Story

from harness.reporting import run_json_reader

BACK = """\
Feature: Mine
  Background:
    Given the application runs in two regions

  Scenario: Region lost
    Given steady state in the primary region
    When the primary region is lost, black-holed
    Then clients are served by the standby region within the recovery time objective
    When the fault heals
    Then service fails back to the primary region
"""


def reasons(project: Path) -> tuple[str, ...]:
    return run_json_reader.load(project / "reports" / "latest" / "run.json").drills[0].reasons


def test_steps_after_the_one_that_ended_a_drill_are_named(project: Path, world: World) -> None:
    (project / "mine.feature").write_text(BACK)
    world(Story(takeover_s=None))
    assert drill_run(project, LOST) == 1
    assert reasons(project)[-1] == (
        "the drill ended there, and 2 later steps were not reached: "
        "the fault heals; service fails back to the primary region"
    )


def test_a_drill_that_ends_with_its_last_step_has_left_nothing_out(project: Path, world: World) -> None:
    (project / "mine.feature").write_text(BACK)
    world(Story(failback_s=None))
    assert drill_run(project, LOST) == 1
    assert not any("not reached" in reason for reason in reasons(project))
