"""A drill that ended INVALID runs again where that is wished, and no other; every attempt is kept, and shown."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from own_project import LOST, World, drill_run
from simulated_backend import SimulatedBackend, Story

from harness.drill.options import resolve
from harness.errors import InputError, LinkError
from harness.reporting import run_json_reader, validate, verification

WELL, NOTHING, MISSED = Story(), Story(bites=False), Story(takeover_s=None)
Stories = Callable[..., list[SimulatedBackend]]


@pytest.fixture
def stories(world: World, monkeypatch: pytest.MonkeyPatch) -> Stories:
    """Each drill that is begun follows the next story; those that are left over were not needed."""
    whole = SimulatedBackend.open_drill
    left: list[Story] = []

    def open_drill(self: SimulatedBackend, *arguments: Any) -> None:
        self.story = left.pop(0)
        whole(self, *arguments)

    def install(*told: Story) -> list[SimulatedBackend]:
        left[:] = told
        monkeypatch.setattr(SimulatedBackend, "open_drill", open_drill)
        return world(told[0])

    install.left = left  # type: ignore[attr-defined]
    return install


def latest(project: Path) -> Any:
    return json.loads((project / "reports" / "latest" / "run.json").read_text())


def test_what_proved_nothing_runs_again_and_the_last_attempt_decides(
    project: Path, stories: Stories, capfd: pytest.CaptureFixture[str]
) -> None:
    worlds = stories(NOTHING, NOTHING, WELL)
    assert drill_run(project, LOST, rerun_invalid=2) == 0
    folder = project / "reports" / "latest"
    run = latest(project)
    [drill] = run["drills"]
    assert (run["verdict"], drill["verdict"]) == ("MET", "MET")
    assert [(attempt["name"], attempt["verdict"]) for attempt in drill["attempts"]] == [("region-lost", "INVALID")] * 2
    histories = [one["history"] for one in (*drill["attempts"], drill)]
    assert histories == [f"region-lost{number}/history.jsonl" for number in ("", "-2", "-3")]
    assert all((folder / history).with_name("timeline.svg").is_file() for history in histories)
    assert len(worlds) == 1
    assert validate.main([str(folder / "run.json")]) == 0
    assert verification.verify(folder).differences == ()
    assert len(verification.verify(folder).judged) == 3

    told = " ".join(capfd.readouterr().out.split())
    assert "MET, 1 drill tried again" in told
    assert "MET at the 3rd attempt; 1st INVALID because" in told
    page = (folder / "report.html").read_text()
    assert "MET, 3rd attempt" in page
    assert 'href="./region-lost-2/timeline.svg"' in page
    case = next(ElementTree.parse(folder / "junit.xml").getroot().iter("testcase"))
    properties = {one.get("name"): one.get("value") for one in case.iter("property")}
    assert (properties["attempts"], properties["headline"]) == ("3", "MET, 3rd attempt")
    results = [json.loads(path.read_text()) for path in (folder / "allure-results").glob("*-result.json")]
    assert sorted(result["status"] for result in results) == ["broken", "broken", "passed"]
    assert len({result["historyId"] for result in results}) == 1  # which Allure shows as one with two retries


def test_evidence_with_attempts_reads_back_as_it_was(project: Path, stories: Stories) -> None:
    stories(NOTHING, WELL)
    drill_run(project, LOST, rerun_invalid=1)
    [drill] = run_json_reader.load(project / "reports" / "latest" / "run.json").drills
    assert [attempt.verdict for attempt in drill.attempts] == ["INVALID"]
    assert drill.attempts[0].reasons


@pytest.mark.parametrize("how", ["option", "variable", "project"])
def test_it_is_wished_as_any_option_is(project: Path, stories: Stories, how: str) -> None:
    stories(NOTHING, WELL)
    if how == "project":
        (project / "pyproject.toml").write_text("[tool.drill]\nrerun_invalid = 1\n")
    variables = {"DRILL_RERUN_INVALID": "1"} if how == "variable" else {}
    assert drill_run(project, LOST, variables=variables, rerun_invalid="1" if how == "option" else None) == 0


def test_unless_it_is_wished_nothing_runs_again(project: Path, stories: Stories) -> None:
    stories(NOTHING, WELL)
    assert drill_run(project, LOST) == 2
    assert "attempts" not in latest(project)["drills"][0]


def test_when_all_attempts_prove_nothing_so_does_the_drill(project: Path, stories: Stories) -> None:
    stories(NOTHING, NOTHING, NOTHING)
    assert drill_run(project, LOST, rerun_invalid=2) == 2
    [drill] = latest(project)["drills"]
    assert (drill["verdict"], len(drill["attempts"])) == ("INVALID", 2)


@pytest.mark.parametrize(
    ("story", "settings", "code"),
    [(MISSED, (), 1), (WELL, ("objective.rto_s=9.2",), 2), (WELL, (), 0), (WELL, ("fault=none",), 2)],
    ids=["missed", "unknown", "met", "nothing is to be broken"],
)
def test_no_other_end_is_tried_again(
    project: Path, stories: Stories, story: Story, settings: tuple[str, ...], code: int
) -> None:
    stories(story, WELL)
    assert drill_run(project, LOST, settings=settings, rerun_invalid=3) == code
    assert stories.left == [WELL]  # type: ignore[attr-defined]


def test_a_miss_after_an_invalid_attempt_is_a_miss(project: Path, stories: Stories) -> None:
    stories(NOTHING, MISSED, WELL)
    assert drill_run(project, LOST, rerun_invalid=3) == 1
    assert [len(drill["attempts"]) for drill in latest(project)["drills"]] == [1]


def test_a_control_that_must_be_invalid_inside_is_not_tried_again(project: Path, stories: Stories) -> None:
    (project / "mine.feature").write_text(
        (project / "mine.feature").read_text()
        + "\n  Scenario: Harmless\n    Given as a control, the fault is never applied, so the drill must be INVALID\n"
        "    And steady state in the primary region\n    When the primary region is lost, black-holed\n"
        "    Then clients are served by the standby region within the recovery time objective\n"
        "    And the control holds\n"
    )
    stories(WELL, WELL)
    code = drill_run(project, "Harmless", rerun_invalid=2)
    [drill] = latest(project)["drills"]
    assert (code, drill["control"], "attempts" in drill) == (0, "INVALID", False)


def test_the_other_drills_run_once_and_trials_each_have_their_own(project: Path, stories: Stories) -> None:
    stories(WELL, NOTHING, WELL, NOTHING, NOTHING)
    assert drill_run(project, LOST, trials=3, rerun_invalid=1) == 2
    drills = latest(project)["drills"]
    assert [(drill["verdict"], len(drill.get("attempts", ()))) for drill in drills] == [
        ("MET", 0), ("MET", 1), ("INVALID", 1),
    ]  # fmt: skip


def test_an_attempt_that_breaks_off_is_3_and_those_before_it_are_kept(
    project: Path, stories: Stories, monkeypatch: pytest.MonkeyPatch
) -> None:
    stories(NOTHING, WELL)
    whole, injected = SimulatedBackend.inject, []

    def inject(self: SimulatedBackend, *arguments: Any) -> Any:
        injected.append(arguments)
        if len(injected) == 2:
            raise LinkError("the link server has died")
        return whole(self, *arguments)

    monkeypatch.setattr(SimulatedBackend, "inject", inject)
    assert drill_run(project, LOST, rerun_invalid=5) == 3
    [drill] = latest(project)["drills"]
    assert "the drill broke off: the link server has died" in drill["reasons"][0]
    assert [attempt["verdict"] for attempt in drill["attempts"]] == ["INVALID"]
    assert verification.verify(project / "reports" / "latest").differences == ()


def test_ctrl_c_in_a_later_attempt_leaves_the_earlier_one_as_the_drill(
    project: Path, stories: Stories, monkeypatch: pytest.MonkeyPatch
) -> None:
    stories(NOTHING, WELL)
    whole, injected = SimulatedBackend.inject, []

    def inject(self: SimulatedBackend, *arguments: Any) -> Any:
        injected.append(arguments)
        if len(injected) == 2:
            raise KeyboardInterrupt
        return whole(self, *arguments)

    monkeypatch.setattr(SimulatedBackend, "inject", inject)
    assert drill_run(project, LOST, rerun_invalid=5) == 130
    assert [(drill["verdict"], drill["history"]) for drill in latest(project)["drills"]] == [
        ("INVALID", "region-lost/history.jsonl")
    ]


@pytest.mark.parametrize("bad", ["-1", "11", "1.5", "two"])
def test_how_often_has_limits(project: Path, bad: str) -> None:
    with pytest.raises(InputError, match=f"--rerun-invalid {bad}: "):
        resolve({"rerun_invalid": bad}, {}, project, 7)
    with pytest.raises(InputError, match=f"DRILL_RERUN_INVALID={bad}: "):
        resolve({}, {"DRILL_RERUN_INVALID": bad}, project, 7)


def test_under_pytest_an_attempt_before_the_last_is_no_failure(
    project: Path, pytester: pytest.Pytester, stories: Stories
) -> None:
    stories(NOTHING, WELL, WELL)
    result = pytester.runpytest_inprocess("mine.feature", "-v", "-p", "no:cacheprovider", "--rerun-invalid", "1")
    assert result.parseoutcomes() == {"passed": 2, "rerun": 1}
    result.stdout.fnmatch_lines(["*INVALID, AGAIN*", "*PASSED*", "*MET at the 2nd attempt; 1st INVALID because*"])


# --- evidence that was edited -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda attempt: attempt.pop("history"), r"attempts\[0\]: 'history' is a required property"),
        (lambda attempt: attempt.update(verdict="MISSED"), r"attempts\[0\]\.verdict: 'INVALID' was expected"),
        (lambda attempt: attempt.update(history="../../etc/passwd"), "path leaves the run's folder"),
        (lambda attempt: attempt.update(attempts=[]), r"attempts\[0\]"),
        (lambda attempt: attempt.update(duration_s=1e300), r"drills\[0\]\.attempts\[0\]\.duration_s: .*maximum"),
    ],
)
def test_attempts_that_are_none_are_refused(
    project: Path, stories: Stories, change: Callable[[dict[str, Any]], object], told: str
) -> None:
    stories(NOTHING, WELL)
    drill_run(project, LOST, rerun_invalid=1)
    body = latest(project)
    change(body["drills"][0]["attempts"][0])
    path = project / "reports" / "latest" / "run.json"
    path.write_text(json.dumps(body))
    with pytest.raises(InputError, match=told):
        run_json_reader.load(path)


def test_an_attempt_that_was_edited_is_found_out(project: Path, stories: Stories) -> None:
    stories(NOTHING, WELL)
    drill_run(project, LOST, rerun_invalid=1)
    body = latest(project)
    body["drills"][0]["attempts"][0]["reasons"] = ["the weather"]
    path = project / "reports" / "latest" / "run.json"
    path.write_text(json.dumps(body))
    found = [difference.path for difference in verification.verify(path.parent).differences]
    assert "drills[0].attempts[0].reasons[0]" in found


# --- in many processes ------------------------------------------------------------------------------------------------

CONFTEST = f"""
import sys
sys.path.insert(0, {str(Path(__file__).parents[1] / "unit")!r})
import matplotlib.backends.backend_svg
from harness.live import backend, ground
from simulated_backend import SimulatedBackend, Story

class World(SimulatedBackend):
    begun = 0
    def __init__(self, options, servers):
        super().__init__(Story(), options)
    def open_drill(self, *arguments):
        World.begun += 1
        self.story = Story(bites=World.begun > 1)
        super().open_drill(*arguments)

backend.LiveWorld = World
ground.warm = lambda stack, options: None
"""


def test_in_a_worker_it_runs_again_as_well(project: Path, pytester: pytest.Pytester) -> None:
    pytester.makeconftest(CONFTEST)
    options = ("-n", "1", "-k", "region_lost", "-p", "no:cacheprovider", "--rerun-invalid", "2")
    result = pytester.runpytest_subprocess("mine.feature", *options, timeout=110)
    assert result.parseoutcomes() == {"passed": 1, "rerun": 1}
    result.stdout.fnmatch_lines(["*= drills (gw*) =*", "*MET at the 2nd attempt; 1st INVALID because*"])
