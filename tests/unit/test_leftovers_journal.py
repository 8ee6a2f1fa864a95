"""Whether a harness that wrote something down lives: by what the kernel says of its process."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from harness.live.leftovers import journal, undoing
from harness.live.leftovers.journal import Leftover


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(journal.VARIABLE, str(tmp_path))
    return tmp_path


def ours() -> Leftover:
    return Leftover.ours("a proxy", "links", "toxiproxy", {})


def test_what_a_living_harness_made_is_not_abandoned_also_after_the_clock_was_set(
    state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal.write(ours())
    monkeypatch.setattr("psutil._pslinux.boot_time", lambda: 0.0, raising=False)  # epochs are told from it
    assert undoing.undo_abandoned() == ([], [])
    assert len(list(state.iterdir())) == 1


def test_one_whose_number_another_process_has_is_abandoned() -> None:
    assert replace(ours(), started=-2.0).abandoned


def test_one_that_has_ended_is_abandoned_also_before_anybody_has_waited_for_it() -> None:
    with subprocess.Popen([sys.executable, "-S", "-c", ""]) as process:
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        assert replace(ours(), pid=process.pid).abandoned
