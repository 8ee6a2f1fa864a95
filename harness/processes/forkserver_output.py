"""A child's output: read from a pipe, appended to its log file, and dropped beyond a limit.

It is dropped as well where the file takes no more. The child never waits for us: whatever it prints is read, even when
nothing more is kept.
"""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
from pathlib import Path

_LOG = logging.getLogger(__name__)
_READ_BYTES = 1 << 18
_PIPE_BYTES = 1 << 20
_F_SETPIPE_SZ = getattr(fcntl, "F_SETPIPE_SZ", None)


class CappedLog:
    """The reading end of one child's output. cap_bytes: how much of it is kept."""

    def __init__(self, path: Path, cap_bytes: int) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            self.fd, self.child_fd = os.pipe()
        except OSError:
            os.close(self._file)
            raise
        os.set_blocking(self.fd, False)
        if _F_SETPIPE_SZ is not None:
            with contextlib.suppress(OSError):  # over the user's limit: the default size does as well
                fcntl.fcntl(self.fd, _F_SETPIPE_SZ, _PIPE_BYTES)
        self._path = path
        self._cap_bytes = cap_bytes
        self._left_bytes = cap_bytes
        self._dropped_bytes = 0
        self._full = False
        self._failed = False

    def started(self) -> None:
        """The child has its own copy of the writing end: close ours, so that its end is seen."""
        os.close(self.child_fd)
        self.child_fd = -1

    def pump(self) -> bool:
        """Move one portion. False when every writer has closed its end."""
        if self.fd < 0:
            return True
        try:
            data = os.read(self.fd, _READ_BYTES)
        except BlockingIOError:
            return True
        self._keep(data)
        return bool(data)

    def drain(self) -> bool:
        """Move what is there now, at most a pipe full (a flooding descendant must not hold us up).

        False when every writer has closed its end.
        """
        if self.fd < 0:
            return True
        for _ in range(_PIPE_BYTES // _READ_BYTES + 1):
            try:
                data = os.read(self.fd, _READ_BYTES)
            except BlockingIOError:
                return True
            self._keep(data)
            if not data:
                return False
        return True

    def _keep(self, data: bytes) -> None:
        kept = self._write(data[: self._left_bytes])
        self._dropped_bytes += len(data) - kept
        if len(data) > self._left_bytes and not self._full:
            self._full = True
            self._write(f"\n[output beyond {self._cap_bytes} bytes is dropped]\n".encode())
        self._left_bytes -= kept

    def _write(self, data: bytes) -> int:
        """How much of it is in the file. A file that takes no more must not end whoever reads for all children."""
        try:
            return os.write(self._file, data) if data else 0
        except OSError as error:
            if not self._failed:
                self._failed = True
                _LOG.warning("%s: output is dropped: %s", self._path, error.strerror)
            return 0

    def close(self) -> None:
        """Say how much was dropped, and close the file and the pipe."""
        if self._dropped_bytes:
            self._write(f"[{self._dropped_bytes} bytes were dropped]\n".encode())
        for fd in (self.fd, self.child_fd, self._file):
            if fd >= 0:
                os.close(fd)
        self.fd = self.child_fd = self._file = -1
