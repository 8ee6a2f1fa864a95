"""Turns of processes that drill on one machine: alone for what disturbs others, beside them otherwise."""

from __future__ import annotations

import threading
from pathlib import Path

from harness.pytest_plugin.turns import Turn, turn

_SOON_S, _NEVER_S = 5.0, 0.2


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
    assert not starting.has_it.wait(_NEVER_S)
    next_drill = Other(tmp_path, alone=False)
    drilling.end()
    assert starting.has_it.wait(_SOON_S)
    assert not next_drill.has_it.wait(_NEVER_S)
    starting.end()
    assert next_drill.has_it.wait(_SOON_S)
    next_drill.end()


def test_two_calibrations_are_never_at_once_and_a_drill_goes_on_beside_the_next(tmp_path: Path) -> None:
    first = Other(tmp_path, alone=True)
    assert first.has_it.wait(_SOON_S)
    second = Other(tmp_path, alone=True)
    assert not second.has_it.wait(_NEVER_S)
    assert first.turn is not None
    first.turn.let_others_in()
    drill = Other(tmp_path / ".", alone=False)
    assert not second.has_it.wait(_NEVER_S), "the first is still drilling"
    first.end()
    assert second.has_it.wait(_SOON_S)
    second.end()
    assert drill.has_it.wait(_SOON_S)
    drill.end()
