"""Append-only event files, and reading one while another process still writes it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import IO

from harness.history.codec import decode, to_line
from harness.history.events import Commit, Completion, Event, Invoke, Operation


class EventLog:
    """Appends events to a file, as whole lines, and flushes them to the operating system.

    A large append may get there in several writes. Readers (`Tail`, `codec.read`) take what follows the last newline as
    not written yet.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: IO[str] = path.open("a", encoding="utf-8")

    def append(self, *events: Event | Commit) -> None:
        """Write the events and flush them to the operating system."""
        self._file.write("".join(to_line(event) for event in events))
        self._file.flush()

    def close(self) -> None:
        """Close the file. Closing twice is allowed."""
        self._file.close()

    def __enter__(self) -> EventLog:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class Tail:
    """Reads what has been appended to an event file since the last call."""

    def __init__(self, path: Path, *, from_end: bool = False) -> None:
        self._path = path
        self._offset = path.stat().st_size if from_end and path.exists() else 0
        self._rest = b""

    def poll(self) -> list[Event | Commit]:
        """The events that are new since the last call, in file order; [] when there is no such file."""
        try:
            with self._path.open("rb") as file:
                file.seek(self._offset)
                data = file.read()
        except FileNotFoundError:  # not written to yet, or its world has just been taken down
            return []
        self._offset += len(data)
        *lines, self._rest = (self._rest + data).split(b"\n")
        return [decode(json.loads(line)) for line in lines if line]


def pair(events: Iterable[Event | Commit]) -> list[Operation]:
    """Join invokes to completions by operation id, in the order in which they were sent.

    The key is the completion's: where ids are made by the server, only its answer tells them.
    """
    invokes: dict[str, Invoke] = {}
    completions: dict[str, Completion] = {}
    for event in events:
        if isinstance(event, Invoke):
            invokes[event.op] = event
        elif isinstance(event, Completion):
            completions[event.op] = event
    operations = [_joined(invoke, completions.get(op)) for op, invoke in invokes.items()]
    return sorted(operations, key=lambda operation: operation.sent_ns)


def _joined(invoke: Invoke, completion: Completion | None) -> Operation:
    if completion is not None and completion.k != invoke.k:
        invoke = replace(invoke, k=completion.k)
    return Operation(invoke, completion)
