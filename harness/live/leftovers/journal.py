"""The journal: one file for each thing that outlives a killed harness, written before the thing is made.

Processes of a world die with us, and their links with them. What lies elsewhere does not: proxies on a Toxiproxy server
that goes on. A file says what it is and who can undo it; it goes away when that has been undone.
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from harness.errors import InputError
from harness.processes import process_tree
from harness.storable_text import json_text

VARIABLE = "DRILL_STATE"
_SUFFIX = ".journal"
_DRAFT = ".draft"


@dataclass(frozen=True)
class Leftover:
    """One thing. what: for people; family, kind: the part whose `healing.take_away` undoes it; handle: what that needs.

    pid, started: of the harness that made it; the two name a process for good.
    """

    what: str
    family: str
    kind: str
    handle: Mapping[str, str]
    pid: int
    started: float

    @classmethod
    def ours(cls, what: str, family: str, kind: str, handle: Mapping[str, str]) -> Leftover:
        """One of this process."""
        return cls(what, family, kind, dict(handle), os.getpid(), process_tree.start_of(os.getpid()))

    @property
    def abandoned(self) -> bool:
        """Whether the harness that made it is gone."""
        return not process_tree.lives(self.pid, self.started)


def folder() -> Path:
    """Where the journal is: DRILL_STATE, else `drill-harness` in the user's state folder (XDG Base Directory)."""
    told = os.environ.get(VARIABLE)
    if told:
        return Path(told).expanduser().absolute()
    home = os.environ.get("XDG_STATE_HOME")
    return (Path(home) if home and Path(home).is_absolute() else Path.home() / ".local" / "state") / "drill-harness"


def write(leftover: Leftover) -> Path:
    """Write one down, so that it is on the disk when this returns; its file. Raises InputError."""
    home = folder()
    path = home / f"{secrets.token_hex(8)}{_SUFFIX}"
    draft = path.with_suffix(f".{leftover.pid}-{leftover.started}{_DRAFT}")
    try:
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        with draft.open("x", encoding="utf-8") as file:
            os.fchmod(file.fileno(), 0o600)
            file.write(json_text(asdict(leftover)))
            file.flush()
            os.fsync(file.fileno())
        draft.rename(path)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise InputError(f"{home} cannot be written ({error}); set {VARIABLE} to another folder") from error
    return path


def beside(name: str) -> Path:
    """Where a file of ours may lie that an entry names; it is made, and empty. Raises InputError."""
    home = folder()
    path = home / f"{secrets.token_hex(8)}.{name}"
    try:
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.touch(mode=0o600, exist_ok=False)
    except OSError as error:
        raise InputError(f"{home} cannot be written ({error}); set {VARIABLE} to another folder") from error
    return path


def read(path: Path) -> Leftover | None:
    """What a file says; None when it is gone, or says nothing that we know."""
    try:
        body = json.loads(path.read_text(encoding="utf-8"))
        handle = {str(name): str(value) for name, value in body["handle"].items()}
        what, family, kind = (str(body[name]) for name in ("what", "family", "kind"))
        return Leftover(what, family, kind, handle, int(body["pid"]), float(body["started"]))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def files() -> list[Path]:
    """Every file of the journal."""
    return sorted(folder().glob(f"*{_SUFFIX}"))


def remove_drafts() -> None:
    """Those of harnesses that were killed while they wrote: nothing had been made yet."""
    for path in folder().glob(f"*{_DRAFT}"):
        pid, _, started = path.stem.partition(".")[2].partition("-")
        with suppress(ValueError, OSError):
            if not process_tree.lives(int(pid), float(started)):
                path.unlink(missing_ok=True)


@contextmanager
def owned(path: Path) -> Iterator[bool]:
    """Hold a file's lock while the block runs. Yields False when somebody else does, or the file is gone.

    A watchdog holds it as long as it watches; the kernel lets go of it however that ends.
    """
    try:
        lock = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        yield False
        return
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield path.exists()
    finally:
        os.close(lock)
