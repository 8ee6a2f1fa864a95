"""A drill that its world cannot do is skipped with the reason, before anything is broken."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from own_project import FEATURE, LOST, World, drill_run
from simulated_backend import Story

REASON = "not measurable here: a shelf cannot be made to refuse some operations and serve the others"
REFUSED = "Writes are refused"
LACKS = Story(lacks=(("refused_operations", REASON),))


@pytest.fixture
def refused(project: Path) -> Path:
    (project / "mine.feature").write_text(
        f"{FEATURE}\n  Scenario: {REFUSED}\n    Given steady state in the primary region\n"
        "    When writes to DynamoDB fail in the primary region\n"
        "    Then clients are served by the standby region within the recovery time objective\n"
    )
    return project


def latest(project: Path) -> Any:
    return json.loads((project / "reports" / "latest" / "run.json").read_text())


def test_the_others_decide_the_run(refused: Path, world: World, capfd: pytest.CaptureFixture[str]) -> None:
    worlds = world(LACKS)
    assert drill_run(refused, LOST, REFUSED) == 0
    run = latest(refused)
    assert (run["verdict"], [drill["name"] for drill in run["drills"]]) == ("MET", ["region-lost"])
    assert [(left["name"], left["reason"]) for left in run["not_measured"]] == [("writes-are-refused", REASON)]
    assert len(worlds) == 1
    told = capfd.readouterr().out
    assert "1 drill not measurable here" in told
    assert told.count(REASON) == 1


def test_alone_it_is_neither_green_nor_red(refused: Path, world: World) -> None:
    world(LACKS)
    assert drill_run(refused, REFUSED) == 2
    assert latest(refused)["drills"] == []
    assert (refused / "reports" / "latest" / "report.html").is_file()


def test_where_the_world_can_it_runs(refused: Path, world: World) -> None:
    world(Story())
    drill_run(refused, REFUSED)
    assert latest(refused)["not_measured"] == []


def test_pytest_skips_it_with_the_reason(refused: Path, world: World, pytester: pytest.Pytester) -> None:
    world(LACKS)
    (refused / "test_mine.py").write_text("from pytest_bdd import scenarios\nscenarios('mine.feature')\n")
    result = pytester.runpytest_inprocess("-rs", "-k", "refused", "test_mine.py")
    result.assert_outcomes(skipped=1, deselected=2)
    result.stdout.fnmatch_lines([f"*{REASON}*"])


def test_a_step_of_ones_own_that_asks_for_it_skips_the_drill(
    refused: Path, world: World, pytester: pytest.Pytester
) -> None:
    world(LACKS)
    (refused / "mine.feature").write_text(
        "Feature: Mine\n  Scenario: Own\n    Given the application runs in two regions\n"
        "    And steady state in the primary region\n    When I refuse writes\n"
    )
    (refused / "test_mine.py").write_text(
        "from pytest_bdd import scenarios, when\nscenarios('mine.feature')\n\n\n@when('I refuse writes')\n"
        "def refuse(drill):\n    drill.inject('operations-refused', region='us-east-1')\n"
    )
    result = pytester.runpytest_inprocess("-rs", "test_mine.py")
    result.assert_outcomes(skipped=1)
    result.stdout.fnmatch_lines([f"*{REASON}*"])
    assert [left["name"] for left in latest(refused)["not_measured"]] == ["own"]


def test_a_scenario_that_wants_one_side_is_left_out_where_the_subject_promises_writes_on_both(
    project: Path, world: World
) -> None:
    one_side = f"{FEATURE}\n  Scenario: One side\n" + FEATURE.split("Scenario: Region lost\n")[1].split("\n\n")[0]
    (project / "mine.feature").write_text(f"{one_side}\n    And at no time did both regions accept writes\n")
    subject = project / "both.yaml"
    subject.write_text(
        "subject: both\ntables: [{name: items, key: id, value: value}]\nconsistency: {writes: both}\n"
        "components:\n  - {name: app, command: [python, -c, pass], region: each, port_env: PORT, health: /health}\n"
    )
    world(Story())
    drill_run(project, LOST, "One side", subject=str(subject))
    run = latest(project)
    assert [drill["name"] for drill in run["drills"]] == ["region-lost"], "the others are drilled"
    ((name, reason),) = [(left["name"], left["reason"]) for left in run["not_measured"]]
    assert name == "one-side"
    assert "wants one side at a time" in reason
    assert "`consistency: {writes: both}`" in reason
    drill_run(project, LOST, "One side")
    assert latest(project)["not_measured"] == [], "where nobody declares it, it is judged"
