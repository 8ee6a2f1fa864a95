"""`python -m harness.live.leftovers.watchdog FILE LEASE_S [HOLD_S]`: undoes an entry of the journal when its harness
is gone.

It reads its standard input, the other end of which the harness holds. A byte renews the lease; the end of the input
means that the harness has ended, however it did. When its lease runs out, the harness stands still (frozen, or hung):
what it holds broken must not stay so for longer than that. HOLD_S: so long may it hold at most, however well the
harness is. An entry that has gone away meanwhile was undone by the harness itself.

It holds the entry's lock, so nobody else undoes the entry meanwhile.
"""

from __future__ import annotations

import os
import select
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path

from harness.errors import DrillError
from harness.live.leftovers import journal, undoing
from harness.processes.interruption import SIGNALS

_TRIES = 10
_BETWEEN_S = 1.0


def watch(path: Path, lease_s: float, hold_s: float | None = None) -> int:
    """Wait until the harness has gone or stands still, then undo. Exit code: 0 undone, 1 it could not be."""
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)  # it must outlive what ends its harness
    with journal.owned(path) as mine:
        with suppress(BrokenPipeError):  # it was killed meanwhile, which its end of our input tells
            os.write(1, b"watching\n" if mine else b"gone\n")
        if not mine:
            return 0
        until_s = None if hold_s is None else time.monotonic() + hold_s
        while (left_s := wait_s(lease_s, until_s, time.monotonic())) > 0 and _renewed(left_s):
            pass
        return _undo(path)


def wait_s(lease_s: float, until_s: float | None, now_s: float) -> float:
    """How long to wait for the next sign of life: nothing more once it has held for as long as it may."""
    return lease_s if until_s is None else min(lease_s, until_s - now_s)


def _renewed(lease_s: float) -> bool:
    """Whether the harness said in time that it lives."""
    readable, _, _ = select.select([0], [], [], lease_s)
    return bool(readable) and bool(os.read(0, 4096))


def _undo(path: Path) -> int:
    """Until it is undone, and once more: what the harness had asked for last may take effect after its end."""
    for number in range(_TRIES):
        leftover = journal.read(path)
        if leftover is None:
            return 0
        with suppress(DrillError):
            undoing.undo(leftover)
            if number:
                path.unlink(missing_ok=True)
                return 0
        time.sleep(_BETWEEN_S)
    return 1  # the entry stays: the next run and `drill heal` try again


if __name__ == "__main__":
    sys.exit(watch(Path(sys.argv[1]), float(sys.argv[2]), float(sys.argv[3]) if len(sys.argv) > 3 else None))
