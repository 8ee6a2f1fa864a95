"""Allure results of scenarios, made by an inner pytest in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

FEATURE = """
@severity:critical @owner:sre
Feature: Failover
  A plan that nobody tested is a wish.

  @issue:DR-7
  Scenario: The standby takes over
    The happy path.
    Given a region is lost
    When clients wait
      | region    | mode   |
      | us-east-1 | refuse |
    Then the standby serves

  Scenario: The promise is broken
    Given a region is lost
    Then the objective is missed

  Scenario: The harness is broken
    Given a bug
    Then the standby serves

  Scenario: Not on this machine
    Given something that is not here
    Then the standby serves

  Scenario: A word that nobody taught it
    Given a region is lost
    Then pigs fly

  Scenario Outline: Waiting for caches
    Given a time to live of <ttl> seconds in <region>
    Examples:
      | ttl | region    |
      | 6   | us-east-1 |
      | 60  | us-west-2 |
"""

STEPS = """
import pathlib
import pytest
from pytest_bdd import given, parsers, scenarios, then, when
from harness.errors import DrillMissed

scenarios("failover.feature")

@given("a region is lost")
def lost(): pass

@when("clients wait")
def wait(datatable): assert datatable[1][0] == "us-east-1"

@then("the standby serves")
def serves(): pass

@then("the objective is missed")
def missed(): raise DrillMissed("over 12 s")

@given("a bug")
def bug(): raise KeyError("no such thing")

@given("something that is not here")
def absent(): pytest.skip("no such thing here")

@given(parsers.parse("a time to live of {ttl:d} seconds in {region}"))
def ttl(ttl, region): assert ttl
"""

CONFTEST = """
from harness.reporting import allure
def pytest_configure(config):
    allure.register(config)
"""


def inner_pytest(folder: Path, *arguments: str, **files: str) -> subprocess.CompletedProcess[str]:
    """Run pytest in `folder` without the drill plugin: the hooks alone are under test."""
    for name, text in files.items():
        suffix = ".feature" if name == "failover" else ".py"
        (folder / f"{name}{suffix}").write_text(textwrap.dedent(text))
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:drill", "-p", "no:cacheprovider", "--strict-markers"]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    return subprocess.run(
        [*command, *arguments], cwd=folder, env=environment, capture_output=True, text=True, timeout=60, check=False
    )


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """Allure's results by name; outline rows get their region appended."""
    folder = tmp_path_factory.mktemp("inner")
    done = inner_pytest(folder, "--alluredir", "results", failover=FEATURE, test_failover=STEPS, conftest=CONFTEST)
    assert "3 failed, 3 passed, 1 skipped" in done.stdout, done.stdout + done.stderr
    found = {}
    for path in (folder / "results").glob("*-result.json"):
        body = json.loads(path.read_text())
        region = next((p["value"] for p in body.get("parameters", []) if p["name"] == "region"), "")
        found[f"{body['name']} {region}".strip()] = body
    found["containers"] = {
        "fixtures": [
            fixture["name"]
            for path in (folder / "results").glob("*-container.json")
            for part in ("befores", "afters")
            for fixture in json.loads(path.read_text()).get(part, [])
        ]
    }
    found["folder"] = {"path": folder / "results"}
    return found


def _steps(result: dict[str, Any]) -> list[tuple[str, str]]:
    return [(step["name"], step["status"]) for step in result.get("steps", [])]


def _labels(result: dict[str, Any], name: str) -> list[str]:
    return [label["value"] for label in result["labels"] if label["name"] == name]


def test_each_gherkin_step_is_a_step_with_its_status(results: dict[str, dict[str, Any]]) -> None:
    assert _steps(results["The standby takes over"]) == [
        ("Given a region is lost", "passed"),
        ("When clients wait", "passed"),
        ("Then the standby serves", "passed"),
    ]


def test_a_data_table_is_attached_to_its_step(results: dict[str, dict[str, Any]]) -> None:
    (attachment,) = results["The standby takes over"]["steps"][1]["attachments"]
    assert attachment["type"] == "text/csv"
    text = (results["folder"]["path"] / attachment["source"]).read_bytes().decode()
    assert text.splitlines() == ["region,mode", "us-east-1,refuse"]


def test_names_description_labels_and_links_come_from_the_feature(results: dict[str, dict[str, Any]]) -> None:
    result = results["The standby takes over"]
    assert result["description"] == "A plan that nobody tested is a wish.\n\nThe happy path."
    assert _labels(result, "feature") == ["Failover"]
    assert _labels(result, "severity") == ["critical"]
    assert _labels(result, "owner") == ["sre"]
    assert _labels(result, "story") == ["The standby takes over"]
    assert [(link["type"], link["name"]) for link in result["links"]] == [("issue", "DR-7")]


def test_a_missed_objective_is_failed_and_not_broken(results: dict[str, dict[str, Any]]) -> None:
    result = results["The promise is broken"]
    assert result["status"] == "failed"
    assert _steps(result) == [("Given a region is lost", "passed"), ("Then the objective is missed", "failed")]


def test_an_error_of_the_harness_is_broken(results: dict[str, dict[str, Any]]) -> None:
    assert results["The harness is broken"]["status"] == "broken"
    assert _steps(results["The harness is broken"]) == [("Given a bug", "broken")]


def test_a_skip_inside_a_step_closes_the_step_as_skipped(results: dict[str, dict[str, Any]]) -> None:
    assert results["Not on this machine"]["status"] == "skipped"
    assert _steps(results["Not on this machine"]) == [("Given something that is not here", "skipped")]


def test_an_undefined_step_is_shown_where_it_stands(results: dict[str, dict[str, Any]]) -> None:
    assert _steps(results["A word that nobody taught it"]) == [
        ("Given a region is lost", "passed"),
        ("Then pigs fly", "broken"),
    ]


def test_the_row_of_an_outline_becomes_parameters(results: dict[str, dict[str, Any]]) -> None:
    result = results["Waiting for caches us-west-2"]
    shown = {p["name"]: p["value"] for p in result["parameters"] if p.get("mode") != "hidden"}
    assert shown == {"ttl": "60", "region": "us-west-2"}
    assert result["historyId"] != results["Waiting for caches us-east-1"]["historyId"]
    assert _steps(result) == [("Given a time to live of 60 seconds in us-west-2", "passed")]


def test_synthetic_fixtures_of_pytest_bdd_are_hidden(results: dict[str, dict[str, Any]]) -> None:
    assert not [n for n in results["containers"]["fixtures"] if n.startswith(("pytestbdd_", "_pytest_bdd_"))]


def test_without_alluredir_tags_are_understood_and_nothing_is_written(tmp_path: Path) -> None:
    done = inner_pytest(tmp_path, failover=FEATURE, test_failover=STEPS, conftest=CONFTEST)
    assert "3 failed, 3 passed, 1 skipped" in done.stdout, done.stdout + done.stderr
    assert sorted(path.name for path in tmp_path.iterdir() if path.name != "__pycache__") == [
        "conftest.py",
        "failover.feature",
        "test_failover.py",
    ]
