"""Steps are resolved when a file is loaded: what nobody defined, or two did, is refused before a world starts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from simulated_backend import SimulatedBackend, Story

from harness.cli.pytest_run import run_drills
from harness.drill.catalogue import select
from harness.drill.options import resolve

World = Callable[[Story], list[SimulatedBackend]]
FEATURE = """\
Feature: Mine
  Scenario: One
    Given the application runs in two regions
    And steady state in the primary region
    {step}
"""
RECOVERED = "Then clients are served by the standby region within the recovery time objective"
LOST = f"When the primary region is lost, refused\n    {RECOVERED}"
BIND = "from pytest_bdd import scenarios\nscenarios('mine.feature')\n"
OWN = "from pytest_bdd import parsers, then, when\n"


def refused(
    pytester: pytest.Pytester,
    world: World,
    capsys: pytest.CaptureFixture[str],
    text: str,
    told: str,
    *,
    everywhere: bool = False,
) -> None:
    """By plain pytest as a usage error, and, where everywhere, by a bound module and `drill run` in the same words."""
    started = world(Story())
    pytester.makefile(".feature", mine=text)
    result = pytester.runpytest_inprocess("mine.feature", "-p", "no:cacheprovider")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([told])
    if everywhere:
        nobody: Any = None
        capsys.readouterr()
        assert run_drills(select(["mine.feature"]), resolve({}, {}, Path.cwd(), 7), nobody) == 3
        said = [line for line in capsys.readouterr().err.splitlines() if line.strip()]
        assert pytest.LineMatcher(said).fnmatch_lines([told]) is None
        pytester.makepyfile(test_mine=BIND)
        result = pytester.runpytest_inprocess("test_mine.py", "-p", "no:cacheprovider")
        assert result.ret == pytest.ExitCode.USAGE_ERROR
        result.stderr.fnmatch_lines([told])
    assert started == []


def test_an_unknown_step_is_refused_everywhere_with_the_nearest(
    pytester: pytest.Pytester, world: World, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "400")
    told = (
        '*mine.feature:5: no step is known for When "the primary region is lots, refused"; the nearest is '
        '"REGION is lost, MODE ?for N seconds?" (MODE is black-holed *, refused *, or reset); *'
    )
    text = FEATURE.format(step="When the primary region is lots, refused\n    " + RECOVERED)
    refused(pytester, world, capsys, text, told, everywhere=True)


@pytest.mark.parametrize(
    ("step", "told"),
    [
        ("When the primary region is lost, exploded", '*:5: no step is known for *"REGION is lost, MODE ?for*'),
        ("Then the fault heals", '*:5: no step is known for Then "the fault heals"; as a When step there is *'),
        ("Then zzz", "*:5: no step is known for Then *; `drill steps` lists what there is"),
        ("Given a recovery time objective of 3.4.5 seconds", "*:5: step *3.4.5*has a value that does not fit: *"),
        ("When 1..5 seconds pass", "*:5: step *has a value that does not fit: *"),
        ("When the primary region is lost, refused for . seconds", "*:5: step *has a value that does not fit: *"),
        ("When the fault heals\n      | a | table |", "*:5: step 'the fault heals' takes no table"),
        ('When the fault heals\n      """\n      words\n      """', "*:5: step 'the fault heals' takes no text*"),
    ],
)
def test_what_no_step_takes_is_refused_with_its_line(
    pytester: pytest.Pytester, world: World, capsys: pytest.CaptureFixture[str], step: str, told: str
) -> None:
    refused(pytester, world, capsys, FEATURE.format(step=step), told)


def test_everything_is_told_at_once(pytester: pytest.Pytester, world: World) -> None:
    world(Story())
    steps = "When the sun explodes\n    When region mars is lost, refused\n    Then the moon is full"
    pytester.makefile(".feature", mine=FEATURE.format(step=steps))
    result = pytester.runpytest_inprocess("mine.feature", "-p", "no:cacheprovider")
    result.stderr.fnmatch_lines(["*:5: no step*", "*:7: no step*", "*:6: unknown region mars*"])


def test_a_scenario_that_is_left_out_may_be_unfinished(pytester: pytest.Pytester, world: World) -> None:
    world(Story())
    more = "\n  @wip\n  Scenario: Two\n    Given the application runs in two regions\n    When it rains\n"
    pytester.makefile(".feature", mine=FEATURE.format(step=LOST) + more)
    pytester.makeini("[pytest]\nmarkers =\n  wip\n")
    pytester.runpytest_inprocess("mine.feature", "-m", "not wip", "-p", "no:cacheprovider").assert_outcomes(
        passed=1, deselected=1
    )


def test_a_column_that_is_not_there(
    pytester: pytest.Pytester, world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    text = FEATURE.format(step="When the primary region is lost, <mode>").replace("Scenario:", "Scenario Outline:")
    text += "\n    Examples:\n      | how     |\n      | refused |\n"
    refused(pytester, world, capsys, text, "*:5: no step is known*; no column of its examples is called mode")


@pytest.mark.parametrize(
    ("own", "told"),
    [
        ("@then('it rained')\ndef a(drill): pass\n@then('it rained')\ndef b(drill): pass\n", "*may mean*conftest*and*"),
        ("@then('it rained')\ndef a(drill, umbrella): pass\n", "*needs umbrella, and nothing makes that"),
        ("@then('it rained')\ndef a(drill, datatable): pass\n", "*needs a table below it"),
        (
            "@then(parsers.parse('it {what}'), converters={'what': int})\ndef a(drill, what): pass\n",
            "*has a value that does not fit: *",
        ),
        ("@when('it rained')\ndef a(drill): pass\n", '*as a When step there is "it rained"'),
        ("@then('it rains')\ndef a(drill): pass\n", '*the nearest is "it rains"; *'),
    ],
    ids=["two definitions", "a fixture", "a table", "a converter", "another keyword", "the user's own is nearest"],
)
def test_steps_of_ones_own_are_resolved_too(
    pytester: pytest.Pytester, world: World, capsys: pytest.CaptureFixture[str], own: str, told: str
) -> None:
    pytester.makeconftest(OWN + own)
    refused(pytester, world, capsys, FEATURE.format(step="Then it rained"), f"*mine.feature:5: {told}")


def test_what_steps_hand_on_and_fixtures_make_is_there(pytester: pytest.Pytester, world: World) -> None:
    world(Story())
    pytester.makeconftest(
        OWN + "import pytest\n@pytest.fixture\ndef hat(): return 1\n"
        "@when('it rains', target_fixture='umbrella')\ndef a(drill): return 2\n"
        "@then('it rained')\ndef b(drill, umbrella, hat, request, tmp_path, x=4): assert (umbrella, hat) == (2, 1)\n"
    )
    pytester.makefile(".feature", mine=FEATURE.format(step=f"{LOST}\n    When it rains\n    Then it rained"))
    pytester.runpytest_inprocess("mine.feature", "-p", "no:cacheprovider").assert_outcomes(passed=1)


def test_a_nearer_definition_stands_for_another_one(pytester: pytest.Pytester, world: World) -> None:
    """As everywhere in pytest; the scenario then has a step of which only its author knows what it does."""
    world(Story())
    pytester.mkdir("near")
    (pytester.path / "near" / "conftest.py").write_text(OWN + "@when('the fault heals')\ndef a(drill): drill.heal()\n")
    text = FEATURE.format(step=f"{LOST}\n    When the fault heals")
    (pytester.path / "near" / "mine.feature").write_text(text)
    pytester.runpytest_inprocess("near/mine.feature", "-p", "no:cacheprovider").assert_outcomes(passed=1)


def test_a_scenario_that_is_no_drill_is_its_own_business(pytester: pytest.Pytester, world: World) -> None:
    world(Story())
    pytester.makefile(".feature", mine="Feature: F\n  Scenario: S\n    Given the moon is full\n")
    pytester.makepyfile(test_mine=BIND)
    result = pytester.runpytest_inprocess("test_mine.py", "-p", "no:cacheprovider")
    result.assert_outcomes(failed=1)
