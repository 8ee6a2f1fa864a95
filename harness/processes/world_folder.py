"""The folder of a world's own files, in the temporary folder of the machine: gone with the world, however that ends.

A file in it is locked by whoever lives of the world: the harness, and its fork servers, which share that one lock. So
the kernel tells whether anybody does. The harness removes the folder when it ends in order. When it is killed, its fork
servers do, the last of them. What neither could do, because they were killed as well, the next run does.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

if sys.platform != "win32":
    import fcntl

PREFIX = "drill-world-"
_LOCK = "in-use"
_BEING_MADE_S = 60.0
"""A folder as young as this, with nothing in it, may be one whose lock is about to be made."""
_PATIENCE_S = 1.0
_POLL_S = 0.02


@dataclass(frozen=True)
class WorldFolder:
    """path: of the folder. lock: the descriptor by which it is held; processes that get it hold it as well."""

    path: Path
    lock: int


@contextmanager
def made() -> Iterator[WorldFolder]:
    """A new folder, removed at the end of the block."""
    folder = Path(tempfile.mkdtemp(prefix=PREFIX))
    try:
        lock = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            _lock(lock)
            yield WorldFolder(folder, lock)
        finally:
            os.close(lock)
    finally:
        _remove(folder)


def leave(folder: WorldFolder) -> None:
    """Hold it no longer, and remove it when nobody does: for a process whose harness was killed.

    Others of the world may be about to end; so it looks for a moment.
    """
    os.close(folder.lock)
    until = time.monotonic() + _PATIENCE_S
    while not _removed(folder.path) and time.monotonic() < until:
        time.sleep(_POLL_S)


def take_away(path: Path) -> None:
    """Remove the folder of a world that has ended, if it is one, and ours; a state file may name any."""
    if path in _ours():
        _removed(path)


def abandoned() -> list[Path]:
    """This user's folders of worlds of which nobody lives."""
    return [path for path in _ours() if _is_abandoned(path)]


def take_away_abandoned() -> list[Path]:
    """Remove them; those that were."""
    return [path for path in abandoned() if _removed(path)]


def _ours() -> list[Path]:
    found = []
    for path in sorted(Path(tempfile.gettempdir()).glob(f"{PREFIX}*")):
        try:
            status = path.lstat()
        except OSError:
            continue
        if path.is_dir() and not path.is_symlink() and status.st_uid == os.getuid():
            found.append(path)
    return found


def _is_abandoned(path: Path) -> bool:
    try:
        lock = os.open(path / _LOCK, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return _is_old(path)
    except OSError:
        return False  # nothing that we made
    try:
        return _lock(lock)
    finally:
        os.close(lock)


def _is_old(path: Path) -> bool:
    """One without a lock: killed when it was being made, or of a version that made none."""
    try:
        return time.time() - path.stat().st_mtime > _BEING_MADE_S and not any(path.iterdir())
    except OSError:
        return False


def _removed(path: Path) -> bool:
    """Remove it unless somebody lives; whether it is gone."""
    try:
        lock = os.open(path / _LOCK, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        if _is_old(path):
            path.rmdir()
        return not path.exists()
    try:
        if not _lock(lock):
            return False
        _remove(path)
        return not path.exists()
    finally:
        os.close(lock)


def _remove(path: Path) -> None:
    """The lock last: who is killed in the middle of this leaves what is known for ours and abandoned."""
    with suppress(OSError):
        for held in path.iterdir():
            if held.is_dir() and not held.is_symlink():
                shutil.rmtree(held, ignore_errors=True)
            elif held.name != _LOCK:
                held.unlink(missing_ok=True)
        (path / _LOCK).unlink(missing_ok=True)
        path.rmdir()


def _lock(lock: int) -> bool:
    """Take it; False when somebody else holds it."""
    if sys.platform == "win32":
        return False  # nothing tells who lives, so nothing is removed
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
