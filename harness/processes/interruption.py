"""Being stopped from outside: SIGINT (Ctrl-C), SIGTERM (a CI job is cancelled), SIGHUP (the terminal is closed).

All three leave by one way: the first becomes a KeyboardInterrupt, so that every `finally` heals and stops what it
started. Nothing may interrupt that clean-up half way, or processes and toxics stay behind: further signals are answered
with a message and nothing else. Neither may the first, where it meets a clean-up that runs anyhow (`held`): it is
remembered, and raised when that is done. So that a clean-up which hangs cannot hold the command for ever, it has a
limit; then the process leaves at once, and the kernel and the fork servers take the world's processes down with it.
And because Python drops a KeyboardInterrupt that comes up in a `__del__` or a callback of the garbage collector, a
signal that comes long after the first, and meets no clean-up, is raised again.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any

_HANGUP = getattr(signal, "SIGHUP", None)
SIGNALS = tuple(number for number in (signal.SIGINT, signal.SIGTERM, _HANGUP) if number is not None)
STOP_LIMIT_S = 60.0
"""A clean-up takes two seconds; draining clients of a world in trouble may take thirty."""
LOST_AFTER_S = 10.0
EXIT_INTERRUPTED = 130
STOPPED = "interrupted: everything that was started has been stopped"
_MESSAGE = "stopping; a moment ..."
_GIVING_UP = "could not stop in time: leaving at once; `drill heal` undoes what a Toxiproxy of your own still holds"
_STDERR = 2

_active: Interruption | None = None


class Interruption:
    """The signals of one process, between `install` and `restore`. limit_s: of the clean-up; None: there is none."""

    def __init__(self, limit_s: float | None = None) -> None:
        self._limit_s = limit_s
        self._former: dict[int, Any] = {}
        self._terminals = [fd for fd in (1, _STDERR) if os.isatty(fd)]  # a terminal that hung up no longer says so
        self._stopping = False
        self._raised_s = 0.0
        self._remembered = False
        self._holds = 0

    def install(self) -> None:
        """Take the signals over, except those that are ignored on purpose (`nohup`, a script's background job)."""
        for number in SIGNALS:
            if signal.getsignal(number) is not signal.SIG_IGN:
                self._former[number] = signal.signal(number, self._take)

    def restore(self) -> None:
        """Give them back to whoever had them."""
        for number, handler in self._former.items():
            signal.signal(number, handler)
        self._former.clear()

    def _take(self, number: int, frame: FrameType | None) -> None:
        if number == _HANGUP:
            self.leave_terminal()
        lost = self._stopping and time.monotonic() - self._raised_s > LOST_AFTER_S
        if self._holds or (self._stopping and not lost):
            self._remembered = True
            _say(_MESSAGE)
        else:
            self._stop()

    def _stop(self) -> None:
        first, self._stopping, self._raised_s = not self._stopping, True, time.monotonic()
        if first and self._limit_s is not None:
            timer = threading.Timer(self._limit_s, _give_up)
            timer.daemon = True
            timer.start()
        raise KeyboardInterrupt

    def leave_terminal(self) -> None:
        """It is gone: whatever is printed from now on must not fail the clean-up."""
        nowhere = os.open(os.devnull, os.O_WRONLY)
        for fd in self._terminals:
            os.dup2(nowhere, fd)
        os.close(nowhere)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Nothing interrupts this block; a signal that came meanwhile does so at its end."""
        self._holds += 1
        try:
            yield
        finally:
            self._holds -= 1
            if self._remembered and not self._holds and not self._stopping:
                self._stop()


@contextmanager
def guarded(limit_s: float | None = None) -> Iterator[None]:
    """Take the signals over for this block; within another such block, or outside the main thread, do nothing."""
    global _active
    if _active is not None or threading.current_thread() is not threading.main_thread():
        yield
        return
    _active = Interruption(limit_s)
    _active.install()
    try:
        yield
    finally:
        _active.restore()
        _active = None


@contextmanager
def held() -> Iterator[None]:
    """Nothing interrupts this block, where the signals have been taken over; see Interruption.held."""
    if _active is None:
        yield
        return
    with _active.held():
        yield


def heard(number: int) -> None:
    """For a handler that takes a signal's place for a while: after SIGHUP, printing must not fail either."""
    if number == _HANGUP and _active is not None:
        _active.leave_terminal()


def _say(sentence: str) -> None:
    """Past every buffer: a signal may come in the middle of a print."""
    with suppress(OSError):
        os.write(_STDERR, f"\n{sentence}\n".encode())


def _give_up() -> None:
    _say(_GIVING_UP)
    os._exit(EXIT_INTERRUPTED)
