"""The warmed parent: imports modules once, forks a child per request, and takes all of them with it when it ends.

Run as `python -m harness.processes.forkserver_main FD OPTIONS`; FD is a stream socket to the orchestrator, and its
lifeline: when that closes, for whatever reason, every descendant is killed and this process ends.

Requests and events are JSON lines.
    in   {"id", "name", "log", "serve": module, "config"} | {"id", "name", "log", "argv", "env", "cwd"}
         {"farewell": true}                                                the orchestrator ends in order
    out  {"warm": {module: seconds}} | {"failed": text}                    once, after the imports
         {"id", "pid", "started"} | {"id", "error"}                        forked, or not
         {"id", "ready": payload}
         {"id", "reported": true, "error": text|null}                      a command: it runs, or why it does not
         {"id", "exit": code, "error": text|null}
"""

from __future__ import annotations

import gc
import importlib
import json
import logging
import os
import selectors
import signal
import socket
import sys
import threading
import time
import traceback
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.processes import forkserver_child, forkserver_linux, process_tree, world_folder
from harness.processes.forkserver_output import CappedLog
from harness.processes.world_folder import WorldFolder

_LOG = logging.getLogger("harness.processes.forkserver")
_RECEIVE_BYTES = 1 << 16


@dataclass
class _Child:
    """One child, until its exit has been told. report: the reading end of its ready message."""

    id: int
    pid: int
    output: CappedLog
    report: int
    reported: bytearray = field(default_factory=bytearray)
    error: str | None = None


class _ForkServer:
    def __init__(self, lifeline: socket.socket, cap_bytes: int) -> None:
        self._lifeline = lifeline
        self._cap_bytes = cap_bytes
        self._received = bytearray()
        self._unsent = bytearray()
        self._children: dict[int, _Child] = {}
        self._selector = selectors.DefaultSelector()
        self._ending = False
        self._farewell = False
        self.orphaned = False

    def run(self) -> None:
        """Serve until the lifeline closes or SIGTERM comes; however it ends, nothing is left behind."""
        try:
            self._serve()
        finally:
            _kill_descendants()

    def _serve(self) -> None:
        self._lifeline.setblocking(False)
        wake_in, wake_out = socket.socketpair()
        with wake_in, wake_out:
            wake_in.setblocking(False)
            wake_out.setblocking(False)
            signal.set_wakeup_fd(wake_out.fileno(), warn_on_full_buffer=False)
            self._selector.register(self._lifeline, selectors.EVENT_READ)
            self._selector.register(wake_in, selectors.EVENT_READ)
            try:
                while not self._ending:
                    for key, events in self._selector.select():
                        self._handle(key, events, wake_in)
            finally:
                signal.set_wakeup_fd(-1)

    def end(self, *_: object) -> None:
        """Stop at the next turn of the loop. A signal handler."""
        self._ending = True

    def _lost(self) -> None:
        """The orchestrator is gone: in order, where it has said farewell."""
        self.orphaned = not self._farewell
        self.end()

    def _handle(self, key: selectors.SelectorKey, events: int, wake: socket.socket) -> None:
        if key.fileobj is self._lifeline:
            if events & selectors.EVENT_WRITE:
                self._flush()
            if events & selectors.EVENT_READ:
                self._receive()
        elif key.fileobj is wake:
            wake.recv(_RECEIVE_BYTES)
            self._reap()
        elif isinstance(key.data, CappedLog):
            if not key.data.pump():
                self._close_output(key.data)
        elif key.data.report >= 0:
            self._read_report(key.data)

    def _receive(self) -> None:
        try:
            data = self._lifeline.recv(_RECEIVE_BYTES)
        except BlockingIOError:
            return
        except ConnectionError:
            data = b""
        if not data:
            self._lost()
            return
        self._received += data
        *lines, rest = self._received.split(b"\n")
        self._received = bytearray(rest)
        for line in lines:
            request = json.loads(line)
            if "farewell" in request:
                self._farewell = True
            else:
                self._start(request)

    def tell(self, **body: Any) -> None:
        """Queue one event for the orchestrator. Never blocks: it may be busy."""
        self._unsent += json.dumps(body).encode() + b"\n"
        self._flush()

    def _flush(self) -> None:
        try:
            while self._unsent:
                del self._unsent[: self._lifeline.send(self._unsent)]
        except BlockingIOError:
            pass
        except ConnectionError:
            self._lost()
            self._unsent.clear()
        if self._lifeline in self._selector.get_map():
            wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if self._unsent else 0)
            self._selector.modify(self._lifeline, wanted)

    def _start(self, request: Mapping[str, Any]) -> None:
        try:
            child = self._fork(request)
        except OSError as error:
            about = f": {error.filename}" if error.filename else ""
            self.tell(id=request["id"], error=f"cannot be started: {error.strerror}{about}")
            return
        self._children[child.pid] = child
        self._selector.register(child.output.fd, selectors.EVENT_READ, child.output)
        self._selector.register(child.report, selectors.EVENT_READ, child)
        row = process_tree.process(child.pid)
        self.tell(id=child.id, pid=child.pid, started=row.started if row is not None else -1.0)

    def _fork(self, request: Mapping[str, Any]) -> _Child:
        with ExitStack() as opened:  # of what is closed again when there is no child
            output = CappedLog(Path(request["log"]), self._cap_bytes)
            opened.callback(output.close)
            report_read, report_write = os.pipe()
            opened.callback(os.close, report_read)
            opened.callback(os.close, report_write)
            os.set_blocking(report_read, False)
            parent = os.getpid()
            pid = os.fork()
            opened.pop_all()
        if pid == 0:
            ends = {"parent": parent, "output_fd": output.child_fd, "report_fd": report_write}
            if "serve" in request:
                forkserver_child.serve(request["name"], request["serve"], request["config"], **ends)
            forkserver_child.execute(request["name"], request["argv"], request["env"], request["cwd"], **ends)
        os.close(report_write)
        output.started()
        return _Child(request["id"], pid, output, report_read)

    def _read_report(self, child: _Child) -> None:
        try:
            data = os.read(child.report, _RECEIVE_BYTES)
        except BlockingIOError:
            return
        child.reported += data
        *lines, rest = child.reported.split(b"\n")
        child.reported = bytearray(rest)
        for line in lines:
            body = json.loads(line)
            child.error = body.get("error", child.error)
            if "ready" in body:
                self.tell(id=child.id, ready=body["ready"])
        if not data:
            self._close_report(child)
            self.tell(id=child.id, reported=True, error=child.error)

    def _reap(self) -> None:
        """Collect every child that has ended, adopted orphans too: no zombies."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            if pid in self._children:
                self._ended(self._children.pop(pid), os.waitstatus_to_exitcode(status))

    def _ended(self, child: _Child, code: int) -> None:
        if child.report >= 0:
            self._read_report(child)  # its last words
        self._close_report(child)
        if not child.output.drain():
            self._close_output(child.output)  # otherwise a descendant still writes: closed when it ends
        self.tell(id=child.id, exit=code, error=child.error)

    def _close_report(self, child: _Child) -> None:
        """Marked as closed, too: the turn of the loop that tells of an end may bring last words once more."""
        if child.report >= 0:
            self._selector.unregister(child.report)
            os.close(child.report)
            child.report = -1

    def _close_output(self, output: CappedLog) -> None:
        if output.fd >= 0:
            self._selector.unregister(output.fd)
            output.close()


def _kill_descendants() -> None:
    """SIGKILL everything below this process until nothing is left: orphans come to us, so none can hide."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    me = os.getpid()
    while True:
        below = [row for row in process_tree.descendants(process_tree.table(), [me]) if row.pid != me]
        process_tree.send(signal.SIGKILL, below)
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            return
        time.sleep(0.002)


def _warm(modules: Sequence[str]) -> dict[str, float]:
    """Import every module and call its `warm()` where it has one; seconds each took."""
    seconds: dict[str, float] = {}
    gc.disable()  # collecting while importing finds nothing and takes a tenth of the time
    for name in modules:
        begin = time.perf_counter()
        module = importlib.import_module(name)
        warm = getattr(module, "warm", None)
        if warm is not None:
            warm()
        seconds[name] = round(time.perf_counter() - begin, 3)
    gc.freeze()  # keeps the collector from touching, and so copying, pages shared with the children
    gc.enable()
    if threading.active_count() != 1:
        raise RuntimeError(f"a preloaded module left threads behind: {[t.name for t in threading.enumerate()]}")
    return seconds


def main(argv: Sequence[str]) -> int:
    """argv: the lifeline's descriptor, and {"preload": [module], "log_cap_bytes": n} as JSON."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    options = json.loads(argv[1])
    forkserver_linux.adopt_orphans()
    forkserver_linux.show_as("forkserver")
    folder = WorldFolder(Path(options["folder"][0]), options["folder"][1]) if options.get("folder") else None
    if folder is not None:
        os.set_inheritable(folder.lock, False)
    with socket.socket(fileno=int(argv[0])) as lifeline:
        lifeline.set_inheritable(False)
        server = _ForkServer(lifeline, options["log_cap_bytes"])
        signal.signal(signal.SIGTERM, server.end)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGCHLD, lambda *_: None)  # a handler of Python's own makes the wake-up descriptor work
        try:
            seconds = _warm(options["preload"])
        except Exception as error:  # noqa: BLE001 - told to the orchestrator, which raises it
            traceback.print_exc()
            server.tell(failed=f"{type(error).__name__}: {error}")
            return 1
        _LOG.info("warm: %s", seconds)
        server.tell(warm=seconds)
        server.run()
    if folder is not None and server.orphaned:
        world_folder.leave(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
