"""When a process of several may use the machine for a drill: alone, or beside others that measure as well.

A world's start and its calibration disturb whoever measures, so they are done alone, one after the other. Whoever is
done waits, with its clients at rest, for all who have said that they want to start as well: so the drills of several
processes begin together, and not each when the one before has ended. Locks of files: the kernel ends them with their
process.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

GATE, STARTING = ".drill-gate", ".drill-starting"
_PATIENCE_S = 30.0
"""So long is waited at most for others that start: one of them may have to wait for a drill that is under way."""
_LOOK_S = 0.02


class Turn:
    """A turn that somebody has. It begins alone, where it was asked for so."""

    def __init__(self, descriptor: int, starting: int | None) -> None:
        self._descriptor = descriptor
        self._starting = starting

    def let_others_in(self) -> None:
        """What has to be done alone is done; returns when others that started meanwhile are as far, too."""
        if self._starting is None:
            return
        fcntl.flock(self._descriptor, fcntl.LOCK_UN)
        _wait_for_all(self._starting)
        self._starting = None
        fcntl.flock(self._descriptor, fcntl.LOCK_SH)


@contextmanager
def turn(reports: Path, *, alone: bool) -> Iterator[Turn]:
    """Wait for one. Whoever files evidence in the same folder waits for an end of it, or, beside others, does not.

    Who wants to be alone waits until the others' turns have ended, and nobody gets past while it waits.
    """
    reports.mkdir(parents=True, exist_ok=True)
    folder = os.open(reports, os.O_RDONLY | os.O_CLOEXEC)
    starting = None
    try:
        if alone:
            starting = _opened(reports / STARTING)
            fcntl.flock(starting, fcntl.LOCK_SH)
        gate = _opened(reports / GATE)
        try:
            fcntl.flock(gate, fcntl.LOCK_EX)
            fcntl.flock(folder, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
        finally:
            os.close(gate)
        yield Turn(folder, starting)
    finally:
        os.close(folder)
        if starting is not None:
            os.close(starting)


def _opened(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)


def _wait_for_all(starting: int) -> None:
    """Until nobody else holds a part of this lock, which everybody holds who starts; it is let go here."""
    fcntl.flock(starting, fcntl.LOCK_UN)
    until = time.monotonic() + _PATIENCE_S
    while time.monotonic() < until:
        try:
            fcntl.flock(starting, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(_LOOK_S)
        else:
            break
    fcntl.flock(starting, fcntl.LOCK_UN)
