"""The changes of a region as its server logs them, and what a table held at any moment. See `RegionServer.changes`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Item = dict[str, Any]


@dataclass(frozen=True)
class Change:
    """at_ns: of the wall clock; key: as text; new, old: the item after and before, None for none. dropped: the table
    was deleted then, with all that it held."""

    at_ns: int
    key: str
    keys: Item
    old: Item | None
    new: Item | None
    dropped: bool = False


@dataclass
class History:
    """Every change of every table, in order. Reads on where it stopped; half a line waits for the rest."""

    path: Path
    _offset: int = 0
    _rest: bytes = b""
    _tables: dict[str, list[Change]] = field(default_factory=dict)

    def take_in(self) -> None:
        """Read what is new."""
        with self.path.open("rb") as file:
            file.seek(self._offset)
            content = self._rest + file.read()
            self._offset = file.tell()
        whole, _, self._rest = content.rpartition(b"\n")
        for line in whole.splitlines():
            body = json.loads(line)
            if body.get("reset"):
                self._tables.clear()
                continue
            if "dropped" in body:
                gone = Change(body["wall_ns"], "", {}, None, None, dropped=True)
                self._tables.setdefault(body["dropped"], []).append(gone)
                continue
            change = Change(
                body["wall_ns"], json.dumps(body["keys"], sort_keys=True), body["keys"], body["old"], body["new"]
            )
            self._tables.setdefault(body["table"], []).append(change)

    def at(self, table: str, at_ns: int) -> list[Item]:
        """What a table held at the end of that nanosecond."""
        state: dict[str, Item] = {}
        for change in self._up_to(table, at_ns):
            if change.dropped:
                state.clear()
            elif change.new is None:
                state.pop(change.key, None)
            else:
                state[change.key] = change.new
        return list(state.values())

    def between(self, table: str, begin_ns: int, at_ns: int) -> list[dict[str, Any]]:
        """What became of each key from `begin_ns` (included) on: as lines of an incremental export.

        What was made and deleted meanwhile is not told (Developer Guide, "DynamoDB table export output format").
        """
        found: dict[str, dict[str, Any]] = {}
        for change in self._up_to(table, at_ns):
            if change.dropped:
                found.clear()  # what a table of that name held before is not of this one
            if change.dropped or change.at_ns < begin_ns:
                continue
            first = found.setdefault(change.key, {"keys": change.keys, "old": change.old})
            first |= {"new": change.new, "at_us": change.at_ns // 1_000}
        return [one for one in found.values() if one["old"] is not None or one["new"] is not None]

    def _up_to(self, table: str, at_ns: int) -> Iterator[Change]:
        """In the order in which they took effect: a clock that was set back must not change that."""
        for change in self._tables.get(table, ()):
            if change.at_ns <= at_ns:
                yield change
