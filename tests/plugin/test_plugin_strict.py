"""A finding that remains: in the headline of every report, and in the exit code of those who ask for it."""

from __future__ import annotations

from pathlib import Path

import pytest
from own_project import LOST, World, drill_run
from simulated_backend import Story

from harness.reporting import run_json_reader

NOISY = Story(deaths=("a worker ended by itself", "another one ended by itself"))


def test_warnings_that_remain_are_in_every_headline(
    project: Path, world: World, capfd: pytest.CaptureFixture[str]
) -> None:
    world(NOISY)
    assert drill_run(project, LOST) == 0
    folder = project / "reports" / "latest"
    assert "MET, 2 warnings" in (folder / "report.html").read_text()
    assert 'name="headline" value="MET, 2 warnings"' in (folder / "junit.xml").read_text()
    assert run_json_reader.load(folder / "run.json").warnings == 2


@pytest.mark.parametrize("how", ["option", "variable", "project"])
def test_strict_makes_a_run_with_warnings_fail(project: Path, world: World, how: str) -> None:
    world(NOISY)
    if how == "project":
        (project / "pyproject.toml").write_text("[tool.drill]\nstrict = true\n")
    variables = {"DRILL_STRICT": "1"} if how == "variable" else {}
    assert drill_run(project, LOST, variables=variables, strict=True if how == "option" else None) == 1
    assert run_json_reader.load(project / "reports" / "latest" / "run.json").verdict == "MET"


def test_strict_changes_nothing_where_no_warning_remains(project: Path, world: World) -> None:
    world(Story())
    assert drill_run(project, LOST, strict=True) == 0


def test_a_control_is_broken_on_purpose_and_its_findings_do_not_count(project: Path, world: World) -> None:
    world(NOISY)
    assert drill_run(project, "Control", strict=True) == 0


def test_strict_does_not_hide_that_a_drill_proves_nothing(project: Path, world: World) -> None:
    world(NOISY)
    assert drill_run(project, LOST, strict=True, settings=("fault=none",)) == 2


def test_under_pytest_the_drill_fails_and_says_what_remains(
    project: Path, pytester: pytest.Pytester, world: World
) -> None:
    world(NOISY)
    plain = pytester.runpytest_inprocess("mine.feature", "-k", "region_lost", "-p", "no:cacheprovider")
    plain.assert_outcomes(passed=1)
    world(NOISY)
    strict = pytester.runpytest_inprocess(
        "mine.feature", "-k", "region_lost", "-p", "no:cacheprovider", "--strict-drills"
    )
    strict.assert_outcomes(failed=1)
    assert "strict: 2 warnings remain: a worker ended by itself; another one ended by itself" in strict.stdout.str()
