"""`drill run` in other people's projects: their pytest settings, their hooks, their feature files."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from simulated_backend import SimulatedBackend, Story

from harness.cli.pytest_run import run_drills
from harness.drill.catalogue import select
from harness.drill.options import resolve

STEADY = """\
    Given the application runs in two regions
    And steady state in the primary region
"""
LOST = (
    STEADY
    + """\
    When the primary region is lost, refused
    Then clients are served by the standby region within the recovery time objective
"""
)
FEATURE = "Feature: Mine\n\n  @nightly @severity:minor\n  Scenario: Lost\n" + LOST

World = Callable[[Story], list[SimulatedBackend]]
Told = pytest.CaptureFixture[str]


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Somebody's project, whose modules and settings are put back after it."""
    monkeypatch.setenv("COLUMNS", "200")
    pytester.makefile(".feature", mine=FEATURE)
    return pytester.path


def drill_run(project: Path, *words: str) -> int:
    nobody: Any = None
    return run_drills(select(words or ["mine.feature"]), resolve({}, {}, project, 7), nobody)


def names(project: Path) -> list[str]:
    run = json.loads((project / "reports" / "latest" / "run.json").read_text())
    return [drill["name"] for drill in run["drills"]]


@pytest.mark.parametrize(
    "settings",
    [
        "addopts = --collect-only -k nothing -n 4 --strict-markers -p no:drill",
        "strict = true",
        "strict_markers = true\nstrict_config = true\nno_such_setting = 1",
        "required_plugins = no-such-plugin",
        "minversion = 99",
        "usefixtures = no_such_fixture",
        "testpaths = nowhere\npython_files = nothing\npython_functions = nothing\nnorecursedirs = *",
        "bdd_features_base_dir = nowhere\ntimeout = 0.001\nfaulthandler_timeout = 0.001",
        "log_cli = true\nlog_level = nonsense",
        "filterwarnings = error\nxfail_strict = true",
        "collect_imported_tests = false\nconsole_output_style = nonsense\njunit_family = xunit1",
    ],
    ids=lambda text: text.partition(" ")[0],
)
def test_no_setting_of_the_users_pytest_keeps_a_drill_from_running(
    project: Path, world: World, settings: str, capsys: Told
) -> None:
    world(Story())
    (project / "pytest.ini").write_text(f"[pytest]\n{settings}\n")
    code = drill_run(project)
    assert (code, capsys.readouterr().err) == (0, "")


def test_variables_that_are_meant_for_other_sessions_do_not_reach_drills(
    project: Path, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world(Story())
    monkeypatch.setenv("PYTEST_ADDOPTS", "--collect-only --no-such-option")
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    assert drill_run(project) == 0


@pytest.mark.parametrize(
    "hook",
    [
        "def pytest_runtest_setup(item): pytest.exit('the licence has ended')",
        "def pytest_bdd_before_step(step): pytest.exit('the licence has ended')",
        "def pytest_sessionstart(session): pytest.exit('the licence has ended')",
        "def pytest_configure(config): pytest.exit('the licence has ended')",
        "pytest.exit('the licence has ended')",
        "def pytest_collection_modifyitems(items): pytest.exit('the licence has ended', returncode=0)",
    ],
)
def test_a_hook_that_ends_the_session_is_told_and_is_neither_a_verdict_nor_ctrl_c(
    project: Path, world: World, hook: str, capsys: Told
) -> None:
    world(Story())
    (project / "conftest.py").write_text(f"import pytest\n{hook}\n")
    code = drill_run(project)
    told = capsys.readouterr().err
    assert "the licence has ended" in told
    assert "Traceback" not in told
    assert code == 3


def test_a_step_in_a_conftest_needs_no_module(project: Path, world: World) -> None:
    world(Story())
    (project / "conftest.py").write_text(
        "from pytest_bdd import then\n@then('my pager rang')\ndef _(drill): assert drill.active_region == 'us-west-2'\n"
    )
    (project / "mine.feature").write_text(FEATURE + "    And my pager rang\n")
    assert drill_run(project) == 0


def test_a_hook_that_fails_at_the_end_takes_no_evidence_along(project: Path, world: World) -> None:
    world(Story())
    (project / "conftest.py").write_text("def pytest_sessionfinish(session): raise RuntimeError('no disk')\n")
    with pytest.raises(RuntimeError, match="no disk"):  # the command line shows where, and exits 3
        drill_run(project)
    assert names(project) == ["lost"]


def test_a_hook_that_fails_between_two_drills_is_no_run_that_met_everything(
    project: Path, world: World, capsys: Told
) -> None:
    world(Story())
    (project / "mine.feature").write_text(FEATURE + "\n  Scenario: Quiet\n" + STEADY)
    (project / "conftest.py").write_text("def pytest_runtest_logfinish(nodeid): raise RuntimeError('no disk')\n")
    assert drill_run(project) == 3
    told = capsys.readouterr().err
    assert "drill: a hook failed, and pytest with it: " in told
    assert "conftest.py:1: RuntimeError: no disk" in told
    assert "Traceback" not in told
    assert names(project) == ["lost"]


def test_drills_that_a_hook_leaves_out_are_missed(project: Path, world: World, capsys: Told) -> None:
    world(Story())
    (project / "mine.feature").write_text(FEATURE + "\n  Scenario: Quiet\n" + STEADY)
    (project / "conftest.py").write_text("def pytest_runtest_logfinish(nodeid): session.shouldstop = 'enough'\n"
        "def pytest_sessionstart(session): globals()['session'] = session\n")  # fmt: skip
    assert drill_run(project) == 3
    assert "1 of 2 drills" in capsys.readouterr().err


def test_a_drill_that_is_skipped_is_told_and_the_others_decide(
    project: Path, world: World, capfd: pytest.CaptureFixture[str]
) -> None:
    world(Story())
    (project / "mine.feature").write_text(FEATURE + "\n  @skip\n  Scenario: Quiet\n" + STEADY)
    assert drill_run(project) == 0
    assert "skipped: test_quiet: Skipped: unconditional skip" in capfd.readouterr().out
    assert names(project) == ["lost"]


def test_when_every_drill_is_skipped_nothing_has_been_shown(
    project: Path, world: World, capfd: pytest.CaptureFixture[str]
) -> None:
    started = world(Story())
    (project / "mine.feature").write_text(FEATURE.replace("@nightly", "@skip"))
    assert drill_run(project) == 3
    told = capfd.readouterr()
    assert "skipped: test_lost" in told.out
    assert "no drill was run" in told.err
    assert started == []


def test_a_miss_that_pytest_was_told_to_expect_is_a_miss_all_the_same(project: Path, world: World) -> None:
    world(Story(takeover_s=None))
    (project / "mine.feature").write_text(FEATURE.replace("@nightly", "@xfail"))
    assert drill_run(project) == 1


def test_settings_that_pytest_cannot_read_are_told_with_their_place(project: Path, world: World, capsys: Told) -> None:
    started = world(Story())
    (project / "pytest.ini").write_text("addopts = -q\n")
    assert drill_run(project) == 3
    told = capsys.readouterr().err
    assert "pytest.ini:1: no section header defined" in told
    assert "no drill was run" in told
    assert "Traceback" not in told
    assert started == []
