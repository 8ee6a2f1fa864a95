"""A drill on a real world that is more than its application may suffer: healed at once, ABORTED, exit code 2."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from command_line import drill, eventually, left_running

from harness.drill.stopping.command import CommandUnderWay, Said
from harness.live import commands
from harness.processes.forkserver import ForkServer
from harness.topology.shipped import find_environment

pytestmark = pytest.mark.live

ROOT = Path(__file__).parents[2]
FEATURE = """Feature: mine
  Scenario: Too much
    Given the application runs in two regions
    {given}
    And steady state in the primary region
    When the primary region is lost, refused
    Then clients are served by the standby region within the recovery time objective
    And service fails back to the primary region
"""
COMMAND = """import pathlib, subprocess, sys, time
looks = pathlib.Path("looks")
looks.write_text(looks.read_text() + "x" if looks.exists() else "x")
if len(looks.read_text()) > 3:
    subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    sys.exit("the queue is too long")
"""
SECRET = "a-secret-of-mine-0815"


def folder_of(tmp_path: Path, given: str = "And a recovery time objective of 20 seconds", stop: str = "") -> Path:
    """A feature, and the embedded environment with stop conditions."""
    (tmp_path / "mine.feature").write_text(FEATURE.format(given=given))
    (tmp_path / "look.py").write_text(COMMAND)
    text = find_environment("embedded").read_text().replace("../reference", str(ROOT / "reference"))
    (tmp_path / "mine.yaml").write_text(f"{text}\n{stop}")
    return tmp_path


def run(folder: Path) -> tuple[int, str, dict[str, Any]]:
    """A run of it: exit code, output, and what its evidence says of the drill."""
    command = ("run", "mine.feature", "-e", "mine.yaml", "--reports", "reports", "--rerun-invalid", "1")
    code, output = drill(folder, *command, timeout_s=280)
    (found,) = json.loads((folder / "reports" / "latest" / "run.json").read_text())["drills"]
    return code, output, found


def test_too_many_failed_requests(tmp_path: Path) -> None:
    given = "And the drill stops when more than 60 % of requests fail within 20 seconds"
    folder = folder_of(tmp_path, given)
    code, output, found = run(folder)
    assert (code, found["verdict"]) == (2, "ABORTED"), output
    assert "requests failed within 2.00 s" in found["reasons"][0]
    assert found["stopped"]["bad"] > 0.6 * found["stopped"]["total"]
    assert found["stopped"]["healed_s"] < 5
    (fault,) = found["faults"]
    assert False not in (fault["observed"], fault["healed"])  # it may be over before its canaries have seen enough
    assert found["stopped"]["decided_ns"] - found["stopped"]["until_ns"] < 5_000_000_000
    assert any("service fails back to the primary region" in reason for reason in found["reasons"])
    page = (folder / "reports" / "latest" / "report.html").read_text()
    assert "ABORTED" in page
    assert drill(folder, "verify", "--reports", "reports")[0] == 0


def test_a_command_that_says_no_is_ended_with_all_that_it_started(tmp_path: Path) -> None:
    stop = "stop:\n  command: {command: [python, look.py], every_s: 1, timeout_s: 20}\n"
    folder = folder_of(tmp_path, stop=stop)
    code, output, found = run(folder)
    assert (code, found["verdict"]) == (2, "ABORTED"), output
    assert "the stop command look.py exited with 1" in found["reasons"][0]
    assert "the queue is too long" in found["reasons"][0]
    assert len((folder / "looks").read_text()) == 4
    assert left_running(folder) == []
    assert drill(folder, "verify", "--reports", "reports")[0] == 0


def test_a_command_that_is_not_there_is_told_before_anything_starts(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, stop="stop:\n  command: {command: [no-such-program]}\n")
    code, output = drill(folder, "run", "mine.feature", "-e", "mine.yaml", "--reports", "reports")
    assert code == 3
    assert "stop.command.command: there is no program no-such-program to run (looked along PATH)" in output
    assert list(folder.glob("reports/*")) == []


# --- the command alone ------------------------------------------------------------------------------------------------


@pytest.fixture
def launcher(tmp_path: Path) -> Iterator[ForkServer]:
    (tmp_path / "logs").mkdir()
    with ForkServer([], tmp_path / "logs") as server:
        yield server


def said(command: CommandUnderWay) -> Said:
    """What it says when it has ended."""
    found: list[Said | None] = [None]

    def ended() -> bool:
        found[0] = command.ended()
        return found[0] is not None

    eventually(ended)
    assert found[0] is not None
    return found[0]


def test_what_a_command_says_is_short_printable_and_without_secrets(
    launcher: ForkServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ORDERS_TOKEN", SECRET)
    script = (
        "import os, sys\nfor n in range(9): print(n, os.environ['ORDERS_TOKEN'], '\\x1b[31m', 'y' * 500)\nsys.exit(4)"
    )
    found = said(commands.start(launcher, "look", ["python", "-c", script], tmp_path))
    assert found.code == 4
    assert [line.split()[:2] for line in found.output] == [[str(n), "***"] for n in range(4, 9)]
    assert all(len(line) <= 200 + len("***") and line.isprintable() for line in found.output)
    assert list((tmp_path / "logs").glob("look*")) == []


def test_one_that_is_ended_leaves_nothing_running(launcher: ForkServer, tmp_path: Path) -> None:
    child = "import time; open('there', 'w').close(); time.sleep(600)"
    script = f"import subprocess, sys; print('asking', flush=True); subprocess.run([sys.executable, '-c', {child!r}])"
    command = commands.start(launcher, "look", ["python", "-c", script], tmp_path)
    eventually(lambda: (tmp_path / "there").exists())
    assert command.ended() is None
    assert command.end() == Said(None, ("asking",))
    assert left_running(tmp_path) == []


def test_one_that_cannot_be_run_says_so(launcher: ForkServer, tmp_path: Path) -> None:
    found = said(commands.start(launcher, "look", ["no-such-program"], tmp_path))
    assert found.code is None
    assert "command not found" in found.output[0]
