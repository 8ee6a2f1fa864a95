"""Processes that never outlive the harness.

    servers = ForkServer(["harness.engines.moto.server"], log_dir)
    servers.start()                                   # returns at once; imports go on in the background
    region = servers.spawn("region.us-east-1", "harness.engines.moto.server", {...})
    address = region.ready(timeout_s=10.0)["listen"]

Promises (Linux): a child is killed by the kernel when the fork server ends; the fork server kills every descendant,
daemons included, when this process ends, even by SIGKILL, and takes the world's folder with it; Ctrl-C in the terminal
reaches none of them. Elsewhere the fork server still kills what it can find when its lifeline closes.
"""

from __future__ import annotations

import itertools
import json
import os
import select
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any

from harness.errors import ProcessError, SubjectError
from harness.processes import process_tree
from harness.processes.forkserver_process import ServerProcess, stop_all, tail_of
from harness.processes.interruption import held
from harness.processes.world_folder import WorldFolder

__all__ = ["LOG_CAP_BYTES", "ForkServer", "ServerProcess", "stop_all"]

LOG_CAP_BYTES = 8 << 20
"""How much of one process's output is kept."""

_WARM_TIMEOUT_S = 60.0
_CLOSE_TIMEOUT_S = 3.0
_numbers = itertools.count(1)


def _environment() -> dict[str, str]:
    """The environment of the world: without the user's own AWS account, and without settings meant for other motos."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "MOTO_"))}
    nothing = {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}
    return {**kept, **nothing, "AWS_EC2_METADATA_DISABLED": "true"}


class ForkServer:
    """A warmed parent process and its children. Used from one thread.

    preload: modules to import before the first fork; a module's `warm()` is called when it has one.
    log_dir: gets NAME.log for every child, and `forkserver-N.log`. log_cap_bytes: kept per child, the rest is dropped.
    folder: of the world, which the parent takes with it when this process is killed; None: there is none to take.
    """

    def __init__(
        self, preload: Sequence[str], log_dir: Path, *, log_cap_bytes: int = LOG_CAP_BYTES,
        folder: WorldFolder | None = None,
    ) -> None:  # fmt: skip
        self._preload = list(preload)
        self._log_dir = log_dir
        self._log_cap_bytes = log_cap_bytes
        self._folder = folder
        self._parent: subprocess.Popen[bytes] | None = None
        self._socket: socket.socket | None = None
        self._received = bytearray()
        self._processes: dict[int, ServerProcess] = {}
        self._warm: dict[str, float] | None = None
        self._failed: str | None = None
        self.log_path = log_dir / f"forkserver-{next(_numbers)}.log"

    def start(self) -> None:
        """Start the parent; does not wait for its imports. Requests made meanwhile are queued."""
        self._log_dir.mkdir(parents=True, exist_ok=True)
        ours, theirs = socket.socketpair()
        folder = None if self._folder is None else [str(self._folder.path), self._folder.lock]
        options = json.dumps({"preload": self._preload, "log_cap_bytes": self._log_cap_bytes, "folder": folder})
        kept = [theirs.fileno()] if self._folder is None else [theirs.fileno(), self._folder.lock]
        with theirs, self.log_path.open("ab") as log:
            self._parent = subprocess.Popen(
                # -P: a file in the user's folder must not pass for a module of the library.
                [sys.executable, "-P", "-m", "harness.processes.forkserver_main", str(theirs.fileno()), options],
                env=_environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=kept,
                start_new_session=True,
            )
        self._socket = ours

    @property
    def pid(self) -> int:
        """The parent's process id."""
        if self._parent is None:
            raise ProcessError("the fork server has not been started")
        return self._parent.pid

    def fileno(self) -> int:
        """Readable when the parent has told something: then `pump` takes it in. Raises ProcessError."""
        if self._socket is None:
            raise ProcessError("the fork server is not running")
        return self._socket.fileno()

    def wait_warm(self, timeout_s: float = _WARM_TIMEOUT_S) -> Mapping[str, float]:
        """Wait for the imports; seconds each module took. Raises ProcessError when one failed."""
        self._wait(lambda: self._warm is not None, timeout_s, "was not warm")
        return self._warm or {}

    def spawn(self, name: str, module: str, config: Mapping[str, Any]) -> ServerProcess:
        """Fork a child that runs `module.serve(config, ready)`. Returns at once; see ServerProcess.ready."""
        return self._request(name, serve=module, config=dict(config))

    def exec(self, name: str, argv: Sequence[str], env: Mapping[str, str], cwd: Path) -> ServerProcess:
        """Start another program in a session of its own and return when it runs.

        env: its whole environment. Raises SubjectError when the command cannot be run; nothing is left running then.
        """
        if not argv:
            raise SubjectError(name, "its command is empty")
        if not cwd.is_dir():
            raise SubjectError(name, f"its folder does not exist: {cwd}")
        if os.sep not in argv[0] and shutil.which(argv[0], path=env.get("PATH", os.defpath)) is None:
            raise SubjectError(name, f"command not found: {argv[0]!r} (looked along its PATH)")
        marker = f"{self.pid}-{len(self._processes)}"
        environment = {**env, process_tree.MARKER_VARIABLE: marker}
        process = self._request(name, marker, argv=list(argv), env=environment, cwd=str(cwd))
        self._wait(lambda: process.reported, _WARM_TIMEOUT_S, f"did not start {name}")
        if process.error is not None:
            raise SubjectError(name, process.error)
        return process

    def _request(self, name: str, marker: str | None = None, **what: Any) -> ServerProcess:
        number = len(self._processes)
        process = ServerProcess(name, self._log_dir / f"{name}.log", self, marker)
        self._processes[number] = process
        self._send({"id": number, "name": name, "log": str(process.log_path.absolute()), **what})
        return process

    def _send(self, body: Mapping[str, Any]) -> None:
        if self._socket is None:
            raise ProcessError("the fork server is not running")
        try:
            self._socket.sendall(json.dumps(body).encode() + b"\n")
        except OSError as error:
            raise self._gone() from error

    def pump(self, timeout_s: float = 0.0) -> None:
        """Take in what the parent has told; wait at most `timeout_s` for it to say something."""
        if self._socket is None:
            return
        readable, _, _ = select.select([self._socket], [], [], max(0.0, timeout_s))
        if not readable:
            return
        try:
            data = self._socket.recv(1 << 16)
        except ConnectionError:
            data = b""
        if not data:
            self._lost()
            return
        self._received += data
        *lines, rest = self._received.split(b"\n")
        self._received = bytearray(rest)
        for line in lines:
            self._take(json.loads(line))

    def _take(self, body: Mapping[str, Any]) -> None:
        if "warm" in body:
            self._warm = dict(body["warm"])
        elif "failed" in body:
            self._failed = str(body["failed"])
        else:
            self._processes[body["id"]].take(body)

    def _lost(self) -> None:
        """The parent is gone: its children have been killed by the kernel; make sure of their descendants."""
        self._close_socket()
        left = [process for process in self._processes.values() if process.returncode is None]
        process_tree.kill(*(replace(process.tree, adopter=None) for process in left if process.tree is not None))
        for process in left:
            process.lost(self._failed or f"its fork server ended; see {self.log_path}")

    def _gone(self) -> ProcessError:
        reason = self._failed or "it ended"
        tail = "".join(f"\n    {line}" for line in tail_of(self.log_path))
        return ProcessError(f"fork server ({', '.join(self._preload) or 'nothing preloaded'}): {reason}{tail}")

    def _wait(self, done: Callable[[], bool], timeout_s: float, what: str) -> None:
        until = time.monotonic() + timeout_s
        while not done():
            if self._failed is not None or self._socket is None:
                raise self._gone()
            left_s = until - time.monotonic()
            if left_s <= 0:
                raise ProcessError(f"fork server: {what} within {timeout_s:g} s; see {self.log_path}")
            self.pump(left_s)

    def close(self) -> None:
        """Kill every child with its tree, end the parent and wait for it. Closing twice is allowed."""
        self._say_farewell()
        self._close_socket()
        if self._parent is None:
            return
        try:
            self._parent.wait(_CLOSE_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._parent.kill()  # still importing: it has no children yet, or they die with it
            self._parent.wait()
        for process in self._processes.values():
            process.lost("its fork server was closed")

    def _say_farewell(self) -> None:
        """So that the parent can tell this end from our being killed."""
        if self._socket is not None:
            with suppress(OSError):  # it has ended, or hears nothing any more
                self._socket.send(b'{"farewell": true}\n', socket.MSG_DONTWAIT)

    def _close_socket(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def __enter__(self) -> ForkServer:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with held():
            self.close()
