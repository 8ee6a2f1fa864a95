"""The orchestrator's handle on one child of a fork server, and on the tree below it."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from harness.errors import ProcessError
from harness.processes import process_tree
from harness.processes.process_tree import Tree

_POLL_S = 0.005
_STARTED_TIMEOUT_S = 60.0
_KILLED_TIMEOUT_S = 2.0
_TAIL_BYTES = 1 << 14
LOST = -9
"""The return code of a child whose fork server is gone: the kernel has killed it."""


class Pump(Protocol):
    """Whoever hears of the child. pid: parent of the child, adopter of its orphans."""

    @property
    def pid(self) -> int: ...

    def pump(self, timeout_s: float = 0.0) -> None: ...


def tail_of(path: Path, lines: int = 20) -> list[str]:
    """The last lines of a text file; [] when there is none."""
    if not path.exists():
        return []
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - _TAIL_BYTES))
        return file.read().decode(errors="replace").splitlines()[-lines:]


class ServerProcess:
    """One child: a server of the world (`ready` tells its addresses) or a command of the subject.

    name: also the name of its log. error: why it failed, in its own words, or None. returncode: None while it runs,
    minus the signal's number when a signal ended it.
    """

    def __init__(self, name: str, log_path: Path, server: Pump, marker: str | None) -> None:
        self.name = name
        self.log_path = log_path
        self.error: str | None = None
        self.reported = False
        self.returncode: int | None = None
        self.tree: Tree | None = None
        self._server = server
        self._marker = marker
        self._payload: dict[str, Any] | None = None

    def take(self, body: Mapping[str, Any]) -> None:
        """Take in one event about this child. Called by the fork server."""
        if body.get("error") is not None:
            self.error = str(body["error"])
        if "pid" in body:
            self.tree = Tree(body["pid"], body["started"], self._server.pid, self._marker)
        if "ready" in body:
            self._payload = dict(body["ready"])
        if "exit" in body:
            self.returncode = body["exit"]
        self.reported = self.reported or "reported" in body or "exit" in body or ("pid" not in body and "error" in body)

    def lost(self, reason: str) -> None:
        """The fork server is gone, and this child with it. reason: why."""
        if self.returncode is None:
            self.returncode = LOST
            self.error = self.error or reason

    @property
    def pid(self) -> int:
        """The child's process id; waits until it has been forked. Raises ProcessError when it never was."""
        return self._started().pid

    def _started(self) -> Tree:
        until = time.monotonic() + _STARTED_TIMEOUT_S
        while self.tree is None:
            if self.returncode is not None or self.error is not None or time.monotonic() > until:
                raise self._failure("was not started")
            self._server.pump(_POLL_S)
        return self.tree

    def ready(self, timeout_s: float) -> dict[str, Any]:
        """Wait for the ready payload. Raises ProcessError, with the log's tail, when it ends or fails first."""
        until = time.monotonic() + timeout_s
        while self._payload is None:
            if self.error is not None:
                raise self._failure(self.error)
            if self.returncode is not None:
                raise self._failure(f"ended with exit code {self.returncode} before it was ready")
            left_s = until - time.monotonic()
            if left_s <= 0:
                raise self._failure(f"was not ready within {timeout_s:g} s")
            self._server.pump(left_s)
        return self._payload

    def _failure(self, text: str) -> ProcessError:
        tail = "".join(f"\n    {line}" for line in self.log_tail())
        return ProcessError(f"process {self.name}: {text}{tail}")

    def log_tail(self, lines: int = 20) -> list[str]:
        """The last lines of its output."""
        return tail_of(self.log_path, lines)

    def poll(self) -> int | None:
        """Its return code, None while it runs."""
        self._server.pump()
        return self.returncode

    def wait(self, timeout_s: float) -> int | None:
        """Wait for its end; None when it still runs after `timeout_s`."""
        until = time.monotonic() + timeout_s
        while self.returncode is None and (left_s := until - time.monotonic()) > 0:
            self._server.pump(left_s)
        return self.returncode

    def kill(self) -> None:
        """SIGKILL the whole tree, and return when it is gone."""
        process_tree.kill(self._started())
        self.wait(_KILLED_TIMEOUT_S)

    def freeze(self) -> None:
        """SIGSTOP the whole tree: it keeps its sockets and answers nothing."""
        process_tree.freeze(self._started())

    def thaw(self) -> None:
        """SIGCONT the whole tree."""
        process_tree.thaw(self._started())

    def stop(self, grace_s: float = 1.0) -> None:
        """SIGTERM the whole tree, wait at most `grace_s`, then SIGKILL what is left."""
        stop_all([self], grace_s)


def stop_all(processes: Iterable[ServerProcess], grace_s: float = 1.0) -> None:
    """Stop many at once: the wait is that of the slowest, not the sum. Those that have ended leave no tree either."""
    wanted = list(processes)
    trees: Sequence[Tree] = [process.tree for process in wanted if _forked(process) and process.tree is not None]
    process_tree.terminate(*trees)
    until = time.monotonic() + grace_s
    while process_tree.alive(trees) and time.monotonic() < until:
        time.sleep(_POLL_S)
    process_tree.kill(*trees)
    for process in wanted:
        process.wait(_KILLED_TIMEOUT_S)


def _forked(process: ServerProcess) -> bool:
    """Whether there is (or was) a process at all; one that failed to fork needs no stopping."""
    if process.tree is None and process.returncode is None and process.error is None:
        return process.pid > 0
    return process.tree is not None
