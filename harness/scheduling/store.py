"""Where schedules are kept: a folder for each, with its file, its history, its lock and what its last run printed."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path

from pydantic import ValidationError

from harness.errors import InputError, Problem
from harness.kit.config import refusal
from harness.kit.file_locks import locked
from harness.regular_files import open_bytes
from harness.scheduling.record import ENTRIES_MAX, Began, Ended, Overlap, State, entries_of, line_of, state_of
from harness.scheduling.schedule import Schedule
from harness.storable_text import write_json, write_text

LARGEST_BYTES = 1 << 20
_HISTORY_BYTES = 16 << 20
_SCHEDULE, _HISTORY, _LOCK, _HISTORY_LOCK, _OUTPUT = (
    "schedule.json", "history.jsonl", "run.lock", "history.lock", "output.log",
)  # fmt: skip
_MACHINE, _CHANGES = "machine.lock", "changes.lock"
_WAIT_S = 30.0


class Store:
    """The schedules below a folder of state."""

    def __init__(self, state: Path) -> None:
        self.state = state
        self.root = state / "schedules"

    def names(self) -> list[str]:
        """Every schedule that there is."""
        return sorted(path.parent.name for path in self.root.glob(f"*/{_SCHEDULE}"))

    def folder(self, name: str) -> Path:
        """Of one schedule."""
        return self.root / name

    def file(self, name: str) -> Path:
        """What says what it is."""
        return self.folder(name) / _SCHEDULE

    def output(self, name: str) -> Path:
        """What its last run printed."""
        return self.folder(name) / _OUTPUT

    def read(self, name: str) -> Schedule:
        """One schedule. Raises InputError."""
        path = self.file(name)
        if "/" in name or name in ("", ".", "..") or not path.exists():
            known = ", ".join(self.names()) or "none"
            raise InputError(f"no schedule {name}; there are: {known} (kept in {self.root})")
        found = schedule_from(path)
        if found.name != name:
            raise InputError(Problem(str(path), None, f"is of a schedule {found.name}"))
        return found

    def write(self, schedule: Schedule) -> None:
        """Keep a schedule; its file is whole or not there. Raises InputError."""
        path = self.make(schedule.name) / _SCHEDULE
        draft = path.with_name(f".{_SCHEDULE}-{os.getpid()}")
        try:
            draft.touch(0o600)
            write_json(draft, schedule.stored(), indent=2)
            draft.replace(path)
        except OSError as error:
            raise InputError(f"{path}: cannot be written: {error.strerror}") from error

    def make(self, name: str) -> Path:
        """The folder of a schedule, made where it is not there. Raises InputError."""
        folder = self.folder(name)
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise InputError(
                f"{folder} cannot be made ({error.strerror}); set DRILL_STATE to another folder"
            ) from error
        return folder

    def running(self, name: str) -> AbstractContextManager[bool]:
        """The lock of a run of a schedule; False when one goes on. It goes away with its process."""
        return locked(self.make(name) / _LOCK)

    def on_this_machine(self, wait_s: float) -> AbstractContextManager[bool]:
        """The lock of all schedules: two drills on one machine at a time disturb each other."""
        self.root.mkdir(parents=True, exist_ok=True, mode=0o700)
        return locked(self.root / _MACHINE, wait_s)

    @contextmanager
    def changing(self) -> Iterator[None]:
        """One at a time adds or removes. Raises InputError."""
        try:
            self.root.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise InputError(f"{self.root} cannot be made ({error}); set DRILL_STATE to another folder") from error
        with locked(self.root / _CHANGES, _WAIT_S) as ours:
            if not ours:
                raise InputError("another `drill schedule` adds or removes a schedule: try again")
            try:
                yield
            finally:
                self._leave_nothing_empty()

    def history(self, name: str) -> State:
        """What the history of a schedule comes to."""
        return state_of(entries_of(self._lines(name)))

    def entries(self, name: str) -> list[Began | Ended | Overlap]:
        """The lines themselves."""
        return list(entries_of(self._lines(name)))

    def add(self, name: str, entry: Began | Ended | Overlap) -> None:
        """Write a line, and drop the oldest beyond the limit. Raises InputError."""
        path = self.make(name) / _HISTORY
        with locked(path.with_name(_HISTORY_LOCK), _WAIT_S) as ours:
            if not ours:
                raise InputError(f"{path}: is locked by somebody for {_WAIT_S:g} s")
            lines = [*self._lines(name), line_of(entry)][-ENTRIES_MAX:]
            draft = path.with_name(f".{_HISTORY}-{os.getpid()}")
            try:
                write_text(draft, "".join(lines))
                draft.replace(path)
            except OSError as error:
                raise InputError(f"{path}: cannot be written: {error.strerror}") from error

    def _lines(self, name: str) -> list[str]:
        path = self.folder(name) / _HISTORY
        try:
            with open_bytes(path) as file:
                text = file.read(_HISTORY_BYTES).decode("utf-8", "replace")
        except FileNotFoundError:
            return []
        except OSError as error:
            raise InputError(Problem(str(path), None, f"cannot be read: {error.strerror}")) from error
        return [line + "\n" for line in text.split("\n") if line]

    def forget(self, name: str) -> None:
        """Take everything away that is kept of a schedule."""
        folder = self.folder(name)
        for path in (*folder.glob(f".{_SCHEDULE}-*"), *folder.glob(f".{_HISTORY}-*")):
            path.unlink(missing_ok=True)
        for file in (_SCHEDULE, _HISTORY, _HISTORY_LOCK, _OUTPUT, _LOCK):
            (folder / file).unlink(missing_ok=True)
        with suppress(OSError):
            folder.rmdir()

    def _leave_nothing_empty(self) -> None:
        if self.names():
            return
        for file in (_MACHINE, _CHANGES):
            (self.root / file).unlink(missing_ok=True)
        for folder in (self.root, self.state):
            with suppress(OSError):
                folder.rmdir()  # takes only what is empty


def schedule_from(path: Path) -> Schedule:
    """A schedule's file, from anywhere. Raises InputError with all its mistakes."""
    try:
        with open_bytes(path) as file:
            data = file.read(LARGEST_BYTES + 1)
        if len(data) > LARGEST_BYTES:
            raise InputError(Problem(str(path), None, f"larger than {LARGEST_BYTES} bytes: no schedule"))
        return Schedule.model_validate(json.loads(data))
    except OSError as error:
        raise InputError(Problem(str(path), None, f"cannot be read: {error.strerror}")) from error
    except ValidationError as error:
        raise InputError(
            *(Problem(str(path), None, str(text)) for text in refusal(error, "schedule", Schedule).problems)
        ) from error
    except (ValueError, RecursionError) as error:
        raise InputError(Problem(str(path), None, f"not JSON that can be used: {error}")) from error


def fresh_id() -> str:
    """An id that no other schedule has."""
    return secrets.token_hex(6)
