"""Locks that are files: the kernel lets go of one however its holder ends."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from harness.errors import InputError

if sys.platform != "win32":
    import fcntl

_RETRY_S = 0.05


@contextlib.contextmanager
def locked(path: Path, wait_s: float = 0.0) -> Iterator[bool]:
    """Hold the lock file `path`; False when somebody else still does after `wait_s`. Raises InputError.

    The kernel releases it, however we end. Whoever holds it may unlink it: a lock on a file that is not there any more
    is none, so another is tried.
    """
    until = time.monotonic() + wait_s
    while True:
        with _opened(path) as file:
            if _take(file) and _still_there(file, path):
                yield True
                return
        if time.monotonic() >= until:
            yield False
            return
        time.sleep(_RETRY_S)


def _opened(path: Path) -> IO[str]:
    try:
        return path.open("a")
    except OSError as error:
        raise InputError(f"{path}: cannot be written to, but a state belongs there ({error})") from error


def _still_there(file: IO[str], path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False


def _take(file: IO[str]) -> bool:
    if sys.platform == "win32":
        return True
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
