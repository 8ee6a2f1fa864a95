"""The `drill` command as a user has it: a process in a folder of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

DRILL = [sys.executable, "-m", "harness.cli.main"]


def environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith(("DRILL_", "PYTEST_"))}


def drill(folder: Path, *arguments: str, timeout_s: float = 200) -> tuple[int, str]:
    """Exit code and everything that was printed."""
    done = subprocess.run(
        [*DRILL, *arguments],
        cwd=folder, capture_output=True, text=True, timeout=timeout_s, check=False, env=environment(),
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


@contextmanager
def started(folder: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """The command in the background, killed at the end of the block; its output, errors among it, in `stdout`."""
    with subprocess.Popen(
        [*DRILL, *arguments],
        cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment(),
    ) as process:  # fmt: skip
        try:
            yield process
        finally:
            process.kill()


def read_until(process: subprocess.Popen[str], text: str) -> str:
    """What it prints, up to the line with `text` in it, or to its end."""
    assert process.stdout is not None
    found = []
    for line in process.stdout:
        found.append(line)
        if text in line:
            break
    return "".join(found)


def left_running(folder: Path) -> list[str]:
    """Processes that were started from `folder`."""
    names = []
    for process in psutil.process_iter(["cmdline", "cwd"]):
        if process.info["cwd"] == str(folder):
            names.append(" ".join(process.info["cmdline"] or ()))
    return names


def eventually(condition: Callable[[], object], timeout_s: float = 30.0) -> None:
    """Wait for a condition, and fail without it."""
    until = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < until, "it did not come true"
        time.sleep(0.02)
