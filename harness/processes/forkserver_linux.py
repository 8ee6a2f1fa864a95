"""Two promises that only Linux can give: die with the parent, and adopt orphans. Elsewhere both are no-ops."""

from __future__ import annotations

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1  # prctl(2)
_PR_SET_NAME = 15
_PR_SET_CHILD_SUBREAPER = 36
_NAME_BYTES_MAX = 15

_libc = ctypes.CDLL(None, use_errno=True) if sys.platform.startswith("linux") else None


def _prctl(option: int, argument: int | bytes) -> None:
    if _libc is None:
        return
    value = ctypes.c_char_p(argument) if isinstance(argument, bytes) else ctypes.c_ulong(argument)
    if _libc.prctl(ctypes.c_int(option), value, ctypes.c_ulong(0), ctypes.c_ulong(0), ctypes.c_ulong(0)) != 0:
        error = ctypes.get_errno()
        raise OSError(error, f"prctl({option}): {os.strerror(error)}")


def die_with_parent(parent: int) -> None:
    """Have the kernel SIGKILL this process when its parent ends, also when that has happened already.

    parent: pid of the process that forked this one. The promise survives exec, but not a fork.
    """
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGKILL)


def adopt_orphans() -> None:
    """Become the parent of every descendant whose own parent ends, so that none can slip away."""
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def show_as(name: str) -> None:
    """Give this process a name in `ps` and `top` (15 bytes at most)."""
    _prctl(_PR_SET_NAME, name.encode(errors="replace")[:_NAME_BYTES_MAX])
