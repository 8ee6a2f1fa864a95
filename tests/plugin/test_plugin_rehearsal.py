"""A scenario that cannot show anything is refused when it is loaded, with its file and line, before a world starts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pytest_bdd.steps import step_function_context_registry
from simulated_backend import SimulatedBackend, Story, environment, subject

from harness.cli.pytest_run import run_drills
from harness.drill.catalogue import select
from harness.drill.options import RunOptions, resolve
from harness.drill.settings import Settings
from harness.pytest_plugin.rehearsal import Rehearsal
from harness.topology.environment import Place
from harness.topology.timing import Profile, Timing

FEATURE = """\
Feature: Mine
  Background:
    Given the application runs in two regions
    And steady state in the primary region

  Scenario Outline: Lost for {for_}
    {given}
    When the primary region is lost, refused{for_}
    {between}
    Then clients are served by the standby region within the recovery time objective

    Examples:
      | seconds |
      | 100     |
"""
World = Callable[[Story], list[SimulatedBackend]]


def feature(for_: str = ", for <seconds> seconds", given: str = "", between: str = "") -> str:
    return FEATURE.format(for_=for_, given=given, between=between)


def test_a_fault_that_heals_before_recovery_could_be_shown_is_a_usage_error(
    pytester: pytest.Pytester, world: World
) -> None:
    started = world(Story())
    pytester.makefile(".feature", mine=feature())
    result = pytester.runpytest_inprocess("mine.feature", "-p", "no:cacheprovider")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*mine.feature:8: this fault heals by itself after 10 s, *line 10: * 20 + 12.1 s *"])
    assert started == []


def test_drill_run_says_it_once_and_exits_3(
    pytester: pytest.Pytester, world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    started = world(Story())
    pytester.makefile(".feature", mine=feature())
    options = resolve({}, {}, Path.cwd(), 7)
    nobody: Any = None
    assert run_drills(select(["mine.feature"]), options, nobody) == 3
    assert capsys.readouterr().err.count("this fault heals by itself") == 1
    assert started == []


@pytest.mark.parametrize(
    "text",
    [
        feature(", for 400 seconds"),
        feature(given="Given a recovery time objective of 1 seconds", for_=", for 140 seconds"),
        feature(for_=", for 8 seconds", between="When the primary region is lost, black-holed"),
    ],
    ids=["long enough", "a small objective", "a blip before the fault that is judged"],
)
def test_what_can_be_shown_is_run(pytester: pytest.Pytester, world: World, text: str) -> None:
    started = world(Story())
    pytester.makefile(".feature", mine=text)
    result = pytester.runpytest_inprocess("mine.feature", "-p", "no:cacheprovider")
    assert result.ret in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED)
    assert len(started) == 1


UNKNOWN = """\
Feature: Names that nobody knows
  Scenario: Somewhere else
    Given the application runs in two regions
    And steady state in the primary region
    When {step}
    Then clients are served by the standby region within the recovery time objective
"""


@pytest.mark.parametrize(
    ("step", "told"),
    [
        (
            "region eu-west-1 is lost, refused",
            "unknown region eu-west-1; this environment has: us-east-1, us-west-2; *",
        ),
        ("the tertiary region is lost, refused", "unknown region tertiary; *"),
        ("region us-west-2.a is lost, refused", "unknown region us-west-2.a; *did you mean us-west-2?"),
        ("DynamoDB is lost in region us-east-2, refused", "unknown region us-east-2; *did you mean us-*?"),
        ("the process monitor.outsid is killed", "unknown process monitor.outsid; *did you mean monitor.outside?"),
        ("the process monitor.us-east-1 is frozen", "unknown process monitor.us-east-1; *"),
        ("traffic from us-east-1 to mars vanishes", "unknown place mars; *"),
        ("region mars heals", "unknown region mars; *"),
    ],
)
def test_names_that_nobody_knows_are_refused_before_anything_starts(
    pytester: pytest.Pytester, world: World, step: str, told: str
) -> None:
    started = world(Story())
    pytester.makefile(".feature", mine=UNKNOWN.format(step=step))
    result = pytester.runpytest_inprocess("mine.feature", "-p", "no:cacheprovider")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"*mine.feature:5: {told}"])
    assert started == []


def test_all_wrong_names_are_told_at_once(pytester: pytest.Pytester, world: World) -> None:
    world(Story())
    text = UNKNOWN.format(step="region mars is lost, refused").replace("the standby region", "region venus")
    pytester.makefile(".feature", mine=text)
    result = pytester.runpytest_inprocess("mine.feature", "-p", "no:cacheprovider")
    result.stderr.fnmatch_lines(["*mine.feature:5: unknown region mars*", "*mine.feature:6: unknown region venus*"])


def test_places_with_dots_and_roles_of_ones_own_can_be_said() -> None:
    """Only that they are understood: the simulated world has the two regions that ship."""
    shipped = environment()
    dotted = shipped.model_copy(update={"places": (*shipped.places, Place(name="eu.central.1", role="archive"))})
    options = RunOptions(dotted, subject(), Path(), Timing(Profile.FAST), 1, 1, Settings(), Path(), keep=False)
    rehearsal = Rehearsal(options)
    for words in ("region eu.central.1", "the archive region", "eu.central.1"):
        assert rehearsal.region(words) == "eu.central.1"
    steps = [
        "region eu.central.1 is lost, refused",
        "the archive region heals",
        "DynamoDB is lost in region e.c, reset",
    ]
    known = [c for c in step_function_context_registry.values() if c.type == "when"]
    for step in steps:
        assert sum(definition.parser.is_matching(step) for definition in known) == 1, step


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ("Given the drill stops when more than 100 % of requests fail within 30 seconds", "share"),
        ("Given the drill stops when more than 50 % of requests fail within 0.5 seconds", "window_s"),
        (
            "Given the drill stops when more than 50 % of requests to region nowhere fail within 30 seconds",
            "nowhere",
        ),
        (
            "Given the drill stops when more than 50 % of requests take longer than 2000 ms within 30 seconds",
            "stop.latency.above_ms: 2000 ms, but clients wait no longer than 1 s",
        ),
        (
            "Given the drill stops when more than 50 % of requests to the primary region fail within 5 seconds",
            "stop.errors.requests: 10, but in 1 s (fast profile) clients send 4 that count",
        ),
    ],
)
def test_a_stop_condition_that_could_never_hold_is_refused_with_its_line(
    pytester: pytest.Pytester, world: World, given: str, text: str
) -> None:
    started = world(Story())
    pytester.makefile(".feature", mine=feature("", given))
    result = pytester.runpytest_inprocess("mine.feature", "-p", "no:cacheprovider")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    told = result.stderr.str()
    assert "mine.feature:7: " in told
    assert text in told
    assert started == []


def test_one_that_is_stated_after_a_fault_is_refused(pytester: pytest.Pytester, world: World) -> None:
    started = world(Story())
    step = "Given the drill stops when more than 50 % of requests fail within 30 seconds"
    pytester.makefile(".feature", mine=feature("", between=step))
    result = pytester.runpytest_inprocess("mine.feature", "-p", "no:cacheprovider")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*mine.feature:9: a stop condition is stated before the first fault*"])
    assert started == []


def test_a_scenario_states_its_own(pytester: pytest.Pytester, world: World) -> None:
    world(Story())
    step = "Given the drill stops when more than 60 % of requests fail within 20 seconds"
    pytester.makefile(".feature", mine=feature("", step))
    result = pytester.runpytest_inprocess("mine.feature", "-p", "no:cacheprovider")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*DrillAborted: *requests failed within 2.00 s*"])
