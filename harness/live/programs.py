"""A program of somebody else's as a process of the world: it tells nobody that it is ready, so it is asked.

It may be reached from this machine alone: one that listens on any other address is ended before it is used.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import psutil

from harness.errors import ProcessError, SubjectError
from harness.kit.address import Address, is_loopback, join_address
from harness.processes.forkserver import ForkServer, ServerProcess

_POLL_S = 0.02
_KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "LD_LIBRARY_PATH")


class Program:
    """See harness.world.process.Process. answers: whether it serves; asked until it does."""

    def __init__(self, process: ServerProcess, answers: Callable[[], bool]) -> None:
        self.process = process
        self.name = process.name
        self.log_path = process.log_path
        self._answers = answers
        self._ready = False

    @property
    def error(self) -> str | None:
        """Why it failed."""
        return self.process.error

    def ready(self, timeout_s: float) -> dict[str, Any]:
        """Wait until it answers; it tells nothing. Raises ProcessError, with the end of its output."""
        until = time.monotonic() + timeout_s
        while not self._ready:
            self._ready = self._answers() and self._listens()
            if self._ready:
                break
            code = self.process.poll()
            if code is not None:
                raise self._failure(f"ended with exit code {code} before it answered")
            if time.monotonic() > until:
                raise self._failure(f"did not answer within {timeout_s:g} s of its start")
            time.sleep(_POLL_S)
        return {}

    def log_tail(self, lines: int = 20) -> list[str]:
        """The last lines of its output."""
        return self.process.log_tail(lines)

    def _listens(self) -> bool:
        """Whether it is the one that answers: another one on its port would answer before it does.

        Raises ProcessError, with the program ended, where others than this machine can reach it.
        """
        hosts = listening(self.process.pid)
        exposed = sorted({join_address(address) for address in hosts if not is_loopback(address[0])})
        if exposed:
            self.process.kill()
            raise self._failure(
                f"listens on {', '.join(exposed)}, where other machines reach it; a drill stays on this machine, so it "
                "was ended"
            )
        return bool(hosts)

    def poll(self) -> int | None:
        """Its return code, None while it runs."""
        return self.process.poll()

    def _failure(self, text: str) -> ProcessError:
        tail = "".join(f"\n    {line}" for line in self.log_tail())
        return ProcessError(f"{self.name}: {text}{tail}")


def listening(pid: int) -> set[Address]:
    """Where a process and its descendants take connections (TCP); nothing for one that has ended."""
    found: set[Address] = set()
    with contextlib.suppress(psutil.Error):
        root = psutil.Process(pid)
        for one in (root, *root.children(recursive=True)):
            with contextlib.suppress(psutil.Error):
                connections = one.net_connections(kind="tcp")
                found |= {(c.laddr.ip, c.laddr.port) for c in connections if c.status == psutil.CONN_LISTEN}
    return found


def run(
    launcher: ForkServer, name: str, argv: Sequence[str], env: Mapping[str, str], cwd: Path,
    answers: Callable[[], bool],
) -> Program:  # fmt: skip
    """Start a program. env: beside what any program needs to start. Raises ProcessError when it cannot be run."""
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    try:
        return Program(launcher.exec(name, argv, {**kept, **env}, cwd), answers)
    except SubjectError as error:  # it is none of the subject's
        raise ProcessError(str(error).removeprefix("component ")) from error
