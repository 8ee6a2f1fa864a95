"""Which keys the clients have written to a stack that is not theirs: noted before they are sent, so that whoever tidies
up after a harness that was killed knows them all."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from harness.errors import WorldError

Note = Callable[[str], None]


def nothing(_: str) -> None:
    """Where nobody needs to tidy up."""


class Written:
    """A file of keys, a line each, each once. Raises OSError when it cannot be opened."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = path.open("ab", buffering=0)  # with the kernel before the request is sent: a kill loses nothing
        self._known: set[str] = set()

    def note(self, key: str) -> None:
        """One more. Raises WorldError when it cannot be noted: then it must not be written."""
        if key in self._known or not key or "\n" in key:
            return
        try:
            self._file.write(f"{key}\n".encode())
        except OSError as error:
            raise WorldError(
                f"cannot note in {self._path} which items are written: {error.strerror or error}"
            ) from error
        self._known.add(key)

    def close(self) -> None:
        """Nothing more is noted."""
        self._file.close()
