"""What its owner broke is healed when its lease has run out, when the harness is killed, and by whoever comes after."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from command_line import drill

from harness.live.leftovers import journal, undoing
from harness.live.leftovers.guard import Guard
from harness.live.leftovers.journal import Leftover
from harness.parts.platform.external.spec import Breaking
from harness.parts.platform.external.ways import handle_of

pytestmark = [pytest.mark.live, pytest.mark.beside]

HARNESS = """
import json, sys, time
from harness.live.leftovers.guard import Guard
from harness.live.leftovers.journal import Leftover
with Guard(Leftover.ours("a fault", "platform", "external", json.loads(sys.argv[1])), hold_s=600):
    print("broken", flush=True)
    time.sleep(600)
"""


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(journal.VARIABLE, str(tmp_path / "state"))
    return tmp_path / "state"


def handle(folder: Path) -> dict[str, str]:
    """Healing touches `healed`, and fails as long as there is a file `stuck`."""
    code = (
        "import pathlib, sys\n"
        "if pathlib.Path('stuck').exists(): print('cannot reach it'); sys.exit(4)\n"
        "pathlib.Path('healed').touch()"
    )
    way = Breaking(fault="region-outage", inject=("true",), heal=(sys.executable, "-c", code), timeout_s=20)
    return handle_of(way, {}, folder, "token")


def leftover(folder: Path) -> Leftover:
    return Leftover.ours("a fault", "platform", "external", handle(folder))


def until(true: Callable[[], bool], seconds: float = 30.0) -> bool:
    limit = time.monotonic() + seconds
    while not true():
        if time.monotonic() > limit:
            return False
        time.sleep(0.05)
    return True


def test_a_lease_that_has_run_out_is_healed_however_well_the_harness_is(tmp_path: Path) -> None:
    with Guard(leftover(tmp_path), hold_s=1.0) as guard:
        assert not guard.ran_out
        assert not (tmp_path / "healed").exists()
        assert until(lambda: guard.ran_out)
        assert (tmp_path / "healed").exists()
    assert journal.files() == []


def test_what_is_healed_in_time_is_healed_once(tmp_path: Path) -> None:
    with Guard(leftover(tmp_path), hold_s=600.0) as guard:
        assert not guard.ran_out
    assert not (tmp_path / "healed").exists()  # whoever holds the guard has healed it
    assert journal.files() == []


def test_a_killed_harness_is_healed_after(tmp_path: Path) -> None:
    told = json.dumps(handle(tmp_path))
    process = subprocess.Popen([sys.executable, "-c", HARNESS, told], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "broken\n"
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    assert until((tmp_path / "healed").exists)
    assert until(lambda: journal.files() == [])


def test_what_cannot_be_healed_is_told_and_kept_for_drill_heal(tmp_path: Path, state: Path) -> None:
    (tmp_path / "stuck").touch()
    gone = Leftover("a fault", "platform", "external", handle(tmp_path), pid=2**22 - 1, started=1.0)
    path = journal.write(gone)
    done, failed = undoing.undo_abandoned()
    assert done == []
    assert len(failed) == 1
    assert "exit code 4" in failed[0]
    assert "cannot reach it" in failed[0]
    assert path.exists()
    (tmp_path / "stuck").unlink()
    done, failed = undoing.undo_abandoned()
    assert failed == []
    assert "healed by" in done[0]
    assert not path.exists()


def test_drill_heal_does_it_by_hand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal.write(Leftover("a fault", "platform", "external", handle(tmp_path), pid=2**22 - 1, started=1.0))
    monkeypatch.setattr("command_line.environment", lambda: dict(os.environ))  # it needs the state folder
    code, out = drill(tmp_path, "heal")
    assert code == 0, out
    assert "healed by" in out
    assert (tmp_path / "healed").exists()
