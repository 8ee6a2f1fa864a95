"""A drill that is stopped from outside, with a fault in force: whoever stops it, and how often, nothing stays behind.

The links are on a Toxiproxy of the user's own, which outlives the drill and so tells what was left on it.
"""

from __future__ import annotations

import os
import pty
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
from toxiproxy_rig import running_server

from harness.parts.links.toxiproxy.client import ToxiproxyClient
from harness.parts.links.toxiproxy.prefix import prefixes_of_ours

pytestmark = [pytest.mark.live, pytest.mark.beside]

APPLICATION = Path(__file__).parents[1] / "subjects" / "exits_mid_drill" / "app.py"
FEATURE = """Feature: mine
  Scenario: Broken at once
    Given the application runs in two regions
    When the primary region is lost, refused
    And 900 seconds pass
"""
SUBJECT = """subject: mine
components:
  - name: app
    command: [sh, -c, "exec python app.py"]
    region: each
    port_env: PORT
    env: {EXIT_AFTER_SECONDS: "600"}
"""
DRILL_RUN = ("-m", "harness.cli.main", "run", "mine.feature")
PLAIN_PYTEST = ("-m", "pytest", "mine.feature", "-p", "no:cacheprovider")
AGAIN_S = 0.01
PYTEST_INTERRUPTED = int(pytest.ExitCode.INTERRUPTED)


@dataclass
class Stopping:
    """A drill in a folder of its own, and the Toxiproxy that it uses."""

    folder: Path
    toxiproxy: ToxiproxyClient

    def start(self, *arguments: str, output: int | None = None, **options: object) -> subprocess.Popen[bytes]:
        """Start one, and wait until its fault is in force."""
        temporary = self.folder / "tmp"
        temporary.mkdir()
        (self.folder / "mine.feature").write_text(FEATURE)
        (self.folder / "subject.yaml").write_text(SUBJECT)
        shutil.copy(APPLICATION, self.folder)
        kept = {name: v for name, v in os.environ.items() if not name.startswith(("DRILL_", "PYTEST_"))}
        env = {**kept, "TOXIPROXY_URL": self.toxiproxy.url, "TMPDIR": str(temporary), "DRILL_SUBJECT": "subject.yaml"}
        with (self.folder / "output").open("wb") as file:
            to = file if output is None else output
            running: subprocess.Popen[bytes] = subprocess.Popen(
                [sys.executable, *arguments], cwd=self.folder, env=env, stdout=to, stderr=to, **options,  # type: ignore[call-overload]
            )  # fmt: skip
        try:
            self._until(lambda: any(not proxy.enabled for proxy in self.toxiproxy.proxies().values()), running)
        except BaseException:
            running.kill()
            running.wait()
            raise
        names = self.toxiproxy.proxies()
        assert len(prefixes_of_ours(names)) == 1, names
        self.below = psutil.Process(running.pid).children(recursive=True)
        assert len(self.below) > 8
        return running

    def _until(self, condition: Callable[[], bool], running: subprocess.Popen[bytes]) -> None:
        until = time.monotonic() + 90
        while not condition():
            assert running.poll() is None, f"it ended before its fault was in force:\n{self.output}"
            assert time.monotonic() < until
            time.sleep(0.02)

    @property
    def output(self) -> str:
        """What it printed, unless that went to a terminal."""
        return (self.folder / "output").read_text()

    def leaves_nothing(self) -> None:
        """No process, no proxy, no file."""
        _gone, alive = psutil.wait_procs(self.below, timeout=30)
        assert [process.cmdline() for process in alive] == []
        assert self.toxiproxy.proxies() == {}
        assert list((self.folder / "tmp").iterdir()) == []


@pytest.fixture
def stopping(tmp_path: Path) -> Iterator[Stopping]:
    with running_server() as client:
        yield Stopping(tmp_path, client)


def ends(running: subprocess.Popen[bytes], timeout_s: float = 30) -> int:
    try:
        return running.wait(timeout_s)
    finally:
        running.kill()
        running.wait()


@pytest.mark.parametrize("arguments", [DRILL_RUN, PLAIN_PYTEST], ids=["drill run", "pytest"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_somebody_who_does_not_wait_for_the_clean_up_leaves_nothing_behind(
    stopping: Stopping, arguments: tuple[str, ...], number: signal.Signals
) -> None:
    running = stopping.start(*arguments)
    while running.poll() is None:
        running.send_signal(number)
        time.sleep(AGAIN_S)
    code = ends(running)
    stopping.leaves_nothing()
    # Signals that come when all is done already, and the interpreter is about to end, may decide the code.
    assert code in {130, PYTEST_INTERRUPTED, -number}, stopping.output


@pytest.mark.parametrize(
    ("arguments", "code"), [(DRILL_RUN, 130), (PLAIN_PYTEST, PYTEST_INTERRUPTED)], ids=["drill run", "pytest"]
)
def test_a_ci_job_that_is_cancelled_leaves_nothing_behind(
    stopping: Stopping, arguments: tuple[str, ...], code: int
) -> None:
    running = stopping.start(*arguments)
    running.terminate()
    assert ends(running) == code, stopping.output
    stopping.leaves_nothing()


@pytest.mark.parametrize("arguments", [DRILL_RUN, PLAIN_PYTEST], ids=["drill run", "pytest"])
def test_a_terminal_that_is_closed_leaves_nothing_behind(stopping: Stopping, arguments: tuple[str, ...]) -> None:
    ours, theirs = pty.openpty()
    reading = subprocess.Popen(["cat"], stdin=ours, stdout=subprocess.DEVNULL)  # a terminal takes what is printed
    running = stopping.start("-c", TAKES_TERMINAL, *arguments, output=theirs, stdin=theirs, start_new_session=True)
    os.close(theirs)
    os.close(ours)
    reading.kill()
    reading.wait()
    ends(running)
    stopping.leaves_nothing()


TAKES_TERMINAL = """
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.executable, [sys.executable, *sys.argv[1:]])
"""
