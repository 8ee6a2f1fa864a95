"""The harness's side: an entry in the journal, and a watchdog that undoes it should we be killed or stand still."""

from __future__ import annotations

import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from harness.errors import WorldError
from harness.live.leftovers import journal
from harness.live.leftovers.journal import Leftover

LEASE_S = 30.0
TRIES_S = 8.0
"""So long may a watchdog go on trying what we could not undo, where somebody waits for it."""
_RENEWED_EVERY_S = 5.0


class Guard:
    """One entry while the block runs. Leave it only when what it is about has been undone, or may stay."""

    def __init__(
        self, leftover: Leftover, lease_s: float = LEASE_S, hold_s: float | None = None, tries_s: float | None = None
    ) -> None:
        """hold_s: after this long the watchdog undoes it, however well we are. tries_s: so long is waited at the end
        for a watchdog that tries what we could not undo; None: until it has given up."""
        self._leftover = leftover
        self._lease_s = lease_s
        self._hold_s = hold_s
        self._tries_s = tries_s
        self._ended = threading.Event()

    @property
    def ran_out(self) -> bool:
        """Whether its watchdog has undone it, or tried to."""
        return self._watchdog.poll() is not None

    def __enter__(self) -> Guard:
        self._path = journal.write(self._leftover)
        try:
            self._watchdog = _started(self._path, self._lease_s, self._hold_s)
        except BaseException:
            self._path.unlink(missing_ok=True)  # nothing has been made yet
            raise
        self._renewal = threading.Thread(target=self._renew, name="lease", daemon=True)
        self._renewal.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not isinstance(error, WorldError):  # what could not be undone stays in the journal
            self._path.unlink(missing_ok=True)
        self._ended.set()
        self._renewal.join()
        if self._watchdog.stdin is not None:
            with suppress(OSError):  # it is gone, and a byte for it still waits
                self._watchdog.stdin.close()
        try:
            self._watchdog.wait(self._tries_s)
        except subprocess.TimeoutExpired:  # the entry stays for `drill heal` and the next run
            self._watchdog.kill()
            self._watchdog.wait()

    def _renew(self) -> None:
        while not self._ended.wait(min(_RENEWED_EVERY_S, self._lease_s / 3)):
            try:
                if self._watchdog.stdin is not None:
                    self._watchdog.stdin.write(b".")
                    self._watchdog.stdin.flush()
            except OSError:
                return  # it has undone the entry: the lease had run out


def _started(path: Path, lease_s: float, hold_s: float | None) -> subprocess.Popen[bytes]:
    """A watchdog that watches. It leads a session of its own: what is sent to our group must not end it."""
    command = [sys.executable, "-P", "-m", "harness.live.leftovers.watchdog", str(path), str(lease_s)]
    command += [] if hold_s is None else [str(hold_s)]
    process = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True
    )
    told = b"" if process.stdout is None else process.stdout.readline()
    if process.stdout is not None:
        process.stdout.close()
    if told != b"watching\n":
        process.kill()
        process.wait()
        raise WorldError(f"the watchdog over {path} did not start; nothing has been broken")
    return process
