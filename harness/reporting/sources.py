"""Reads what a drill left in its run folder, within limits, for those who show it. Files may come from anywhere."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from harness.drill.evidence import DrillResult
from harness.errors import InputError, WorldError
from harness.history import codec
from harness.history.events import Commit, Event
from harness.regular_files import open_bytes
from harness.reporting.run_json_reader import inside
from harness.reporting.wording import clean

LARGEST_HISTORY_BYTES = 256 * 1024 * 1024
LOG_TAIL_BYTES = 48 * 1024
LOG_TAIL_LINES = 200


@dataclass(frozen=True)
class HistoryFile:
    """A drill's events, or, in problem, why there are none or why they cannot be trusted."""

    events: tuple[Event | Commit, ...]
    problem: str = ""


@dataclass(frozen=True)
class LogTail:
    """The end of a log. path: relative to run.json. whole: nothing was left out."""

    path: str
    text: str
    size_bytes: int
    whole: bool


def read_history(folder: Path, drill: DrillResult) -> HistoryFile:
    """The recorded events. A file that is missing, too large or damaged is described, never raised."""
    try:
        path = inside(folder, drill.history)
        size = path.stat().st_size
        if size > LARGEST_HISTORY_BYTES:
            return HistoryFile((), f"the history has {size} bytes, too many to draw")
        events = tuple(codec.read(path))
        altered = _sha256(path) != drill.history_sha256
    except (InputError, WorldError) as error:
        return HistoryFile((), clean(str(error), 300))
    except (OSError, UnicodeDecodeError, RecursionError) as error:
        return HistoryFile((), f"the history cannot be read: {clean(str(error), 300)}")
    return HistoryFile(events, "the history was changed after the drill: its hash differs" if altered else "")


def _sha256(path: Path) -> str:
    with open_bytes(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_log(folder: Path, drill: DrillResult, name: str) -> LogTail:
    """The last lines of a log; a log that cannot be read says so in its text.

    name: relative to the run's folder, or else to that of the drill.
    """
    beside = PurePosixPath(drill.history).parent / name
    relative = name
    try:
        path = inside(folder, name)
        if not path.exists():
            path, relative = inside(folder, str(beside)), str(beside)
        size = path.stat().st_size
        with open_bytes(path) as file:
            file.seek(max(0, size - LOG_TAIL_BYTES))
            data = file.read(LOG_TAIL_BYTES)
    except (InputError, OSError) as error:
        return LogTail(relative, f"(cannot be read: {clean(str(error), 300)})", 0, whole=True)
    lines = data.decode("utf-8", errors="replace").splitlines()
    shown = lines[-LOG_TAIL_LINES:]
    whole = size <= LOG_TAIL_BYTES and len(shown) == len(lines)
    return LogTail(relative, clean("\n".join(shown)), size, whole)
