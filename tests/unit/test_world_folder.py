"""The folder of a world: gone with it, whoever of it is killed, and never taken from one that lives."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.live.leftovers import journal, undoing
from harness.processes import world_folder
from harness.processes.world_folder import WorldFolder

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="nothing tells there who lives")

WAITS = "import sys; sys.stdin.read()"
HARNESS = """
import sys
from contextlib import ExitStack
from harness.processes.fork_servers import start_fork_servers
with ExitStack() as stack:
    servers = start_fork_servers(stack, {"one": [], "other": []})
    for server in servers.groups.values():
        server.wait_warm()
    print(servers.folder, *(server.pid for server in servers.groups.values()), flush=True)
    sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setenv(journal.VARIABLE, str(tmp_path / "state"))
    return folder


def until(done: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not done():
        assert time.monotonic() < end
        time.sleep(0.02)


def gone(pid: int) -> bool:
    return not Path(f"/proc/{pid}").exists()


def test_it_is_gone_when_the_harness_ends_in_order(temporary: Path) -> None:
    with world_folder.made() as folder:
        (folder.path / "logs").mkdir()
        (folder.path / "logs" / "a.log").write_text("said")
        assert world_folder.abandoned() == []
        assert undoing.undo_abandoned() == ([], [])
        assert folder.path.exists()
    assert list(temporary.iterdir()) == []


def test_nobody_takes_it_while_a_process_of_the_world_holds_it() -> None:
    with (
        world_folder.made() as folder,
        subprocess.Popen([sys.executable, "-c", WAITS], stdin=subprocess.PIPE, pass_fds=[folder.lock]) as fork_server,
    ):
        copy = WorldFolder(folder.path, os.dup(folder.lock))
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, folder.lock)  # holds it no longer, as when the harness is killed
        os.close(nothing)
        try:
            world_folder.leave(copy)
            assert folder.path.exists()
            assert world_folder.take_away_abandoned() == []
        finally:
            fork_server.communicate()
        assert world_folder.take_away_abandoned() == [folder.path]


@pytest.mark.parametrize("killed_alone", [True, False])
def test_a_killed_harness_leaves_none(temporary: Path, killed_alone: bool) -> None:
    with subprocess.Popen([sys.executable, "-c", HARNESS], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as harness:
        assert harness.stdout is not None
        path, *servers = harness.stdout.readline().decode().split()
        assert Path(path).parent == temporary
        if not killed_alone:
            for pid in servers:
                os.kill(int(pid), 9)
        harness.kill()
    until(lambda: all(gone(int(pid)) for pid in servers))
    if not killed_alone:
        done, failed = undoing.undo_abandoned()
        assert (failed, [path in sentence for sentence in done]) == ([], [True])
    assert list(temporary.iterdir()) == []


def test_one_whose_removal_was_cut_short_is_removed_by_the_next(temporary: Path) -> None:
    with world_folder.made() as folder:
        path = folder.path
    path.mkdir()
    assert world_folder.take_away_abandoned() == []  # it may be about to be made
    os.utime(path, (0, 0))
    assert world_folder.take_away_abandoned() == [path]
    path.mkdir()
    (path / "somebody's").write_text("file")
    os.utime(path, (0, 0))
    assert world_folder.take_away_abandoned() == []
    assert list(temporary.iterdir()) == [path]


def test_a_state_file_cannot_have_any_other_folder_removed(temporary: Path, tmp_path: Path) -> None:
    for other in (tmp_path / "drill-world-elsewhere", temporary / "mine"):
        other.mkdir()
        (other / "in-use").write_text("")
        world_folder.take_away(other)
        assert other.exists()
    link = temporary / "drill-world-link"
    link.symlink_to(tmp_path / "drill-world-elsewhere")
    world_folder.take_away(link)
    assert (tmp_path / "drill-world-elsewhere" / "in-use").exists()
    assert world_folder.abandoned() == []
