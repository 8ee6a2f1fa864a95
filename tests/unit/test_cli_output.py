"""What is printed decides nothing: a reader that has gone, a terminal without the characters, a closed descriptor."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from harness.cli.complaining import complain

UNIT = Path(__file__).parent
FEATURE = """\
Feature: Mine
  Scenario: Lost
    Given the application runs in two regions
    And steady state in the primary region
    When the primary region is lost, refused
    Then clients are served by the standby region within the recovery time objective
"""
SIMULATED = """\
import sys
sys.path.insert(0, {unit!r})
import harness.cli.run
from harness.cli.main import main
from harness.live import backend, ground
from simulated_backend import SimulatedBackend, Story
story = Story({story})
backend.LiveWorld = lambda options, servers: SimulatedBackend(story, options)
ground.warm = harness.cli.run.warm = lambda stack, options: None
sys.argv = ["drill", "run", "mine.feature"]
main()
"""


def run(folder: Path, words: list[str], redirect: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """By a shell, since it is the shell's pipes and redirections that are tried."""
    command = ["bash", "-c", f'"$@" {redirect}; echo "rc=${{PIPESTATUS[0]}}" >&2', "bash", *words]
    return subprocess.run(
        command, cwd=folder, env=os.environ | environment, capture_output=True, text=True, timeout=100, check=False
    )


def drill_run(folder: Path, redirect: str, story: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    """A whole drill in fast forward."""
    (folder / "mine.feature").write_text(FEATURE)
    script = folder / "simulated.py"
    script.write_text(SIMULATED.format(unit=str(UNIT), story=story))
    return run(folder, [sys.executable, str(script)], redirect, **environment)


@pytest.mark.parametrize(
    ("redirect", "story", "code"),
    [("| true", "", 0), ("2>&1 | head -1", "takeover_s=None", 1), (">&-", "", 0), ("> /dev/full", "", 0)],
    ids=["nobody reads", "one line is read", "closed", "full"],
)
def test_a_drill_runs_to_its_end_whoever_reads(tmp_path: Path, redirect: str, story: str, code: int) -> None:
    done = drill_run(tmp_path, redirect, story)
    assert done.stderr.splitlines()[-1] == f"rc={code}"
    assert "Traceback" not in done.stderr
    assert "BrokenPipe" not in done.stderr
    files = {path.name for path in (tmp_path / "reports" / "latest").iterdir()}
    assert {"run.json", "report.html", "junit.xml"} <= files


@pytest.mark.parametrize("encoding", ["ascii", "utf-8"])
def test_every_encoding_will_do(tmp_path: Path, encoding: str) -> None:
    done = drill_run(tmp_path, "| cat", PYTHONIOENCODING=encoding)
    assert done.stderr == "rc=0\n"
    assert ("✓ MET" if encoding == "utf-8" else "ok MET") in done.stdout
    assert "Report: " in done.stdout


DRILL = [sys.executable, "-m", "harness.cli.main"]


@pytest.mark.parametrize("words", [["list"], ["steps"], ["--help"]])
def test_other_commands_leave_quietly(tmp_path: Path, words: list[str]) -> None:
    done = run(tmp_path, [*DRILL, *words], "| true")
    assert done.stderr == "rc=0\n"


def test_what_fails_says_so_although_nobody_reads_the_rest(tmp_path: Path) -> None:
    done = run(tmp_path, [*DRILL, "report", "nothing"], "| true")
    assert done.stderr.startswith("drill: no run nothing in ")
    assert done.stderr.endswith("rc=3\n")


def test_a_name_that_is_no_text_can_be_told(tmp_path: Path) -> None:
    done = run(tmp_path, [*DRILL, "run", os.fsdecode(b"mine-\xff.feature")], "")
    assert done.stderr.endswith("rc=3\n")
    assert "no such file" in done.stderr


def test_every_line_of_an_error_says_whose_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    complain("a.feature:1: wrong\na.feature:2: [bold]wrong\x1b[2J\n    Traceback of a component")
    assert capsys.readouterr().err.splitlines() == [
        "drill: a.feature:1: wrong",
        "drill: a.feature:2: [bold]wrong",
        "    Traceback of a component",
    ]


@pytest.mark.parametrize(
    "text",
    [
        FEATURE.replace("is lost, refused", "is lost, black holed"),
        FEATURE.replace("    When the primary region is lost, refused\n", "").replace("Scenario", "Szenario"),
        "no gherkin\n",
    ],
)
def test_a_feature_file_that_is_refused_leaves_no_folder_of_a_run(text: str, tmp_path: Path) -> None:
    (tmp_path / "mine.feature").write_text(text)
    script = tmp_path / "simulated.py"
    script.write_text(SIMULATED.format(unit=str(UNIT), story=""))
    done = run(tmp_path, [sys.executable, str(script)], "")
    assert "rc=3" in done.stderr
    assert not (tmp_path / "reports").exists()
