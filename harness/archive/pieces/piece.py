"""What all kinds of pieces have in common: the seam, what is read, and what differs. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

REGULAR, EXECUTABLE, LINK = 0o100644, 0o100755, 0o120000
"""Git's modes of files."""
_SHOWN = 20


@dataclass(frozen=True)
class Sum:
    """What must be true of a file's content. told: the checksum by which its source knows it, "" for none: Shopify's of
    a JSON file is that of another text than it gives."""

    size: int
    sha256: str
    told: str = ""


@dataclass(frozen=True)
class File:
    """A file as it was read."""

    content: bytes
    mode: int = REGULAR


class AsBefore:
    """Stands for a file that is as the backup before has it."""


AS_BEFORE = AsBefore()


@dataclass(frozen=True)
class Gathered:
    """A piece as it was read. facts: what else must be known of it, plain JSON that is the same for the same state;
    warnings: for people, of this time; secrets: values that were found and must be nowhere in the backup; told: see
    Sum."""

    files: Mapping[str, File | AsBefore]
    facts: Mapping[str, Any] = field(default_factory=dict)
    warnings: Sequence[str] = ()
    secrets: Sequence[str] = ()
    told: Mapping[str, str] = field(default_factory=dict)


class Kept(Protocol):
    """A piece in a backup."""

    @property
    def sums(self) -> Mapping[str, Sum]:
        """By name of the file, in order."""

    @property
    def facts(self) -> Mapping[str, Any]:
        """See Gathered."""

    def content(self, name: str) -> bytes:
        """Of a file. Raises InputError where the backup is damaged."""

    def mode(self, name: str) -> int:
        """Of a file."""


@dataclass(frozen=True)
class Difference:
    """What a target lacks, has otherwise, and has beside what is in the backup. left: what is not the backup's business
    and stays; notes: for people."""

    missing: Sequence[str] = ()
    changed: Sequence[str] = ()
    extra: Sequence[str] = ()
    left: Sequence[str] = ()
    notes: Sequence[str] = ()

    @property
    def is_none(self) -> bool:
        """Whether the target is as the backup."""
        return not (self.missing or self.changed or self.extra)

    def __str__(self) -> str:
        counted = ((self.missing, "missing"), (self.changed, "changed"), (self.extra, "too much"))
        return ", ".join(f"{len(names)} {word}" for names, word in counted if names) or "the same"

    def lines(self) -> Iterator[str]:
        """What a restore would do, one line each; of each kind no more than anybody reads."""
        for names, word in ((self.missing, "add"), (self.changed, "change"), (self.extra, "remove")):
            yield from (f"{word} {on_a_line(name)}" for name in names[:_SHOWN])
            if len(names) > _SHOWN:
                yield f"{word} {len(names) - _SHOWN} more"
        if self.left:
            more = "" if len(self.left) <= 3 else f" and {len(self.left) - 3} more"
            yield f"leave alone what the backup does not have: {', '.join(map(on_a_line, self.left[:3]))}{more}"
        yield from self.notes


def on_a_line(name: str) -> str:
    """A file's name for people: what would break the line, or is not to be seen, as Python writes it."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in name)


class Piece(Protocol):
    """One thing that is backed up. name: its folder in the repository; target: where it is, for people."""

    @property
    def name(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def target(self) -> str: ...

    def read(self, before: Kept | None) -> Gathered:
        """Its state now. before: the last backup of it. Raises InputError, WorldError."""

    def compare(self, kept: Kept, *, whole: bool = False) -> Difference:
        """How what is there now differs from a backup. whole: all of it is read, and no checksum is believed.

        Raises InputError, WorldError.
        """

    def restore(self, kept: Kept, difference: Difference) -> None:
        """Make what is there as the backup. Raises InputError, WorldError."""

    def aimed(self, target: str) -> Piece:
        """The same piece, restored to somewhere else. Raises InputError."""


def sum_of(content: bytes) -> Sum:
    """The sums of a content, of which no source has told anything."""
    return Sum(len(content), hashlib.sha256(content).hexdigest())


def is_of(told: Sum, content: bytes) -> bool:
    """Whether a content is the one that the sums are of."""
    return len(content) == told.size and hashlib.sha256(content).hexdigest() == told.sha256
