"""The part of every process's log that belongs to one drill, copied beside its evidence."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from harness.wire import placeholders

_COPY_MAX_BYTES = 4 << 20


class DrillLogs:
    """Remembers where every log stood when a drill began. folder: of the drill; its logs go to `logs/` in there.

    hidden: what the environment gave to the subject and to its requests, and what must not be filed.
    """

    def __init__(self, source: Path, folder: Path, hidden: Collection[str] = ()) -> None:
        self._source = source
        self._hidden = hidden
        self.folder = folder
        self._offsets = {path.name: path.stat().st_size for path in source.glob("*.log")}

    def collect(self) -> list[str]:
        """Copy what has been written since; the paths, relative to the run's folder, of those that say anything."""
        target = self.folder / "logs"
        target.mkdir(exist_ok=True)
        copied = []
        for path in sorted(self._source.glob("*.log")):
            start = self._offsets.get(path.name, 0)
            if path.stat().st_size <= start:
                continue
            with path.open("rb") as source:
                source.seek(max(start, path.stat().st_size - _COPY_MAX_BYTES))
                (target / path.name).write_bytes(placeholders.without(source.read(), self._hidden))
            copied.append(f"{self.folder.name}/logs/{path.name}")
        return copied
