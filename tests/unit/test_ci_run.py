"""What `.ci/run` does beside its drills gives way to them, and leaves no test out."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
GIVING_WAY = ROOT / ".ci" / "giving_way.py"
TOLD = """
import json, os, signal
leads = os.getsid(0) == os.getpgrp() == os.getpid()
print(json.dumps([os.getpriority(os.PRIO_PROCESS, 0), leads, signal.getsignal(signal.SIGINT) is signal.SIG_IGN]))
"""


def test_a_command_that_gives_way_has_a_lower_priority_a_session_of_its_own_and_heeds_ctrl_c() -> None:
    command = [sys.executable, str(GIVING_WAY), sys.executable, "-c", TOLD]
    ignoring = signal.signal(signal.SIGINT, signal.SIG_IGN)  # as in a script's background job
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    finally:
        signal.signal(signal.SIGINT, ignoring)
    assert json.loads(done.stdout) == [min(os.getpriority(os.PRIO_PROCESS, 0) + 10, 19), True, False]


def test_its_exit_code_is_the_commands() -> None:
    command = [sys.executable, str(GIVING_WAY), sys.executable, "-c", "raise SystemExit(7)"]
    assert subprocess.run(command, timeout=60, check=False).returncode == 7


def test_the_halves_of_the_tests_are_all_of_them() -> None:
    live, rest = given_to("test-live"), given_to("test-rest")
    assert all((ROOT / path).is_dir() for path in live)
    assert rest == ["tests", *(f"--ignore={path}" for path in live)]
    text = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert "make test-live\n" in text
    assert " test-rest >" in text


def given_to(target: str) -> list[str]:
    """What pytest is given by a target, but for how many processes."""
    try:
        done = subprocess.run(
            ["make", "--dry-run", "--assume-old=.venv/.ready", target],
            cwd=ROOT, capture_output=True, text=True, timeout=60, check=True,
        )  # fmt: skip
    except FileNotFoundError:
        pytest.skip("there is no make")
    (line,) = (line for line in done.stdout.splitlines() if "/pytest " in line)
    words = shlex.split(line)
    return words[1 : words.index("--numprocesses")] if "--numprocesses" in words else words[1:]
