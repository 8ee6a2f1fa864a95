"""What is said of a standing world's processes holds for those that live now, not for those of its first moment."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from typing import Any

from rich.table import Table
from rich.text import Text

from harness.cli import world_status
from harness.live.standing.renewed import as_now
from harness.live.standing.world_file import ProcessState
from harness.processes import process_tree
from harness.reporting import terminal

POD, PLAIN = "app-1-1.nyc3", "monitor"


@contextmanager
def telling(trees: object) -> Iterator[str]:
    """A platform that tells which processes its instances are; its URL."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            data = json.dumps(trees).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            """Quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/trees"
        finally:
            server.shutdown()
            thread.join()


class World(SimpleNamespace):
    """As much of a standing world as is asked for here."""

    def model_copy(self, update: dict[str, Any]) -> World:
        return World(**{**vars(self), **update})


def state(pid: int, live: str = "", started: float = 1.0) -> ProcessState:
    return ProcessState(pid=pid, started=started, adopter=None, marker=None, log="x.log", live=live, renewed=bool(live))


def now(url: str) -> dict[str, tuple[int, float]]:
    world: Any = World(processes={PLAIN: state(11), POD: state(12, url)})
    return {name: (one.pid, one.started) for name, one in as_now(world).processes.items()}


def test_what_its_platform_has_started_again_is_another_process() -> None:
    tree = {"pid": 99, "started": 5.0, "adopter": 7, "marker": "7-m"}
    with telling({POD: tree, PLAIN: tree, "app-2-1.nyc3": tree}) as url:
        assert now(url) == {PLAIN: (99, 5.0), POD: (99, 5.0)}
    with telling({POD: None}) as url:  # it waits for its restart
        assert now(url) == {PLAIN: (11, 1.0), POD: (12, 1.0)}


def test_where_nobody_tells_they_are_as_they_were() -> None:
    with telling([]) as url:
        assert now(url)[POD] == (12, 1.0)
    assert now(url)[POD] == (12, 1.0)  # that server has ended


def test_the_line_that_freezes_names_a_session_that_there_is(monkeypatch: Any) -> None:
    living = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, start_new_session=True)
    try:
        row = process_tree.process(living.pid)
        assert row is not None
        gone = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, check=True)
        processes = {"first": state(int(gone.stdout)), "second": state(living.pid, started=row.started)}
        monkeypatch.setattr(world_status, "_a_read", lambda _: ("", "/"))
        edge = SimpleNamespace(record="app.example.com")
        environment = SimpleNamespace(edge=edge, primary=SimpleNamespace(name="nyc3"))
        world: Any = World(
            processes=processes, environment=environment, subject=SimpleNamespace(workload=None), commands=(),
            edges={"nyc3": SimpleNamespace(listen=("127.0.0.1", 1))}, browser_proxy=("127.0.0.1", 2),
            dns=("127.0.0.1", 3),
        )  # fmt: skip
        title, line = world_status.lines_to_paste(world)[-1]
        assert (title, line) == ("Freeze second (its whole session):", f"pkill -STOP -s {os.getsid(living.pid)}")
    finally:
        living.communicate(b"\n")


def test_no_printed_line_ends_with_blanks(capsys: Any) -> None:
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_row("short", Text("x", style="bold red"), "a long cell that is the longest")
    table.add_row("longer than that", Text("y"), Text("b", style="dim"))
    console = terminal.console()
    console.print(table)
    console.print(Text("one  "), "two")
    console.print(Text("a line that is wider than anything " * 20 + "  "), soft_wrap=True)
    console.print("in the middle   stays", end="  ")
    console.print("!")
    lines = capsys.readouterr().out.splitlines()
    assert [line for line in lines if line != line.rstrip()] == []
    assert lines[0] == "short             x  a long cell that is the longest"
    assert lines[1] == "longer than that  y  b"
    assert "in the middle   stays" in lines[-1]
