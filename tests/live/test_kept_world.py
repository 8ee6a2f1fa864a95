"""`drill run --keep` holds a failed drill's world for looking around; whatever becomes of that, the verdict stands."""

from __future__ import annotations

import shutil
import signal
from pathlib import Path

import pytest
from command_line import drill, eventually, left_running, read_until, started

from harness.live.standing import world_file

pytestmark = [pytest.mark.live, pytest.mark.beside, pytest.mark.slow]

APPLICATION = Path(__file__).parents[1] / "subjects" / "exits_mid_drill" / "app.py"
FEATURE = """Feature: mine
  Scenario: Nothing is ever broken
    Given the application runs in two regions
    And steady state in the primary region
    When 0.1 seconds pass
"""
SUBJECT = """subject: mine
components:
  - name: app
    command: [sh, -c, "exec python app.py"]
    region: each
    port_env: PORT
    health: /health
    env: {EXIT_AFTER_SECONDS: "600"}
honours_time_scale: true
"""
INVALID = 2
CTRL_C = "Ctrl-C ends"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A drill that proves nothing, as soon as there is a steady state."""
    (tmp_path / "mine.feature").write_text(FEATURE)
    (tmp_path / "subject").mkdir()
    (tmp_path / "subject" / "subject.yaml").write_text(SUBJECT)
    shutil.copy(APPLICATION, tmp_path / "subject")
    return tmp_path


def test_a_kept_world_is_found_by_the_other_commands_and_its_end_leaves_the_verdict(folder: Path) -> None:
    with started(folder, "run", "mine.feature", "--subject", "subject", "--keep") as running:
        output = read_until(running, CTRL_C)
        assert "--keep: the world stays up" in output
        code, status = drill(folder, "env", "status")
        assert (code, "by drill run --keep" in " ".join(status.split())) == (0, True)
        assert drill(folder, "heal")[0] == 0
        code, down = drill(folder, "env", "down")
        assert (code, down.startswith("down after")) == (0, True)
        output += running.communicate(timeout=30)[0]
    assert running.returncode == INVALID, output
    assert not world_file.path_in(folder).exists()
    eventually(lambda: left_running(folder) == [])


def test_neither_a_subject_that_cannot_start_again_nor_another_world_changes_the_verdict(folder: Path) -> None:
    file = folder / "subject" / "subject.yaml"
    file.write_text(SUBJECT.replace("exec", "mkdir once-$PORT && exec"))
    path = world_file.path_in(folder)
    with (
        world_file.claimed(path) as ours,
        started(folder, "run", "mine.feature", "--subject", "subject", "--keep") as running,
    ):
        assert ours
        output = read_until(running, "Ctrl-C ends this one")
        assert "the subject could not be started again: component app.us-east-1: exited with code 1" in output
        assert "Another world runs here" in output
        assert "drill heal\n" not in output
        assert not path.exists()
        running.send_signal(signal.SIGINT)
        output += running.communicate(timeout=30)[0]
    assert running.returncode == INVALID, output
    eventually(lambda: left_running(folder) == [])
