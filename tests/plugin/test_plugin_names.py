"""Which drill is which: equal titles are refused, outlines are several drills, others' scenarios are none."""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from simulated_backend import SimulatedBackend, Story

from harness.cli.pytest_run import run_drills
from harness.drill.catalogue import select
from harness.drill.options import resolve
from harness.errors import LinkError
from harness.reporting import report, run_json_reader

ROOT = Path(__file__).parents[2]
LOST = """\
    Given the application runs in two regions
    And steady state in the primary region
    When the primary region is lost, {mode}
    Then clients are served by the standby region within the recovery time objective
"""
ONE = "Feature: {name}\n  Scenario: {title}\n" + LOST.format(mode="black-holed")
OUTLINE = (
    "Feature: Modes\n  Scenario Outline: Lost, <mode>\n" + LOST.format(mode="<mode>")
    + "\n    Examples:\n      | mode |\n      | black-holed |\n      | refused |\n"
)  # fmt: skip
BIND = "from pytest_bdd import scenarios\nscenarios('.')\n"

World = Callable[[Story], list[SimulatedBackend]]


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """Somebody's project, whose modules and settings are put back after it."""
    monkeypatch.setenv("COLUMNS", "200")
    return pytester


def latest(project: pytest.Pytester) -> Any:
    return json.loads((project.path / "reports" / "latest" / "run.json").read_text())


@pytest.mark.parametrize("titles", [("Gone, twice", "Gone: twice"), ("Gone, twice", "Gone, twice")])
def test_two_files_with_drills_of_one_name_are_a_usage_error_with_both_places(
    project: pytest.Pytester, world: World, titles: tuple[str, str]
) -> None:
    started = world(Story())
    for name, title in zip(("one", "two"), titles, strict=True):
        project.makefile(".feature", **{name: ONE.format(name=name, title=title)})
    project.makepyfile(test_mine=BIND)
    result = project.runpytest_inprocess("-p", "no:cacheprovider")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*two.feature:2: *the name gone-twice is taken by *one.feature:2*another title*"])
    assert started == []


def test_two_scenarios_of_one_title_in_a_file_do_not_become_one(project: pytest.Pytester, world: World) -> None:
    started = world(Story())
    again = ONE.format(name="F", title="Gone")
    project.makefile(".feature", mine=again + again.partition("\n")[2])
    told = "*mine.feature:7: scenario 'Gone': the name gone is taken by *mine.feature:2*"
    result = project.runpytest_inprocess("mine.feature", "-p", "no:cacheprovider")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([told])
    assert "Traceback" not in result.stdout.str()
    project.makepyfile(test_mine=BIND)
    result = project.runpytest_inprocess("-p", "no:cacheprovider")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([told])
    assert started == []


def test_scenarios_that_are_no_drills_may_be_called_what_they_like(project: pytest.Pytester, world: World) -> None:
    started = world(Story())
    for name in ("one", "two"):
        project.makefile(".feature", **{name: f"Feature: {name}\n  Scenario: !\n    Given nothing\n"})
    project.makeconftest("from pytest_bdd import given\n@given('nothing')\ndef _(): pass\n")
    project.makepyfile(test_mine=BIND)
    result = project.runpytest_inprocess("--trials", "3", "-p", "no:cacheprovider")
    result.assert_outcomes(passed=2)
    assert started == []


def test_each_example_of_an_outline_is_a_drill_with_a_name_and_a_folder(project: pytest.Pytester, world: World) -> None:
    world(Story())
    project.makefile(".feature", mine=OUTLINE)
    result = project.runpytest_inprocess("mine.feature", "-p", "no:cacheprovider")
    result.assert_outcomes(passed=2)
    assert [(d["name"], d["scenario"], d["faults"][0]["mode"]) for d in latest(project)["drills"]] == [
        ("lost-black-holed", "Lost, black-holed", "black-hole"), ("lost-refused", "Lost, refused", "refuse"),
    ]  # fmt: skip


def test_drill_run_runs_the_one_example_that_is_asked_for(project: pytest.Pytester, world: World) -> None:
    world(Story())
    project.makefile(".feature", mine=OUTLINE)
    nobody: Any = None
    drills = select(["mine.feature::lost-refused"])
    assert run_drills(drills, resolve({}, {}, project.path, 7), nobody) == 0
    assert [drill["name"] for drill in latest(project)["drills"]] == ["lost-refused"]


def test_a_feature_file_from_windows_runs(project: pytest.Pytester, world: World) -> None:
    world(Story())
    text = ONE.format(name="F", title="Région perdue").replace("\n", "\r\n")
    (project.path / "mine.feature").write_bytes(b"\xef\xbb\xbf" + text.encode())
    result = project.runpytest_inprocess("mine.feature", "-p", "no:cacheprovider")
    result.assert_outcomes(passed=1)
    assert [drill["name"] for drill in latest(project)["drills"]] == ["région-perdue"]


def test_the_command_that_repeats_a_drill_of_ones_own_finds_everything_again(
    project: pytest.Pytester, world: World
) -> None:
    world(Story())
    (project.path / "my env.yaml").write_text(
        (ROOT / "environments" / "embedded.yaml").read_text().replace("../reference", str(ROOT / "reference"))
    )
    subject = os.path.relpath(ROOT / "tests" / "subjects" / "foreign" / "subject.yaml", project.path)
    given = {"environment": "my env.yaml", "subject": subject, "trials": 2, "set": ["objective.rto_s=40"]}
    project.makefile(".feature", mine=OUTLINE)
    nobody: Any = None
    run_drills(select(["mine.feature::lost-refused"]), resolve(given, {}, project.path, 7), nobody)
    run = run_json_reader.load(project.path / "reports" / "latest" / "run.json")
    commands = {report.reproduce(run, drill) for drill in run.drills}
    assert commands == {
        f"drill run mine.feature::lost-refused --environment 'my env.yaml' --subject {subject} --profile fast "
        "--seed 7 --trials 2 --set objective.rto_s=40"
    }
    words = shlex.split(commands.pop())
    assert [drill.name for drill in select([words[2]])] == ["lost-refused"]
    again = resolve({"environment": words[4], "subject": words[6]}, {}, project.path, 7)
    assert again.subject.subject == run.subject


def test_a_drill_that_broke_off_can_be_repeated_as_well(
    project: pytest.Pytester, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(self: SimulatedBackend, fault: object) -> None:
        raise LinkError("no such link")

    world(Story())
    quiet = "  Scenario: Quiet\n" + LOST.format(mode="").partition("    When")[0]
    project.makefile(".feature", mine="Feature: F\n" + quiet + ONE.format(name="F", title="Gone").partition("\n")[2])
    monkeypatch.setattr(SimulatedBackend, "inject", fail)
    nobody: Any = None
    assert run_drills(select(["mine.feature"]), resolve({}, {}, project.path, 7), nobody) == 3
    assert [drill["typed"] for drill in latest(project)["drills"]] == ["mine.feature::quiet", "mine.feature::gone"]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"Feature: caf\xe9\n", "*mine.feature: is not UTF-8 text (byte 12)*"),
        (b"", "*mine.feature: not a feature: there is none in it*"),
        (b"Feature: F\n  Scenario: A\n    Nonsense\n", "*mine.feature:2: scenario 'A' has no steps*"),
    ],
)
def test_a_file_that_cannot_be_read_is_one_line_in_plain_pytest(
    project: pytest.Pytester, content: bytes, told: str
) -> None:
    (project.path / "mine.feature").write_bytes(content)
    result = project.runpytest_inprocess("mine.feature", "-p", "no:cacheprovider")
    assert result.ret == pytest.ExitCode.INTERRUPTED
    result.stdout.fnmatch_lines([told])
    assert "Traceback" not in result.stdout.str()
    assert "site-packages" not in result.stdout.str()
