"""Makes a backup: every piece is read, what is new is written as one commit, and all of it is read again."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from harness.archive import manifest
from harness.archive.manifest import Manifest, PieceSums
from harness.archive.pieces.piece import AsBefore, File, Gathered, Piece, sum_of
from harness.archive.repository import Damaged, Made, Repository
from harness.archive.snapshot import DESCRIPTION, KeptPiece, Snapshot
from harness.archive.trees import Entry
from harness.errors import InputError

_SECRET_MIN = 8
"""Letters from which on a secret is looked for everywhere: shorter ones are in too many words."""


@dataclass(frozen=True)
class BackedUp:
    """made: None where nothing had changed since `before`; changes: in words, by piece; files: of the whole backup."""

    made: Made | None
    before: Made | None
    changes: Mapping[str, str]
    files: int
    warnings: Sequence[str]


def back_up(
    name: str,
    description: bytes,
    pieces: Sequence[Piece],
    repository: Repository,
    made_at: datetime,
    told: Callable[[str], None] = lambda piece: None,
    secrets: Collection[str] = (),
) -> BackedUp:
    """Back all pieces up. told: hears of each before it is read; secrets: what must be nowhere in it, beside those that
    the pieces find. The caller holds the repository's lock.

    Raises InputError, WorldError: then nothing has been kept.
    """
    latest = repository.latest()
    before = None if latest is None else Snapshot(repository, latest)
    files: dict[str, File | Entry] = {DESCRIPTION: File(description)}
    sums: dict[str, PieceSums] = {}
    changes: dict[str, str] = {}
    gathered: dict[str, Gathered] = {}
    for piece in pieces:
        told(piece.name)
        kept = None if before is None else before.piece(piece.name)
        gathered[piece.name] = found = piece.read(kept)
        sums[piece.name] = _sums(piece, found, kept, repository)
        changes[piece.name] = _changes(found, None if kept is None else kept.sums.keys(), sums[piece.name], kept)
        for file, held in found.files.items():
            path = f"{piece.name}/{file}"
            files[path] = kept.entry(file) if isinstance(held, AsBefore) and kept is not None else _file(held)
    files[manifest.FILE] = File(manifest.to_bytes(Manifest(name, sums)))
    _refuse_secrets(files, {*secrets, *(value for found in gathered.values() for value in found.secrets)})
    changed = "; ".join(f"{piece} {words}" for piece, words in changes.items() if words)
    gone = [] if before is None else sorted(before.manifest.pieces.keys() - sums.keys())
    changed = "; ".join(filter(None, (changed, *(f"{piece} is not backed up any more" for piece in gone))))
    message = f"{name}: {changed or 'the description changed'}\n"
    made = repository.write(files, message, made_at, lambda fresh: verify(repository, fresh))
    if made is None and latest is not None:
        verify(repository, latest)  # nothing new is no news of what was kept
    warnings = [f"{piece}: {text}" for piece, found in gathered.items() for text in found.warnings]
    return BackedUp(made, latest, changes, sum(len(one.sums) for one in sums.values()), warnings)


def verify(repository: Repository, made: Made) -> int:
    """Read a backup again, from the disk and not from memory; how many files it has. Raises Damaged."""
    fresh = Repository(repository.path)
    try:
        return Snapshot(fresh, made).verify()
    finally:
        fresh.close()


def _file(held: File | AsBefore) -> File:
    assert isinstance(held, File)
    return held


def _sums(piece: Piece, found: Gathered, kept: KeptPiece | None, repository: Repository) -> PieceSums:
    sums = {}
    for file in sorted(found.files):
        held = found.files[file]
        if isinstance(held, File):
            sums[file] = replace(sum_of(held.content), told=found.told.get(file, ""))
            continue
        assert kept is not None
        if not repository.has(kept.entry(file)):
            text = f"{piece.name}/{file} of the last backup is not there any more: back up to another repository"
            raise Damaged(f"{repository.path}: {text}")
        sums[file] = kept.sums[file]
    return PieceSums(piece.kind, sums, found.facts)


def _changes(found: Gathered, known: object, sums: PieceSums, kept: KeptPiece | None) -> str:
    """What is new of a piece, in words; "" where nothing is."""
    if kept is None:
        return f"{len(found.files)} new"
    added = sum(1 for name in sums.sums if name not in kept.sums)
    changed = sum(1 for name, one in sums.sums.items() if name in kept.sums and kept.sums[name] != one)
    removed = sum(1 for name in kept.sums if name not in sums.sums)
    counted = ((added, "new"), (changed, "changed"), (removed, "removed"))
    words = ", ".join(f"{number} {word}" for number, word in counted if number)
    return words or ("other settings" if dict(kept.facts) != dict(sums.facts) else "")


def _refuse_secrets(files: Mapping[str, File | Entry], secrets: set[str]) -> None:
    """Raises InputError where a secret that is known stands in clear in what would be written."""
    wanted = [value.encode("utf-8", "surrogateescape") for value in secrets if len(value) >= _SECRET_MIN]
    found = [
        path
        for path, file in files.items()
        if isinstance(file, File) and any(value in file.content for value in wanted)
    ]
    if found:
        text = "a secret that the configuration names stands in it in clear; nothing has been kept"
        raise InputError(*(f"{path}: {text}" for path in found))
