"""A scenario that cannot show anything is refused when it is loaded, with its file and line, before a world starts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from simulated_backend import SimulatedBackend, Story

from harness.cli.pytest_run import run_drills
from harness.drill.catalogue import select
from harness.drill.options import resolve

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
