"""The two sides of a comparison: exports here, live tables in `live`. A source gives records, and marks between them.

A mark says from where reading can go on: what was read before it need not be read again.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from harness.comparison.canonical import Item, Malformed
from harness.comparison.exports import layout, reader
from harness.comparison.exports.layout import DataFile
from harness.comparison.exports.reader import Export
from harness.comparison.exports.storage import Folder, Storage, storage_of
from harness.comparison.records import Record, Shape
from harness.errors import InputError, Problem

AND = "+"
"""Between a full export and the incremental ones that are put on top of it."""


@dataclass(frozen=True)
class Mark:
    """cursor: what `Source.read` takes to go on; items: how many were read since the mark before."""

    cursor: Any
    items: int


class Source(Protocol):
    """One side. name: as it was typed; names: of its key, None where it does not know; key_types: of each of
    them, S, N or B, None where it does not know; items: about how many there are.

    is_layered: a key may be given more than once, and the last one counts.
    """

    @property
    def name(self) -> str: ...
    @property
    def names(self) -> tuple[str, ...] | None: ...
    @property
    def key_types(self) -> Mapping[str, str] | None: ...
    @property
    def items(self) -> int: ...
    @property
    def size_bytes(self) -> int: ...
    @property
    def is_layered(self) -> bool: ...

    def read(self, shape: Shape, cursor: Any) -> Iterator[Record | Mark]:
        """Records from a mark on, None: from the start. A mark follows the last. Raises InputError, WorldError."""

    def look_again(self, shape: Shape, keys: Sequence[Item]) -> dict[str, str] | None:
        """By place, what is there now under some keys; None where nothing can have changed."""

    def identity(self) -> Any:
        """What must be the same for a comparison to go on: plain JSON."""


class ExportSource:
    """A full export, with any number of incremental ones on top of it."""

    names: tuple[str, ...] | None = None
    key_types: Mapping[str, str] | None = None

    def __init__(self, name: str, exports: Sequence[Export]) -> None:
        self.name = name
        self.exports = tuple(exports)
        self.items = sum(export.manifest.summary.items for export in exports)
        self.size_bytes = sum(export.manifest.summary.size_bytes for export in exports)

    @property
    def units(self) -> list[tuple[Export, DataFile]]:
        """Every data file, in the order in which they take effect."""
        return [(export, file) for export in self.exports for file in export.manifest.files]

    @property
    def is_layered(self) -> bool:
        """Whether a key may be there more than once, so that the last one counts."""
        return len(self.exports) > 1

    @property
    def is_here(self) -> bool:
        """Whether all of it lies in folders of this machine."""
        return all(isinstance(export.storage, Folder) for export in self.exports)

    def identity(self) -> Any:
        """See Source."""
        return [[file.key, file.md5] for _, file in self.units]

    def look_again(self, shape: Shape, keys: Sequence[Item]) -> dict[str, str] | None:
        """See Source."""
        return None

    def read(self, shape: Shape, cursor: Any) -> Iterator[Record | Mark]:
        """See Source."""
        for number, (export, file) in enumerate(self.units):
            if number < (cursor or 0):
                continue
            yield from read_file(export.storage, export.manifest.summary.kind, file, shape)
            yield Mark(number + 1, file.items)


def read_file(storage: Storage, kind: str, file: DataFile, shape: Shape) -> Iterator[Record]:
    """The records of one data file. Raises InputError with file, line and reason."""
    for number, line in enumerate(reader.lines(storage, file), 1):
        try:
            record = shape.record(*reader.changed(kind, line))
        except Malformed as error:
            raise InputError(Problem(storage.where(file.key), number, str(error))) from error
        if record is not None:
            yield record


def export_source(text: str) -> ExportSource:
    """The side that is typed `FULL`, or `FULL+INCREMENTAL+...`. Raises InputError."""
    found = [reader.opened(storage_of(part)) for part in text.split(AND) if part]
    if not found:
        raise InputError("no export is named")
    first = found[0].manifest.summary
    if first.kind == layout.INCREMENTAL:
        why = (
            f"it is an incremental export: what changed, and not what there is. Put it on top of a full one: FULL{AND}"
        )
        raise InputError(Problem(found[0].storage.name, None, why + found[0].storage.name))
    for before, after in itertools.pairwise(found):
        why_not = layout.follows(before.manifest.summary, after.manifest.summary)
        if why_not is not None:
            raise InputError(Problem(after.storage.name, None, why_not))
    return ExportSource(text, found)
