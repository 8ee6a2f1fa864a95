"""The vocabulary in somebody else's project: their feature files, our steps, and messages when something is wrong."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from simulated_backend import SimulatedBackend, Story

FEATURE = """\
Feature: Mine
  Background:
    Given the application runs in two regions

  Scenario: Region lost
    Given steady state in the primary region
    When the primary region is lost, black-holed
    Then clients are served by the standby region within the recovery time objective

  Scenario: Promise of my own
    Given a recovery time objective of 2.5 seconds
    And steady state in region us-east-1
    When region us-east-1 is lost, refused
    Then clients are served by the standby region within the recovery time objective
"""

World = Callable[[Story], list[SimulatedBackend]]


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """An empty project of a user's, with a feature file."""
    for name in ("DRILL_SET", "DRILL_TRIALS", "DRILL_REPORTS", "DRILL_SUBJECT", "DRILL_ENVIRONMENT"):
        monkeypatch.delenv(name, raising=False)
    pytester.makefile(".feature", mine=FEATURE)
    pytester.makefile(".ini", pytest="[pytest]\nfilterwarnings = error\n")
    return pytester


def test_a_feature_file_that_is_named_needs_no_module_and_no_steps_of_its_own(
    project: pytest.Pytester, world: World
) -> None:
    started = world(Story())
    result = project.runpytest_inprocess("mine.feature", "-p", "no:cacheprovider")
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*DrillMissed: *objective 2.5 s*"])
    assert len(started) == 1  # one world for both


def test_the_evidence_of_a_plain_pytest_session_is_filed_and_shown(project: pytest.Pytester, world: World) -> None:
    world(Story())
    result = project.runpytest_inprocess("mine.feature", "-p", "no:cacheprovider")
    latest = project.path / "reports" / "latest"
    assert {path.name for path in latest.iterdir()} == {
        "junit.xml", "promise-of-my-own", "region-lost", "report.html", "run.json",
    }  # fmt: skip
    result.stdout.fnmatch_lines(["*= drills =*"])
    assert "MISSED" in result.stdout.str()


def test_steps_of_the_users_stand_beside_ours(project: pytest.Pytester, world: World) -> None:
    world(Story())
    project.makeconftest(
        """
        from pytest_bdd import then
        @then("my pager rang")
        def rang(drill):
            assert drill.active_region == "us-west-2"
        """
    )
    project.makefile(
        ".feature", mine=FEATURE.partition("  Scenario: Promise")[0].rstrip() + "\n    And my pager rang\n"
    )
    project.makepyfile(test_mine="from pytest_bdd import scenarios\nscenarios('mine.feature')\n")
    project.runpytest_inprocess("-p", "no:cacheprovider").assert_outcomes(passed=1)


def test_a_feature_file_that_nobody_named_is_not_collected_twice(project: pytest.Pytester, world: World) -> None:
    world(Story())
    result = project.runpytest_inprocess("--collect-only", "-q", "-p", "no:cacheprovider")
    result.assert_outcomes()
    assert "mine.feature" not in result.stdout.str()


def test_a_step_that_does_not_exist_is_named_with_its_place(project: pytest.Pytester, world: World) -> None:
    started = world(Story())
    project.makefile(".feature", mine="Feature: F\n  Scenario: S\n    Given the moon is full\n")
    result = project.runpytest_inprocess("mine.feature", "-p", "no:cacheprovider")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(['*mine.feature:3: no step is known for Given "the moon is full"*'])
    assert started == []


def test_drills_are_selected_by_name(project: pytest.Pytester, world: World) -> None:
    world(Story())
    result = project.runpytest_inprocess("mine.feature", "-k", "region_lost", "-p", "no:cacheprovider")
    result.assert_outcomes(passed=1, deselected=1)


def test_trials_run_each_drill_as_often_and_keep_each_ones_evidence(project: pytest.Pytester, world: World) -> None:
    started = world(Story())
    result = project.runpytest_inprocess(
        "mine.feature", "-k", "region_lost", "--trials", "2", "-v", "-p", "no:cacheprovider"
    )
    result.assert_outcomes(passed=2, deselected=2)
    result.stdout.fnmatch_lines(["*trial1*PASSED*", "*trial2*PASSED*"])
    folders = {path.name for path in (project.path / "reports" / "latest").iterdir() if path.is_dir()}
    assert folders == {"region-lost", "region-lost-2"}
    assert len(started) == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--set", "failover=on"], "*--set failover=on: only `off` is allowed*"),
        (["--set", "objective.rto=1"], "*--set objective.rto: unknown key; did you mean objective.rto_s?*"),
        (["--environment", "embeded"], "*unknown environment embeded; one of: *"),
        (["--profile", "slow"], "*--profile slow: one of fast, production*"),
    ],
)
def test_a_wrong_option_is_one_clear_message(
    project: pytest.Pytester, world: World, arguments: list[str], message: str
) -> None:
    started = world(Story())
    result = project.runpytest_inprocess("mine.feature", "-k", "region_lost", "-p", "no:cacheprovider", *arguments)
    assert result.ret != 0
    (result.stderr if result.ret == pytest.ExitCode.USAGE_ERROR else result.stdout).fnmatch_lines([message])
    assert started == []


def test_a_number_of_trials_that_is_none_is_a_usage_error(project: pytest.Pytester, world: World) -> None:
    world(Story())
    result = project.runpytest_inprocess("mine.feature", "--trials", "many", "-p", "no:cacheprovider")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*--trials many: must be a whole number*"])


def test_settings_reach_the_drill(project: pytest.Pytester, world: World) -> None:
    world(Story())
    result = project.runpytest_inprocess(
        "mine.feature", "-k", "region_lost", "--set", "fault=none", "-p", "no:cacheprovider"
    )
    result.assert_outcomes(failed=1, deselected=1)
    result.stdout.fnmatch_lines(["*DrillInvalid*"])


def test_the_drill_fixture_outside_a_scenario_says_so(project: pytest.Pytester, world: World) -> None:
    started = world(Story())
    project.makepyfile(test_mine="def test_mine(drill): pass\n")
    result = project.runpytest_inprocess("test_mine.py", "-p", "no:cacheprovider")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*the `drill` fixture is for scenarios of feature files*"])
    assert started == []


def test_an_ordinary_session_is_left_alone(project: pytest.Pytester, world: World) -> None:
    started = world(Story())
    project.makepyfile(test_mine="def test_mine(): pass\n")
    result = project.runpytest_inprocess("test_mine.py", "-p", "no:cacheprovider")
    result.assert_outcomes(passed=1)
    assert started == []
    assert not (project.path / "reports").exists()
    assert "drills" not in result.stdout.str()


def test_a_step_of_the_users_that_does_not_hold_is_a_miss_and_the_world_goes_on(
    project: pytest.Pytester, world: World
) -> None:
    started = world(Story())
    project.makeconftest("from pytest_bdd import then\n@then('my pager rang')\ndef _(drill): assert 1 == 2\n")
    mine = "  Scenario: Quiet\n    Given steady state in the primary region\n    Then my pager rang\n\n"
    project.makefile(".feature", mine=FEATURE.replace("  Scenario: Region lost", mine + "  Scenario: Region lost"))
    result = project.runpytest_inprocess("mine.feature", "-k", "quiet or region_lost", "-p", "no:cacheprovider")
    result.assert_outcomes(passed=1, failed=1, deselected=1)
    assert len(started) == 1
    run = json.loads((project.path / "reports" / "latest" / "run.json").read_text())
    quiet = next(drill for drill in run["drills"] if drill["name"] == "quiet")
    assert quiet["reasons"][0].startswith("a step did not hold: assert 1 == 2")


def test_an_error_in_a_step_takes_the_world_down_and_the_next_drill_gets_another(
    project: pytest.Pytester, world: World
) -> None:
    started = world(Story())
    project.makeconftest("from pytest_bdd import when\n@when('I stumble')\ndef _(drill): raise RuntimeError('oops')\n")
    project.makefile(
        ".feature",
        mine=FEATURE.replace(
            "  Scenario: Region lost",
            "  Scenario: Clumsy\n    Given steady state in the primary region\n    When I stumble\n\n"
            "  Scenario: Region lost",
        ),
    )
    result = project.runpytest_inprocess("mine.feature", "-k", "clumsy or region_lost", "-p", "no:cacheprovider")
    result.assert_outcomes(passed=1, failed=1, deselected=1)
    result.stdout.fnmatch_lines(["*RuntimeError: oops*"])
    assert len(started) == 2
    run = json.loads((project.path / "reports" / "latest" / "run.json").read_text())
    assert {drill["name"]: drill["verdict"] for drill in run["drills"]} == {"region-lost": "MET", "clumsy": "INVALID"}
