"""What the fork server does when it cannot do what it should: nothing is lost but the child or the output concerned."""

from __future__ import annotations

import errno
import gc
import json
import os
import selectors
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.processes import forkserver_main
from harness.processes.forkserver_main import _Child, _ForkServer
from harness.processes.forkserver_output import CappedLog


def full(*_: Any) -> int:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def again(*_: Any) -> int:
    raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN))


def descriptors() -> list[str]:
    return sorted(os.listdir("/dev/fd"))


@pytest.fixture
def orchestrator() -> Iterator[tuple[_ForkServer, socket.socket]]:
    """A fork server in this process, and its other end."""
    theirs, ours = socket.socketpair()
    with theirs, ours:
        server = _ForkServer(theirs, 100)
        gc.collect()  # what earlier tests left open must not be closed while this one counts
        yield server, ours
        server._selector.close()


def printed(log: CappedLog, text: bytes) -> None:
    os.write(log.child_fd, text)
    log.drain()


@pytest.mark.parametrize(
    ("folder", "call", "text"),
    [
        ("missing", "getpid", "cannot be started: No such file or directory: "),
        ("", "fork", "cannot be started: Resource temporarily unavailable"),
        ("", "pipe", "cannot be started: Resource temporarily unavailable"),
    ],
)
def test_a_child_that_cannot_be_started_leaves_no_descriptor_and_says_why(
    orchestrator: tuple[_ForkServer, socket.socket],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    folder: str,
    call: str,
    text: str,
) -> None:
    server, ours = orchestrator
    before = descriptors()
    monkeypatch.setattr(os, call, again)
    server._start({"id": 7, "name": "app", "log": str(tmp_path / folder / "app.log"), "argv": ["true"]})
    monkeypatch.undo()
    assert descriptors() == before
    told = json.loads(ours.recv(4096))
    assert told["id"] == 7
    assert told["error"].startswith(text)
    assert ("app.log" in told["error"]) is (folder == "missing")


def test_descendants_are_killed_however_the_fork_server_ends(
    orchestrator: tuple[_ForkServer, socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    server, ours = orchestrator
    killed: list[bool] = []
    monkeypatch.setattr(forkserver_main, "_kill_descendants", lambda: killed.append(True))
    ours.sendall(b"no JSON\n")
    with pytest.raises(ValueError, match="Expecting value"):
        server.run()
    assert killed == [True]


def test_a_childs_last_words_and_its_end_may_come_in_one_turn_in_either_order(
    orchestrator: tuple[_ForkServer, socket.socket], tmp_path: Path
) -> None:
    server, ours = orchestrator
    report, says = os.pipe()
    os.set_blocking(report, False)
    child = _Child(7, 99, CappedLog(tmp_path / "app.log", 100), report)
    child.output.started()
    server._selector.register(child.output.fd, selectors.EVENT_READ, child.output)
    server._selector.register(report, selectors.EVENT_READ, child)
    os.write(says, b'{"error": "no such table"}\n')
    ready = [key for key, _ in server._selector.select(0)]
    assert {type(key.data) for key in ready} == {_Child, CappedLog}
    with socket.socket() as wake:
        server._ended(child, 1)
        for key in ready:
            server._handle(key, selectors.EVENT_READ, wake)
    os.close(says)
    assert json.loads(ours.recv(4096).splitlines()[-1]) == {"id": 7, "exit": 1, "error": "no such table"}


def test_output_that_a_full_disk_does_not_take_is_dropped_and_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    log = CappedLog(tmp_path / "app.log", 100)
    printed(log, b"before\n")
    written, os_write = [], os.write
    os_write(log.child_fd, b"lost\n")
    monkeypatch.setattr(os, "write", full)
    log.drain()
    monkeypatch.setattr(os, "write", os_write)
    printed(log, b"after\n")
    log.close()
    written = (tmp_path / "app.log").read_text().splitlines()
    assert written == ["before", "after", "[5 bytes were dropped]"]
    assert "app.log: output is dropped: No space left" in caplog.text


def test_output_beyond_the_limit_is_dropped_and_counted(tmp_path: Path) -> None:
    log = CappedLog(tmp_path / "app.log", 10)
    for text in (b"12345", b"678901", b"23"):
        printed(log, text)
    log.close()
    expected = "1234567890\n[output beyond 10 bytes is dropped]\n[3 bytes were dropped]\n"
    assert (tmp_path / "app.log").read_text() == expected
