"""Standard output and standard error that never end a command: neither a reader that has gone, nor a character.

`drill run | head` closes the pipe in the middle of a drill, and Python's answer to that (BrokenPipeError, or rich's
exit code 1) would look like a verdict. Whatever is printed after that is dropped; the drill runs to its end, files its
evidence, and leaves with its own exit code. Characters that the encoding does not have are written in another way.
"""

from __future__ import annotations

import codecs
import errno
import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

_GONE = frozenset({errno.EPIPE, errno.EIO, errno.ECONNRESET})
_INSTEAD = {
    "✓": "ok", "✗": "x", "–": "-", "—": "-", "…": "...", "·": "-", "▸": ">", "→": "->",
    "\N{NO-BREAK SPACE}": " ",
}  # fmt: skip
"""What our own texts use, as terminals that only know ASCII can show it."""
_ERRORS = "drill-plain"
_STDOUT, _STDERR = 1, 2


class OutlivingOutput(io.RawIOBase):
    """A file descriptor whose reader may go. fd: stays open whatever happens."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._lost = False

    def fileno(self) -> int:
        """The descriptor."""
        return self._fd

    def isatty(self) -> bool:
        """Whether it is a terminal."""
        return os.isatty(self._fd)

    def writable(self) -> bool:
        """Always."""
        return True

    def write(self, data: object) -> int:
        """Write what can be written. After the first failure everything is dropped, as if it had been."""
        taken = memoryview(data).nbytes  # type: ignore[arg-type]
        if self._lost:
            return taken
        try:
            return os.write(self._fd, data)  # type: ignore[arg-type]
        except OSError as error:
            self._lost = True
            if error.errno not in _GONE and self._fd != _STDERR:
                print(f"drill: standard output cannot be written: {error.strerror}", file=sys.stderr)  # noqa: T201
            return taken


@contextmanager
def outliving() -> Iterator[None]:
    """Put such streams in the place of the interpreter's, for this block. Those of somebody else are left alone."""
    codecs.register_error(_ERRORS, _plain)
    former = {name: (getattr(sys, name), getattr(sys, f"__{name}__")) for name in ("stdout", "stderr")}
    for fd, name in ((_STDOUT, "stdout"), (_STDERR, "stderr")):
        _open_if_closed(fd)
        if _is_interpreters(former[name][0], fd):
            stream = _stream(fd, former[name][0])
            setattr(sys, name, stream)
            setattr(sys, f"__{name}__", stream)
    try:
        yield
    finally:
        for name, (shown, original) in former.items():
            with suppress(OSError, ValueError):
                getattr(sys, name).flush()
            setattr(sys, name, shown)
            setattr(sys, f"__{name}__", original)


def _is_interpreters(stream: object, fd: int) -> bool:
    """Whether it writes to the descriptor; None is what Python makes of one that was closed when it started."""
    if stream is None:
        return True
    try:
        return isinstance(stream, io.TextIOWrapper) and stream.fileno() == fd
    except (OSError, ValueError):
        return False


def _stream(fd: int, former: io.TextIOWrapper | None) -> io.TextIOWrapper:
    if former is not None:
        with suppress(OSError):
            former.flush()
    encoding = "utf-8" if former is None else former.encoding
    buffer = io.BufferedWriter(OutlivingOutput(fd))
    return io.TextIOWrapper(buffer, encoding=encoding, errors=_ERRORS, line_buffering=True)


def _open_if_closed(fd: int) -> None:
    """Else the next file that is opened would get this number, and take what is printed."""
    try:
        os.fstat(fd)
    except OSError:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        if nowhere != fd:
            os.dup2(nowhere, fd)
            os.close(nowhere)


def _plain(error: UnicodeError) -> tuple[str | bytes, int]:
    """A codec's error handler: our own signs in ASCII, all else as its escape."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    refused = error.object[error.start : error.end]
    return "".join(_INSTEAD.get(one) or one.encode("ascii", "backslashreplace").decode() for one in refused), error.end
