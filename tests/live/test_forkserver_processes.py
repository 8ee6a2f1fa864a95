"""No process outlives the harness, whichever way the harness ends; and a tree is frozen, thawed and killed whole."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from command_line import eventually

from harness.errors import ProcessError, SubjectError
from harness.processes import process_tree
from harness.processes.forkserver import ForkServer, stop_all

pytestmark = [pytest.mark.live, pytest.mark.beside]

SERVER = """
import os, signal, subprocess, sys, time
from harness.errors import InputError

def serve(config, ready):
    how = config["how"]
    if how == "input-error":
        raise InputError("config: unknown key 'lisen' (allowed: listen)")
    if how == "dies":
        print("the disk is on fire")
        sys.exit(7)
    if how == "raises":
        raise ZeroDivisionError("by zero")
    stop = []
    if how != "deaf":
        signal.signal(signal.SIGTERM, lambda *_: stop.append(1))
    else:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    ready({"pid": os.getpid(), "session": os.getsid(0), "fds": sorted(map(int, os.listdir("/proc/self/fd")))})
    while not stop:
        time.sleep(0.005)
    print("stopped in good order")
"""

MEETING = """
import os, time
from pathlib import Path

def warm():
    folder, until = Path(os.environ["MEETING"]), time.monotonic() + 20
    (folder / f"{os.getpid()}.here").touch()
    while len(list(folder.glob("*.here"))) < 2 and time.monotonic() < until:
        time.sleep(0.01)
    (folder / f"{os.getpid()}.left").touch()
"""

DAEMON = """
import os, sys, time
if os.fork() == 0:                      # the child leaves the session, and its parent ends: a daemon
    os.setsid()
    if os.fork() == 0:
        open(sys.argv[1], "w").write(str(os.getpid()))
        while True: time.sleep(0.01)
    os._exit(0)
os.wait()
while True: time.sleep(0.01)
"""


def runs(pid: int) -> bool:
    row = process_tree.process(pid)
    return row is not None and not row.zombie


def state(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def read_pid(path: Path) -> int:
    eventually(lambda: path.exists() and path.read_text())
    return int(path.read_text())


@pytest.fixture
def forked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ForkServer]:
    (tmp_path / "sleepy.py").write_text(SERVER)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with ForkServer(["sleepy"], tmp_path / "logs", log_cap_bytes=100_000) as server:
        yield server


def python(source: str, *arguments: str) -> list[str]:
    return [sys.executable, "-c", source, *arguments]


def test_a_child_is_ready_in_a_session_of_its_own_and_holds_no_descriptor_of_others(forked: ForkServer) -> None:
    children = [forked.spawn(f"sleepy.{i}", "sleepy", {"how": "serve"}) for i in range(3)]
    payloads = [child.ready(20) for child in children]
    assert [payload["pid"] for payload in payloads] == [child.pid for child in children]
    assert all(payload["session"] == payload["pid"] for payload in payloads)
    assert all(len(payload["fds"]) <= 5 for payload in payloads), payloads  # 0-2, the report, and the listing itself
    assert os.getsid(forked.pid) != os.getsid(0)


def test_stopping_many_takes_as_long_as_one_and_lets_them_finish(forked: ForkServer) -> None:
    children = [forked.spawn(f"sleepy.{i}", "sleepy", {"how": "serve"}) for i in range(6)]
    deaf = [forked.spawn(f"deaf.{i}", "sleepy", {"how": "deaf"}) for i in range(10)]
    for child in (*children, *deaf):
        child.ready(20)
    stop_all(children, grace_s=20.0)
    assert [child.returncode for child in children] == [0] * 6
    assert "stopped in good order" in children[0].log_tail()
    begin = time.monotonic()
    stop_all(deaf, grace_s=1.0)
    assert time.monotonic() - begin < 8, "one grace, and not ten"


def test_a_child_deaf_to_sigterm_is_killed_after_the_grace(forked: ForkServer) -> None:
    child = forked.spawn("deaf", "sleepy", {"how": "deaf"})
    child.ready(20)
    begin = time.monotonic()
    child.stop(grace_s=0.2)
    assert 0.2 <= time.monotonic() - begin < 10
    assert child.returncode == -signal.SIGKILL


def test_a_frozen_child_can_be_stopped_in_good_order(forked: ForkServer) -> None:
    child = forked.spawn("frozen", "sleepy", {"how": "serve"})
    child.ready(20)
    child.freeze()
    child.stop(grace_s=2.0)
    assert child.returncode == 0


@pytest.mark.parametrize(
    ("how", "text"),
    [
        ("input-error", "unknown key 'lisen'"),
        ("dies", "ended with exit code 7.*\n.*the disk is on fire"),
        ("raises", "ZeroDivisionError: by zero"),
    ],
)
def test_a_server_that_fails_before_it_is_ready_says_why(forked: ForkServer, how: str, text: str) -> None:
    child = forked.spawn("failing", "sleepy", {"how": how})
    with pytest.raises(ProcessError, match=f"(?s){text}"):
        child.ready(20)


def test_a_module_that_cannot_be_imported_fails_the_fork_server_with_its_reason(tmp_path: Path) -> None:
    with (
        ForkServer(["no_such_module_anywhere"], tmp_path) as server,
        pytest.raises(ProcessError, match="No module named 'no_such_module_anywhere'"),
    ):
        server.wait_warm(20)


def test_a_child_asked_for_before_a_failed_import_says_so(tmp_path: Path) -> None:
    with ForkServer(["no_such_module_anywhere"], tmp_path) as server:
        child = server.spawn("early", "no_such_module_anywhere", {})
        with pytest.raises(ProcessError, match=r"process early: .*No module named 'no_such_module_anywhere'"):
            child.ready(20)


def test_the_users_aws_account_is_no_part_of_the_world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "looks.py").write_text("""
def serve(config, ready):
    import os
    ready({name: value for name, value in os.environ.items() if name.startswith(("AWS_", "MOTO_"))})
""")
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_SECRET_ACCESS_KEY", "MOTO_ACCOUNT_ID"):
        monkeypatch.setenv(name, "the-users-own")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with ForkServer([], tmp_path / "logs") as server:
        assert "the-users-own" not in server.spawn("looks", "looks", {}).ready(20).values()


def test_a_child_killed_from_outside_is_noticed_and_leaves_no_zombie(forked: ForkServer) -> None:
    child = forked.spawn("victim", "sleepy", {"how": "serve"})
    child.ready(20)
    assert child.poll() is None
    os.kill(child.pid, signal.SIGKILL)
    assert child.wait(5) == -signal.SIGKILL
    assert process_tree.process(child.pid) is None


def test_a_command_gets_exactly_its_environment_and_folder(forked: ForkServer, tmp_path: Path) -> None:
    source = "import os; print(sorted(k for k in os.environ if k != 'LC_CTYPE'), os.getcwd())"
    child = forked.exec("env", python(source), {"ONLY": "this"}, tmp_path)
    assert child.wait(10) == 0
    assert child.log_tail() == [f"['DRILL_PROCESS_TREE', 'ONLY'] {tmp_path}"]


@pytest.mark.parametrize("command", ["no-such-command-here", "./no-such-file"])
def test_a_command_that_does_not_exist_is_refused_and_nothing_runs(
    forked: ForkServer, tmp_path: Path, command: str
) -> None:
    with pytest.raises(SubjectError, match=f"component app: .*{command}"):
        forked.exec("app", [command], dict(os.environ), tmp_path)
    with pytest.raises(SubjectError, match="folder does not exist"):
        forked.exec("app", ["sh"], dict(os.environ), tmp_path / "nowhere")
    with pytest.raises(SubjectError, match="Permission denied"):
        forked.exec("app", [str(tmp_path)], dict(os.environ), tmp_path)
    eventually(lambda: not process_tree.descendants(process_tree.table(), [forked.pid])[1:])


def test_a_daemon_below_a_command_is_frozen_thawed_and_killed_with_it(forked: ForkServer, tmp_path: Path) -> None:
    child = forked.exec("daemon", python(DAEMON, str(tmp_path / "pid")), dict(os.environ), tmp_path)
    daemon = read_pid(tmp_path / "pid")
    eventually(lambda: process_tree.process(daemon).parent == forked.pid)  # type: ignore[union-attr]
    child.freeze()
    eventually(lambda: state(daemon) == state(child.pid) == "T")
    child.thaw()
    eventually(lambda: "T" not in (state(daemon), state(child.pid)))
    child.kill()
    assert not runs(daemon)
    assert child.returncode == -signal.SIGKILL
    eventually(lambda: process_tree.process(daemon) is None)


def test_a_shell_with_a_pipeline_is_stopped_as_a_whole(forked: ForkServer, tmp_path: Path) -> None:
    child = forked.exec("shell", ["sh", "-c", "sleep 600 | sleep 601 & wait"], dict(os.environ), tmp_path)
    eventually(lambda: len(process_tree.members(process_tree.table(), child.tree)) >= 3)  # type: ignore[arg-type]
    child.stop(grace_s=1.0)
    assert not process_tree.members(process_tree.table(), child.tree)  # type: ignore[arg-type]


def test_a_component_that_floods_its_log_is_neither_blocked_nor_kept(forked: ForkServer, tmp_path: Path) -> None:
    source = "import os\nfor _ in range(400): os.write(1, b'x' * 49999 + b'\\n')\nprint('through')"
    child = forked.exec("flood", python(source), dict(os.environ), tmp_path)
    assert child.wait(30) == 0
    eventually(lambda: "bytes were dropped" in child.log_path.read_text())
    assert child.log_path.stat().st_size < 110_000
    assert "[19900008 bytes were dropped]" in child.log_path.read_text()


ORCHESTRATOR = """
import json, os, sys, time
from pathlib import Path
from harness.processes.forkserver import ForkServer
folder = Path(sys.argv[1])
server = ForkServer(["sleepy"], folder / "logs")
server.start()
child = server.spawn("sleepy", "sleepy", {"how": "deaf"})
child.ready(20)
argv = [sys.executable, str(folder / "daemon.py"), str(folder / "pid")]
daemon = server.exec("daemon", argv, dict(os.environ), folder)
while not ((folder / "pid").exists() and (folder / "pid").read_text()):
    time.sleep(0.01)
pids = [server.pid, child.pid, daemon.pid, int((folder / "pid").read_text())]
(folder / "pids.part").write_text(json.dumps(pids))
(folder / "pids.part").rename(folder / "pids")
time.sleep(600)
"""


@pytest.fixture
def orchestrator(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[bytes], list[int]]]:
    (tmp_path / "sleepy.py").write_text(SERVER)
    (tmp_path / "daemon.py").write_text(DAEMON)
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    process = subprocess.Popen(python(ORCHESTRATOR, str(tmp_path)), env=environment)
    pids: list[int] = []
    try:
        eventually((tmp_path / "pids").exists, 30)
        pids = json.loads((tmp_path / "pids").read_text())
        yield process, pids
    finally:
        process.kill()
        process.wait()
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def test_the_orchestrator_is_killed_and_nothing_survives_it(
    orchestrator: tuple[subprocess.Popen[bytes], list[int]],
) -> None:
    process, pids = orchestrator
    assert all(runs(pid) for pid in pids)
    process.kill()
    process.wait()
    eventually(lambda: not any(runs(pid) for pid in pids), 5)


def test_the_fork_server_is_killed_and_its_children_die_with_it(
    orchestrator: tuple[subprocess.Popen[bytes], list[int]],
) -> None:
    _, (server, child, daemon, _grandchild) = orchestrator
    os.kill(server, signal.SIGKILL)
    eventually(lambda: not any(runs(pid) for pid in (server, child, daemon)), 5)


def test_the_orchestrator_notices_a_dead_fork_server_and_kills_what_it_left(forked: ForkServer, tmp_path: Path) -> None:
    child = forked.exec("daemon", python(DAEMON, str(tmp_path / "pid")), dict(os.environ), tmp_path)
    daemon = read_pid(tmp_path / "pid")
    os.kill(forked.pid, signal.SIGKILL)
    assert child.wait(5) == -signal.SIGKILL
    eventually(lambda: not runs(daemon), 5)
    with pytest.raises(ProcessError, match=r"not running|it ended"):
        forked.spawn("late", "sleepy", {"how": "serve"})


def test_ctrl_c_in_the_terminal_reaches_no_child(forked: ForkServer) -> None:
    child = forked.spawn("sleepy", "sleepy", {"how": "serve"})
    child.ready(20)
    assert os.getpgid(child.pid) == child.pid
    assert os.getpgid(forked.pid) == forked.pid
    assert os.getpgid(0) not in (child.pid, forked.pid)


def test_two_fork_servers_warm_up_side_by_side(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "meeting.py").write_text(MEETING)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("MEETING", str(tmp_path))
    with ForkServer(["meeting"], tmp_path / "a") as first, ForkServer(["meeting"], tmp_path / "b") as second:
        assert not list(tmp_path.glob("*.left")), "whoever starts one does not wait until it is warm"
        assert first.wait_warm(30)["meeting"] < 20, "they waited for each other"
        assert second.wait_warm(30)["meeting"] < 20


def test_close_leaves_no_process_and_may_be_called_twice(forked: ForkServer) -> None:
    child = forked.spawn("deaf", "sleepy", {"how": "deaf"})
    pid = child.ready(20)["pid"]
    forked.close()
    forked.close()
    assert not runs(pid)
    assert child.returncode is not None
