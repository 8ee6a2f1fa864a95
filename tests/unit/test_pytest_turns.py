"""Turns of processes that drill on one machine: alone for what disturbs others, beside them otherwise."""

from __future__ import annotations

import fcntl
import os
import threading
from pathlib import Path

import pytest
from command_line import eventually

from harness.pytest_plugin import turns
from harness.pytest_plugin.turns import Turn, turn

_SOON_S, _NEVER_S = 60.0, 0.2


def asked(path: Path) -> int:
    """How many have the lock of this file or folder, or wait for it: what the kernel says, not how long it takes."""
    return Path("/proc/locks").read_text().count(f":{path.stat().st_ino} ")


def says_that_it_starts(reports: Path, starting: int) -> bool:
    """So many have said that they want to start; a thread may take its time to be as far."""
    return (reports / turns.STARTING).exists() and asked(reports / turns.STARTING) >= starting


class Other:
    """Somebody else who wants a turn, in a thread of its own: locks of files are between open files."""

    def __init__(self, reports: Path, *, alone: bool) -> None:
        self.has_it, self.may_end = threading.Event(), threading.Event()
        self.turn: Turn | None = None
        self._thread = threading.Thread(target=self._wait, args=(reports, alone))
        self._thread.start()

    def _wait(self, reports: Path, alone: bool) -> None:
        with turn(reports, alone=alone) as self.turn:
            self.has_it.set()
            self.may_end.wait(_SOON_S)

    def let_others_in(self) -> threading.Event:
        """It is done with what it does alone; the event tells when it goes on."""
        begun, turn = threading.Event(), self.turn
        assert turn is not None
        threading.Thread(target=lambda: (turn.let_others_in(), begun.set()), daemon=True).start()
        return begun

    def end(self) -> None:
        self.may_end.set()
        self._thread.join()


def test_drills_run_beside_each_other_and_a_start_waits_for_their_end(tmp_path: Path) -> None:
    first, second = Other(tmp_path, alone=False), Other(tmp_path, alone=False)
    assert first.has_it.wait(_SOON_S)
    assert second.has_it.wait(_SOON_S)
    starting = Other(tmp_path, alone=True)
    assert not starting.has_it.wait(_NEVER_S)
    first.end()
    assert not starting.has_it.wait(_NEVER_S)
    second.end()
    assert starting.has_it.wait(_SOON_S)
    starting.end()


def test_nobody_gets_past_a_start_that_waits(tmp_path: Path) -> None:
    drilling = Other(tmp_path, alone=False)
    assert drilling.has_it.wait(_SOON_S)
    starting = Other(tmp_path, alone=True)
    eventually(lambda: asked(tmp_path) >= 2)
    assert not starting.has_it.wait(_NEVER_S)
    next_drill = Other(tmp_path, alone=False)
    eventually(lambda: asked(tmp_path / turns.GATE) >= 2)
    drilling.end()
    assert starting.has_it.wait(_SOON_S)
    assert not next_drill.has_it.wait(_NEVER_S)
    starting.end()
    assert next_drill.has_it.wait(_SOON_S)
    next_drill.end()


def test_two_calibrations_are_never_at_once_and_both_drills_begin_after_them(tmp_path: Path) -> None:
    first = Other(tmp_path, alone=True)
    assert first.has_it.wait(_SOON_S)
    second = Other(tmp_path, alone=True)
    eventually(lambda: says_that_it_starts(tmp_path, 2))
    assert not second.has_it.wait(_NEVER_S), "the first is calibrating"
    begun = first.let_others_in()
    assert second.has_it.wait(_SOON_S)
    assert not begun.wait(_NEVER_S), "the second is calibrating"
    assert second.let_others_in().wait(_SOON_S)
    assert begun.wait(_SOON_S), "both drill at the same time"
    third = Other(tmp_path, alone=True)
    assert not third.has_it.wait(_NEVER_S)
    first.end()
    second.end()
    assert third.has_it.wait(_SOON_S)
    third.end()


def test_whoever_is_alone_waits_for_nobody(tmp_path: Path) -> None:
    only = Other(tmp_path, alone=True)
    assert only.has_it.wait(_SOON_S)
    assert only.let_others_in().wait(_SOON_S)
    beside = Other(tmp_path, alone=False)
    assert beside.has_it.wait(_SOON_S)
    beside.end()
    only.end()


def test_a_start_that_failed_holds_nobody_up(tmp_path: Path) -> None:
    started = Other(tmp_path, alone=True)
    assert started.has_it.wait(_SOON_S)
    waits = Other(tmp_path, alone=True)
    eventually(lambda: says_that_it_starts(tmp_path, 2))
    begun = started.let_others_in()
    assert waits.has_it.wait(_SOON_S)
    waits.end()
    assert begun.wait(_SOON_S)
    started.end()


def test_a_start_that_may_last_is_waited_for_so_long_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "_PATIENCE_S", _NEVER_S)
    first = Other(tmp_path, alone=True)
    assert first.has_it.wait(_SOON_S)
    held = os.open(tmp_path / turns.STARTING, os.O_RDWR)
    fcntl.flock(held, fcntl.LOCK_SH)
    assert first.let_others_in().wait(_SOON_S)
    os.close(held)
    first.end()
