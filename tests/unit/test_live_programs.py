"""Programs of other people as processes of a world: when they count as ready, and what is refused of them."""

from __future__ import annotations

import signal
import socket
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
import pytest

from harness.engines.addresses import choose_port
from harness.engines.aws.calls import not_dynamodb
from harness.errors import ProcessError, WorldError
from harness.live import programs
from harness.live.backend import LiveWorld
from harness.processes.forkserver import ForkServer, stop_all

SERVER = """\
import http.server, sys, time

class Handler(http.server.BaseHTTPRequestHandler):
    asked = 0

    def do_POST(self):
        Handler.asked += 1
        self.rfile.read(int(self.headers["Content-Length"]))
        early = Handler.asked <= int(sys.argv[3])
        body = b"<html>starting</html>" if early else b'{"TableNames": []}'
        self.send_response(503 if early else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass

try:
    http.server.HTTPServer((sys.argv[1], int(sys.argv[2])), Handler).serve_forever()
except OSError as error:
    sys.exit(f"cannot listen: {error}")
"""
Start = Callable[..., programs.Program]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    (tmp_path / "server.py").write_text(SERVER)
    with ForkServer([], tmp_path) as servers:
        started: list[programs.Program] = []

        def run(host: str, port: int, early: int = 0) -> programs.Program:
            argv = (sys.executable, "server.py", host, str(port), str(early))
            program = programs.run(
                servers, "region", argv, {}, tmp_path, lambda: not_dynamodb(("127.0.0.1", port), "us-east-1") is None
            )
            started.append(program)
            return program

        yield run
        stop_all([program.process for program in started], 0.3)


def free() -> int:
    return choose_port(["127.0.0.1"], 0, "")


def test_it_is_ready_once_it_answers_as_it_must(start: Start) -> None:
    start("127.0.0.1", free(), early=3).ready(20)


def test_one_that_other_machines_reach_is_ended(start: Start) -> None:
    port = free()
    exposed = start("0.0.0.0", port)
    with pytest.raises(ProcessError, match=rf"region: listens on 0.0.0.0:{port}, where other machines reach it"):
        exposed.ready(20)
    assert exposed.poll() == -signal.SIGKILL


def test_another_server_on_its_port_does_not_pass_for_it(start: Start) -> None:
    port = free()
    start("127.0.0.1", port).ready(20)
    with pytest.raises(ProcessError, match=r"(?s)region: ended with exit code 1 .*cannot listen"):
        start("127.0.0.1", port).ready(20)


def test_one_that_ends_is_told_with_its_last_words(start: Start) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(ProcessError, match=r"cannot listen: .*in use"):
            start("127.0.0.1", taken.getsockname()[1]).ready(20)


def test_one_that_never_answers_is_not_waited_for_for_ever(start: Start) -> None:
    with pytest.raises(ProcessError, match=r"region: did not answer within 1 s"):
        start("127.0.0.1", free(), early=10_000).ready(1)


def test_nobody_listens_for_a_process_that_is_gone() -> None:
    gone = max(psutil.pids()) + 100_000
    assert programs.listening(gone) == set()


@pytest.mark.parametrize(("switched_off", "dies"), [(set(), True), ({"us-east-1"}, False)])
def test_a_process_of_the_world_that_ends_ends_the_drill_unless_it_was_meant(switched_off: Any, dies: bool) -> None:
    process = SimpleNamespace(poll=lambda: -9, error=None, log_tail=lambda lines: ["out of memory"])
    ground = SimpleNamespace(processes={"us-east-1": process}, switched_off=switched_off)
    world: Any = SimpleNamespace(_looked_s=float("-inf"), ground=ground, net=SimpleNamespace(parts=()))
    if not dies:
        LiveWorld.refuse_dead(world)
        return
    with pytest.raises(WorldError, match=r"us-east-1, a process of the world, has ended: killed by signal 9\n.*memory"):
        LiveWorld.refuse_dead(world)
