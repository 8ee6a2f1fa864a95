"""A backup as it is read: its manifest, its pieces, and whether all of it is there and right."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from harness.archive import manifest
from harness.archive.manifest import Manifest, PieceSums
from harness.archive.pieces.piece import Sum, is_of
from harness.archive.repository import Damaged, Made, Repository
from harness.archive.trees import Entry

DESCRIPTION = "backup.yaml"
"""The description itself, as it was when the backup was made."""


@dataclass(frozen=True)
class Snapshot:
    """A backup, opened. Raises Damaged as soon as what is asked for is not right."""

    repository: Repository
    made: Made

    @cached_property
    def entries(self) -> dict[str, Entry]:
        """Every file, by path in the repository."""
        return self.repository.entries(self.made)

    @cached_property
    def manifest(self) -> Manifest:
        """What must be there."""
        entry = self.entries.get(manifest.FILE)
        if entry is None:
            raise Damaged(f"{self._name}: {manifest.FILE} is not there: it is no backup, or not whole")
        return manifest.parsed(self.repository.content(manifest.FILE, entry))

    @property
    def _name(self) -> str:
        return f"{self.repository.path}: backup {self.made.id[:10]}"

    def piece(self, name: str) -> KeptPiece | None:
        """A piece by its name; None where the backup has none."""
        sums = self.manifest.pieces.get(name)
        return None if sums is None else KeptPiece(self, name, sums)

    def description(self) -> bytes | None:
        """See DESCRIPTION."""
        entry = self.entries.get(DESCRIPTION)
        return None if entry is None else self.repository.content(DESCRIPTION, entry)

    def verify(self) -> int:
        """Read every file, and compare it with what the manifest says; how many there are. Raises Damaged."""
        wanted = {
            f"{name}/{file}": one for name, piece in self.manifest.pieces.items() for file, one in piece.sums.items()
        }
        there = self.entries.keys() - {manifest.FILE, DESCRIPTION}
        for path in sorted(wanted.keys() ^ there):
            why = "is not there" if path in wanted else "is in it, and its manifest knows nothing of that"
            raise Damaged(f"{self._name}: {path} {why}: it is damaged or half-written")
        for path, told in wanted.items():
            self.checked(path, told)
        self.description()
        return len(wanted)

    def checked(self, path: str, told: Sum) -> bytes:
        """A file's content. Raises Damaged where it is not the one of the manifest."""
        content = self.repository.content(path, self.entries[path])
        if not is_of(told, content):
            raise Damaged(f"{self._name}: {path} is not what {manifest.FILE} says: it is damaged")
        return content


@dataclass(frozen=True)
class KeptPiece:
    """See `pieces.piece.Kept`."""

    snapshot: Snapshot
    name: str
    told: PieceSums

    @property
    def sums(self) -> Mapping[str, Sum]:
        """See Kept."""
        return self.told.sums

    @property
    def facts(self) -> Mapping[str, Any]:
        """See Kept."""
        return self.told.facts

    def content(self, name: str) -> bytes:
        """See Kept."""
        return self.snapshot.checked(f"{self.name}/{name}", self.told.sums[name])

    def mode(self, name: str) -> int:
        """See Kept."""
        return self.snapshot.entries[f"{self.name}/{name}"].mode

    def entry(self, name: str) -> Entry:
        """By which the repository knows a file."""
        return self.snapshot.entries[f"{self.name}/{name}"]
