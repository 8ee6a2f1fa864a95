"""Texts that are none: file names that are no UTF-8, half a character in an answer. Evidence survives them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from simulated_backend import SimulatedBackend, Story

from harness.history.events import Completion
from harness.history.log import EventLog, Tail
from harness.outcome import Outcome
from harness.reporting import run_json_reader, verification
from harness.witness.outcomes import with_answer

World = Callable[[Story], list[SimulatedBackend]]
FEATURE = """\
Feature: A message that is no text
  Scenario: Lost
    Given the application runs in two regions
    And steady state in the primary region
    When the primary region is lost, refused
    Then clients are served by the standby region within the recovery time objective
    And the exported file name is right
"""
STEP = """
import os
from pytest_bdd import then

@then("the exported file name is right")
def _(drill) -> None:
    name = os.fsdecode(b"report-\\xff.csv")
    raise AssertionError(f"unexpected file {name}")
"""


@pytest.mark.parametrize("more", [[], ["--alluredir=out"]], ids=["plain", "allure"])
def test_a_message_that_is_no_text_leaves_all_the_evidence(
    pytester: pytest.Pytester, world: World, more: list[str]
) -> None:
    world(Story())
    pytester.makefile(".feature", mine=FEATURE)
    pytester.makeconftest(STEP)
    result = pytester.runpytest_inprocess("mine.feature", "-p", "no:cacheprovider", *more)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    latest = pytester.path / "reports" / "latest"
    assert {"run.json", "junit.xml", "report.html"} <= {path.name for path in latest.iterdir()}
    [drill] = run_json_reader.load(latest / "run.json").drills
    assert drill.verdict == "MISSED"
    assert "report-\udcff.csv" in drill.reasons[0]
    assert verification.verify(latest).differences == ()
    if more:
        results = list((pytester.path / "out").glob("*-result.json"))
        assert [json.loads(path.read_text(encoding="utf-8"))["status"] for path in results] == ["failed"]


def test_what_a_subject_answers_never_stops_the_witness_from_writing(tmp_path: Path) -> None:
    seen = with_answer("get", 200, {}, b'{"value": "\\ud83d"}', "value")
    path = tmp_path / "history.jsonl"
    done = Completion("op", 0, "c", "dns", "get", "k", seen.v, Outcome.OK, 5, address="127.0.0.1", status=200)
    with EventLog(path) as log:
        log.append(done)
    assert Tail(path).poll() == [done]
    assert done.v == "\ud83d"
