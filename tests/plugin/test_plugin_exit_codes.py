"""`drill run` as a whole, on simulated worlds: the exit codes of the contract, and evidence that holds."""

from __future__ import annotations

import decimal
import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from own_project import LOST, World, drill_run
from simulated_backend import SimulatedBackend, Story

from harness.drill import running
from harness.drill.case import Case
from harness.drill.catalogue import select
from harness.drill.evidence import DrillResult
from harness.errors import InputError, LinkError
from harness.history import codec
from harness.reporting import run_json_reader, validate


def latest(project: Path) -> Any:
    return json.loads((project / "reports" / "latest" / "run.json").read_text())


# --- exit codes -----------------------------------------------------------------------------------------------------


def test_all_met_is_0(project: Path, world: World) -> None:
    world(Story())
    assert drill_run(project, LOST) == 0
    assert latest(project)["verdict"] == "MET"


def test_a_miss_is_1(project: Path, world: World) -> None:
    world(Story(takeover_s=None))
    assert drill_run(project, LOST) == 1


def test_unknown_and_invalid_are_2(project: Path, world: World) -> None:
    world(Story())
    assert drill_run(project, LOST, settings=("fault=none",)) == 2
    assert latest(project)["verdict"] == "INVALID"
    assert drill_run(project, LOST, settings=("objective.rto_s=9.2",)) == 2
    run = latest(project)
    assert run["verdict"] == "UNKNOWN"
    assert run["drills"][0]["rto"]["low_s"] < 9.2 < run["drills"][0]["rto"]["high_s"]


def test_aborted_is_2_and_the_drills_after_it_run(project: Path, world: World) -> None:
    world(Story())
    aborts = ("stop.errors.share=0.6", "stop.errors.window_s=20")
    assert drill_run(project, LOST, settings=aborts) == 2
    run = latest(project)
    assert run["verdict"] == run["drills"][0]["verdict"] == "ABORTED"
    assert run["drills"][0]["stopped"]["condition"] == "errors"
    assert "requests failed within 2.00 s" in run["drills"][0]["reasons"][0]
    root = ElementTree.parse(project / "reports" / "latest" / "junit.xml").getroot()
    error = root.find("./testsuite/testcase/error")
    assert error is not None
    assert error.get("type") == "ABORTED"
    page = (project / "reports" / "latest" / "report.html").read_text()
    assert '<div class="verdict ABORTED">' in page
    assert "Ends at once when more than 60 % of requests fail within 2 s (clients that follow DNS)." in page
    assert drill_run(project, LOST, "Control", settings=aborts) == 2
    assert [drill["verdict"] for drill in latest(project)["drills"]] == ["ABORTED", "ABORTED"]
    assert drill_run(project, LOST, settings=("stop.errors.share=0.9", "stop.errors.window_s=300")) == 0


def test_a_control_that_holds_is_0_and_one_that_does_not_is_1(
    project: Path, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world(Story())
    assert drill_run(project, "Control") == 0
    assert "the control holds" in latest(project)["drills"][0]["reasons"][0]
    # Failover cannot be switched off: clients recover although they must not.
    monkeypatch.setattr(SimulatedBackend, "disable_failover", lambda self: None)
    assert drill_run(project, "Control") == 1
    assert "does not hold" in latest(project)["drills"][0]["reasons"][0]


def test_a_miss_outweighs_the_rest_and_all_drills_run_in_the_order_asked_for(project: Path, world: World) -> None:
    started = world(Story())
    assert drill_run(project, "Control", LOST, settings=("objective.rto_s=1",)) == 1
    drills = latest(project)["drills"]
    assert [(drill["name"], drill["verdict"]) for drill in drills] == [
        ("control", "MET"),  # it goes red, as it must
        ("region-lost", "MISSED"),
    ]
    assert len(started) == 1


def test_a_world_that_fails_is_3_with_the_reason_as_it_was_said(
    project: Path, world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(self: SimulatedBackend, fault: object) -> None:
        raise LinkError("clients->us-east-1:http: [/bold] not in [links]")

    world(Story())
    monkeypatch.setattr(SimulatedBackend, "inject", fail)
    assert drill_run(project, LOST) == 3
    assert "region-lost: clients->us-east-1:http: [/bold] not in [links]" in capsys.readouterr().err


def test_a_step_that_does_not_exist_is_3_and_starts_nothing(
    project: Path, world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    started = world(Story())
    (project / "mine.feature").write_text("Feature: F\n  Scenario: Moon\n    Given the moon is full\n")
    assert drill_run(project, "Moon") == 3
    told = " ".join(capsys.readouterr().err.split())
    assert 'mine.feature:3: no step is known for Given "the moon is full"' in told
    assert started == []


def test_an_unknown_drill_is_no_run(project: Path) -> None:
    with pytest.raises(InputError, match="unknown drill region-losst: did you mean region-lost"):
        select(["region-losst"])


def test_settings_of_the_users_pytest_do_not_reach_drills(project: Path, world: World) -> None:
    world(Story())
    (project / "pytest.ini").write_text("[pytest]\naddopts = --collect-only -k nothing\nfilterwarnings = error\n")
    assert drill_run(project, LOST) == 0


# --- evidence -------------------------------------------------------------------------------------------------------


def test_the_evidence_of_a_run_holds(project: Path, world: World, capsys: pytest.CaptureFixture[str]) -> None:
    world(Story())
    assert drill_run(project, LOST, "Control", trials=2) == 0
    folder = project / "reports" / "latest"
    assert validate.main([str(folder / "run.json")]) == 0
    run = run_json_reader.load(folder / "run.json")
    assert len(run.drills) == 4
    for drill in run.drills:
        history = folder / drill.history
        assert hashlib.sha256(history.read_bytes()).hexdigest() == drill.history_sha256
        assert len(list(codec.read(history))) > 1000
        assert (history.parent / "timeline.svg").stat().st_size > 1000
    suite = ElementTree.parse(folder / "junit.xml").getroot()
    assert [case.get("name") for case in suite.iter("testcase")] == ["region-lost"] * 2 + ["control"] * 2
    assert not list(suite.iter("failure"))
    assert "<script src=" not in (folder / "report.html").read_text()


def test_allure_has_every_scenario_with_its_steps(project: Path, world: World) -> None:
    world(Story(takeover_s=None))
    assert drill_run(project, LOST) == 1
    (path,) = (project / "reports" / "latest" / "allure-results").glob("*-result.json")
    result = json.loads(path.read_text())
    assert result["name"] == LOST
    assert result["status"] == "failed"
    assert [(step["name"], step["status"]) for step in result["steps"]] == [
        ("Given the application runs in two regions", "passed"),
        ("Given steady state in the primary region", "passed"),
        ("When the primary region is lost, black-holed", "passed"),
        ("Then clients are served by the standby region within the recovery time objective", "failed"),
    ]


def test_judging_that_breaks_off_is_3_and_takes_no_evidence_along(
    project: Path, world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = running.conclude

    def conclude(case: Case, *seen: Any) -> DrillResult:
        if case.name == "region-lost":
            raise decimal.InvalidOperation("too many digits")
        return whole(case, *seen)

    world(Story())
    monkeypatch.setattr(running, "conclude", conclude)
    assert drill_run(project, LOST, "Control") == 3
    told = capsys.readouterr().err
    assert "region-lost: judging failed" in told
    assert "decimal.InvalidOperation: too many digits" in told
    assert [(drill["name"], drill["verdict"]) for drill in latest(project)["drills"]] == [
        ("region-lost", "INVALID"),
        ("control", "MET"),
    ]


def test_what_evidence_cannot_hold_takes_no_run_along(
    project: Path, world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = running.conclude
    world(Story())
    monkeypatch.setattr(running, "conclude", lambda *seen: replace(whole(*seen), duration_s=float("nan")))
    assert drill_run(project, LOST) == 3
    assert "it came to what evidence cannot hold" in capsys.readouterr().err
    assert latest(project)["drills"][0]["verdict"] == "INVALID"


def test_a_drill_that_broke_off_is_filed_although_it_is_the_only_one(
    project: Path, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(self: SimulatedBackend) -> None:
        raise KeyError("a table")

    world(Story())
    monkeypatch.setattr(SimulatedBackend, "data", fail)
    assert drill_run(project, LOST) == 3
    [drill] = latest(project)["drills"]
    assert drill["verdict"] == "INVALID"
    assert "the drill broke off: 'a table'" in drill["reasons"][0]
