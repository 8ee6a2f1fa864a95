"""`pytest -n 2`: drills take turns, the process in front tells what they found, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

UNIT = Path(__file__).parents[1] / "unit"
CONFTEST = f"""
import os, sys
sys.path.insert(0, {str(UNIT)!r})
import matplotlib.backends.backend_svg
from pathlib import Path
from harness.live import backend, ground
from simulated_backend import SimulatedBackend, Story

def note(word):
    with open(Path(__file__).parent / "worlds.txt", "a") as file:
        file.write(word + chr(10))

class World(SimulatedBackend):
    def __init__(self, options, servers):
        note("up")
        super().__init__(Story(takeover_s=None), options)
    def __exit__(self, *error):
        note("down")
        return super().__exit__(*error)

backend.LiveWorld = World
ground.warm = lambda stack, options: None
"""
FEATURE = """\
Feature: Mine
  Scenario Outline: Lost <how>
    Given the application runs in two regions
    And steady state in the primary region
    When the primary region is {lost}, <how>
    Then clients are served by the standby region within the recovery time objective
    Examples:
      | how     |
      | refused |
      | reset   |
"""


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """Somebody's project whose workers get simulated worlds."""
    monkeypatch.setenv("COLUMNS", "200")
    pytester.makeconftest(CONFTEST)
    return pytester


def test_drills_take_turns_and_are_told(project: pytest.Pytester) -> None:
    project.makefile(".feature", mine=FEATURE.format(lost="lost"))
    result = project.runpytest_subprocess("mine.feature", "-n", "2", "-p", "no:cacheprovider", timeout=110)
    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines_random(["*= drills (gw*) =*", "*MISSED*lost-refused*", "*MISSED*lost-reset*"])
    told = [line.removeprefix("Report: ") for line in result.outlines if line.startswith("Report: ")]
    assert len(told) == 1, "one run of all workers"
    runs = [json.loads((project.path / path).with_name("run.json").read_text(encoding="utf-8")) for path in told]
    assert sorted(drill["name"] for run in runs for drill in run["drills"]) == ["lost-refused", "lost-reset"]
    assert (project.path / "worlds.txt").read_text().split() == ["up", "down", "up", "down"]


def test_the_run_of_all_workers_is_whole(project: pytest.Pytester) -> None:
    project.makefile(".feature", mine=FEATURE.format(lost="lost"))
    project.runpytest_subprocess("mine.feature", "-n", "2", "-p", "no:cacheprovider", timeout=110)
    latest = project.path / "reports" / "latest"
    run = json.loads((latest / "run.json").read_text(encoding="utf-8"))
    assert run["run_id"] == latest.resolve().name
    assert run["verdict"] == "MISSED"
    assert all((latest / drill["history"]).is_file() for drill in run["drills"])
    assert {"report.html", "junit.xml"} <= {path.name for path in latest.iterdir()}
    assert not [path.name for path in latest.iterdir() if path.name.startswith(".")]
    assert [path.name for path in latest.resolve().parent.iterdir() if path.is_dir() and not path.is_symlink()] == [
        latest.resolve().name
    ]


def test_each_worker_keeps_a_world_where_that_is_asked_for(project: pytest.Pytester) -> None:
    project.makefile(".feature", mine=FEATURE.format(lost="lost"))
    options = ("-n", "2", "--worlds", "per-worker", "--trials", "3", "-p", "no:cacheprovider")
    result = project.runpytest_subprocess("mine.feature", *options, timeout=110)
    result.assert_outcomes(failed=6)
    words = (project.path / "worlds.txt").read_text().split()
    assert (words.count("up"), words.count("down")) == (2, 2)
    run = json.loads((project.path / "reports" / "latest" / "run.json").read_text(encoding="utf-8"))
    assert len({drill["history"] for drill in run["drills"]}) == 6
    assert run["seed"] is not None


def test_a_word_that_no_policy_is_called_is_refused(project: pytest.Pytester) -> None:
    project.makefile(".feature", mine=FEATURE.format(lost="lost"))
    result = project.runpytest_subprocess("mine.feature", "-n", "2", "--worlds", "many", timeout=110)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stdout.fnmatch_lines(["ERROR: --worlds many: one of one, per-worker"])


def test_worlds_that_would_want_one_port_are_refused(project: pytest.Pytester) -> None:
    project.makefile(".feature", mine=FEATURE.format(lost="lost"))
    embedded = (Path(__file__).parents[2] / "environments" / "embedded.yaml").read_text(encoding="utf-8")
    subject = Path(__file__).parents[2] / "reference" / "subject.yaml"
    (project.path / "fixed.yaml").write_text(
        embedded.replace("../reference/subject.yaml", str(subject)).replace("\n  port: 0", "\n  port: 8080")
    )
    options = ("-n", "2", "--worlds", "per-worker", "--environment", "fixed.yaml", "-p", "no:cacheprovider")
    result = project.runpytest_subprocess("mine.feature", *options, timeout=110)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stdout.fnmatch_lines(["ERROR: --worlds per-worker: edge.port can be had by one world only: say 0, or *"])
    assert not (project.path / "worlds.txt").exists()


def test_what_is_refused_is_told_and_nothing_starts(project: pytest.Pytester) -> None:
    project.makefile(".feature", mine=FEATURE.format(lost="lots"))
    result = project.runpytest_subprocess("mine.feature", "-n", "2", "-p", "no:cacheprovider", timeout=110)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stdout.fnmatch_lines(['ERROR: *mine.feature:5: no step is known for When "the primary region is lots*'])
    assert "INTERNALERROR" not in result.stdout.str()
    assert not (project.path / "worlds.txt").exists()


def test_two_drills_of_one_name_are_refused_here_too(project: pytest.Pytester) -> None:
    again = FEATURE.format(lost="lost").partition("\n")[2]
    project.makefile(".feature", mine=FEATURE.format(lost="lost") + again)
    result = project.runpytest_subprocess("mine.feature", "-n", "2", "-p", "no:cacheprovider", timeout=110)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "is taken by" in result.stderr.str() + result.stdout.str()
    assert not (project.path / "worlds.txt").exists()
