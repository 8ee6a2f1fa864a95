"""When a process of several may use the machine for a drill: alone, or beside others that measure as well.

A world's start and its calibration disturb whoever measures, so they are done alone. Locks of files: the kernel ends
them with their process.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_GATE = ".drill-gate"


class Turn:
    """A turn that somebody has. It begins alone, where it was asked for so."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def let_others_in(self) -> None:
        """What has to be done alone is done."""
        fcntl.flock(self._descriptor, fcntl.LOCK_SH)


@contextmanager
def turn(reports: Path, *, alone: bool) -> Iterator[Turn]:
    """Wait for one. Whoever files evidence in the same folder waits for an end of it, or, beside others, does not.

    Who wants to be alone waits until the others' turns have ended, and nobody gets past while it waits.
    """
    reports.mkdir(parents=True, exist_ok=True)
    folder = os.open(reports, os.O_RDONLY | os.O_CLOEXEC)
    try:
        gate = os.open(reports / _GATE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(gate, fcntl.LOCK_EX)
            fcntl.flock(folder, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
        finally:
            os.close(gate)
        yield Turn(folder)
    finally:
        os.close(folder)
