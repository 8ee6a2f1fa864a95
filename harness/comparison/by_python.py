"""Compares by Python alone: both sides are read once into buckets on disk, and compared bucket by bucket.

Memory is bounded by one bucket; what has been read and compared is kept in the folder of the work, from where the same
comparison goes on after an interruption.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from harness.comparison.comparing import difference
from harness.comparison.differences import Difference
from harness.comparison.records import Record, Shape, of_one_table, there_twice
from harness.comparison.result import Counts, Result, to_row
from harness.comparison.sources import Source
from harness.comparison.store import Side, buckets_for, room_for
from harness.errors import InputError
from harness.storable_text import write_json

ENGINE = "python"
_FORMAT = "drill-comparison/2"
_STATE, ROWS = "comparison.json", "differences.jsonl"
_GUESS_BYTES = 512
_LOOKED_AT_ONCE = 100


class Watcher(Protocol):
    """Hears how far it is."""

    def reading(self, side: str, items: int, of: int) -> None:
        """Of one side (A or B) so many items have been read, of about so many."""

    def comparing(self, done: int, of: int) -> None:
        """So many of the buckets have been compared."""


@dataclass
class Work:
    """Where a comparison stands: what `comparison.json` holds.

    seen: how many items each side has been seen to have, in the sample or not; kinds: the types of each one's key.
    """

    folder: Path
    identity: Any
    buckets: int
    cursors: list[Any] = field(default_factory=lambda: [None, None])
    lengths: list[list[int] | None] = field(default_factory=lambda: [None, None])
    read: list[bool] = field(default_factory=lambda: [False, False])
    seen: list[int] = field(default_factory=lambda: [0, 0])
    kinds: list[str] = field(default_factory=lambda: ["", ""])
    compared: int = 0
    rows_bytes: int = 0
    counts: Counts = field(default_factory=Counts)

    def save(self) -> None:
        """Whole or not at all."""
        body = {
            "format": _FORMAT, "identity": self.identity, "buckets": self.buckets, "cursors": self.cursors,
            "lengths": self.lengths, "read": self.read, "seen": self.seen, "kinds": self.kinds,
            "compared": self.compared, "rows_bytes": self.rows_bytes,
            "counts": self.counts.as_json(),
        }  # fmt: skip
        fresh = self.folder / f"{_STATE}.new"
        write_json(fresh, body)
        os.replace(fresh, self.folder / _STATE)


def opened(folder: Path, identity: Any, size_bytes: int) -> Work:
    """A work that goes on where it stopped, or a new one. Raises InputError when the folder is another's."""
    try:
        body = json.loads((folder / _STATE).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Work(folder, identity, buckets_for(size_bytes))
    except (OSError, ValueError) as error:
        raise InputError(f"{folder / _STATE}: it cannot be read ({error}); delete the folder to begin anew") from error
    if body.get("format") != _FORMAT or body["identity"] != json.loads(json.dumps(identity)):
        raise InputError(f"{folder} is of another comparison, or what it compares has changed; name another folder")
    return Work(
        folder, identity, body["buckets"], body["cursors"], body["lengths"], body["read"], body["seen"],
        body["kinds"], body["compared"],
        body["rows_bytes"], Counts.from_json(body["counts"]),
    )  # fmt: skip


def identity_of(sources: Sequence[Source], shape: Shape) -> Any:
    """What makes two comparisons the same."""
    chosen = shape.selection
    return {
        "sides": [[source.name, source.identity()] for source in sources],
        "names": list(shape.names),
        "ignore": sorted(shape.rules.ignore), "null_is_missing": shape.rules.null_is_missing,
        "selection": [chosen.partition, chosen.low, chosen.high, chosen.fraction],
    }  # fmt: skip


def compare(sources: Sequence[Source], shape: Shape, folder: Path, watcher: Watcher) -> Result:
    """Compare two sources. folder: for the work, kept by whoever asked. Raises InputError, WorldError."""
    folder.mkdir(parents=True, exist_ok=True)
    size = max(max(source.size_bytes, source.items * _GUESS_BYTES) for source in sources)
    room_for(folder, 0 if (folder / _STATE).exists() else sum(source.size_bytes for source in sources))
    work = opened(folder, {"engine": ENGINE, **identity_of(sources, shape)}, size)
    sides = [Side(folder / name, work.buckets, work.lengths[at]) for at, name in enumerate(("a", "b"))]
    with closing(sides[0]), closing(sides[1]):
        for at, source in enumerate(sources):
            if not work.read[at]:
                _read(work, at, source, shape, sides[at], watcher)
    layered = [source.is_layered for source in sources]
    _compare(work, sources, shape, sides, layered, watcher)
    return Result(work.counts, folder / ROWS, ENGINE, shape.selection.fraction, sum(work.seen))


def _read(work: Work, at: int, source: Source, shape: Shape, side: Side, watcher: Watcher) -> None:
    for found in source.read(shape, work.cursors[at]):
        if isinstance(found, Record):
            if found.kinds != work.kinds[at]:
                of_one_table(source.name, shape.names, work.kinds[at] or found.kinds, found.kinds)
                work.kinds[at] = found.kinds
            side.add(found)
            continue
        work.seen[at] += found.items
        work.lengths[at], work.cursors[at] = side.flushed(), found.cursor
        work.save()
        watcher.reading("AB"[at], work.seen[at], source.items)
    work.lengths[at], work.read[at] = side.flushed(), True
    work.save()


def _compare(
    work: Work,
    sources: Sequence[Source],
    shape: Shape,
    sides: Sequence[Side],
    layered: Sequence[bool],
    watcher: Watcher,
) -> None:
    with (work.folder / ROWS).open("ab") as rows:
        rows.truncate(work.rows_bytes)
        for number in range(work.compared, work.buckets):
            left, right = (
                gathered(side.bucket(number), source.name, shape.names, last_wins=many)
                for side, source, many in zip(sides, sources, layered, strict=True)
            )
            for found in compared(left, right, sources, shape, work.counts):
                work.counts.add(found)
                rows.write(to_row(found).encode("ascii"))
            rows.flush()
            work.compared, work.rows_bytes = number + 1, rows.tell()
            work.save()
            watcher.comparing(number + 1, work.buckets)


def gathered(
    records: Iterable[tuple[bytes, bytes]], name: str, names: Sequence[str], *, last_wins: bool
) -> dict[bytes, bytes]:
    """By place, the items of a bucket. Raises InputError for a key that is there twice."""
    found: dict[bytes, bytes] = {}
    for place, text in records:
        if place in found and not last_wins:
            raise InputError(there_twice(name, names, text.decode()))
        found[place] = text
    return found if not last_wins else {place: text for place, text in found.items() if text}


def compared(
    left: dict[bytes, bytes], right: dict[bytes, bytes], sources: Sequence[Source], shape: Shape, counts: Counts
) -> list[Difference]:
    """The differences of one bucket, in order; what is live is looked at again. Counts what was read and is equal."""
    counts.read_left += len(left)
    counts.read_right += len(right)
    places = sorted(
        {place for place, text in left.items() if right.get(place) != text} | {p for p in right if p not in left}
    )
    found = [
        one
        for place in places
        if (
            one := difference(
                shape.names, place.decode(), left.get(place, b"").decode(), right.get(place, b"").decode()
            )
        )
    ]
    counts.equal += len(left.keys() & right.keys()) - sum(1 for place in places if place in left and place in right)
    again = _looked_again(found, sources, shape)
    counts.settled += len(found) - len(again)
    return again


def _looked_again(found: Sequence[Difference], sources: Sequence[Source], shape: Shape) -> list[Difference]:
    """A table that is written to while it is read shows differences that are none: each key is read once more."""
    kept: list[Difference] = []
    for start in range(0, len(found), _LOOKED_AT_ONCE):
        some = found[start : start + _LOOKED_AT_ONCE]
        keys = [json.loads(one.key) for one in some]
        now = [source.look_again(shape, keys) for source in sources]
        for one in some:
            left, right = (
                before or "" if state is None else state.get(one.place, "")
                for before, state in zip((one.left, one.right), now, strict=True)
            )
            if (still := difference(shape.names, one.place, left, right)) is not None:
                kept.append(still)
    return kept
