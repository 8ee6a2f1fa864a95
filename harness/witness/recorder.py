"""Writes the history: events are gathered and appended as whole lines, at most 50 ms after they happened."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from harness.errors import WorldError
from harness.history.events import Event
from harness.history.log import EventLog

FLUSH_PERIOD_S = 0.05


class Recorder:
    """The history file being written. on_error hears when it cannot be: from then on the history has a hole, and
    nothing more is kept.

    Raises OSError when the file cannot be opened.
    """

    def __init__(self, path: Path, on_error: Callable[[WorldError], None]) -> None:
        self._log = EventLog(path)
        self._on_error = on_error
        self._waiting: list[Event] = []
        self._timer: asyncio.TimerHandle | None = None
        self._failed = False
        self.lines = 0

    @property
    def path(self) -> Path:
        return self._log.path

    def record(self, event: Event) -> None:
        """Keep an event, to be written with the next batch."""
        if self._failed:
            return
        self._waiting.append(event)
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(FLUSH_PERIOD_S, self.flush)

    def flush(self) -> None:
        """Write everything now."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        events, self._waiting = self._waiting, []
        if not events:
            return
        try:
            self._log.append(*events)
        except OSError as error:
            self._fail(error)
        else:
            self.lines += len(events)

    def close(self) -> None:
        """Flush and close."""
        self.flush()
        try:
            self._log.close()
        except OSError as error:  # what could not be written before is tried once more
            self._fail(error)

    def _fail(self, error: OSError) -> None:
        if self._failed:
            return
        self._failed = True
        failure = WorldError(f"cannot write its history {self.path}: {error.strerror or error}")
        failure.__cause__ = error
        self._on_error(failure)
