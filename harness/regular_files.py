"""Reading files that may come from anywhere: only regular ones. A named pipe would keep a reader waiting for ever, and
a device may never end. What was opened is looked at, and not its name, which may mean something else a moment later.
"""

from __future__ import annotations

import errno
import os
import stat
from io import BufferedReader
from pathlib import Path
from typing import TextIO


def open_bytes(path: Path) -> BufferedReader:
    """A regular file, open for reading. Raises OSError, also for anything else."""
    return os.fdopen(_opened(path), "rb")


def open_text(path: Path) -> TextIO:
    """The same as UTF-8 text."""
    return os.fdopen(_opened(path), "r", encoding="utf-8")


def read_text(path: Path) -> str:
    """All of a regular file as text. Raises OSError, UnicodeDecodeError."""
    with open_text(path) as file:
        return file.read()


def _opened(path: Path) -> int:
    fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            raise OSError(errno.EINVAL, "it is no regular file", str(path))
    except OSError:
        os.close(fd)
        raise
    return fd
