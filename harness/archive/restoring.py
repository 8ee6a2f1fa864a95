"""Restores a backup: checks all of it first, says what differs, makes it the same, and compares again.

A comparison that finds nothing after a restore is the proof that the backup restores; it is noted in the repository.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from harness.archive import proofs
from harness.archive.pieces.piece import Difference, Piece
from harness.archive.repository import Repository
from harness.archive.snapshot import KeptPiece, Snapshot
from harness.errors import InputError


@dataclass(frozen=True)
class Change:
    """A piece that is to be restored. difference: of its target to the backup."""

    piece: Piece
    kept: KeptPiece
    difference: Difference


@dataclass(frozen=True)
class Restored:
    """A piece that was restored. left: what differs still: nothing, if the backup is proven by it. written: whether
    anything had to be."""

    piece: Piece
    left: Difference
    files: int
    written: bool = True


def planned(
    snapshot: Snapshot, pieces: Sequence[Piece], told: Callable[[str], None] = lambda piece: None
) -> list[Change]:
    """What a restore would change. Nothing is touched. Raises Damaged where the backup is not whole, InputError,
    WorldError."""
    snapshot.verify()
    changes = []
    for piece in pieces:
        kept = snapshot.piece(piece.name)
        if kept is None:
            known = ", ".join(snapshot.manifest.pieces)
            raise InputError(f"backup {snapshot.made.id[:10]} has no {piece.name}; it has {known}")
        if kept.told.kind != piece.kind:
            raise InputError(f"{piece.name} is {kept.told.kind} in the backup, and {piece.kind} in the description")
        told(piece.name)
        changes.append(Change(piece, kept, piece.compare(kept)))
    return changes


def restore(change: Change) -> Restored:
    """Restore one piece, and compare it again. Raises InputError, WorldError."""
    if not change.difference.is_none:
        change.piece.restore(change.kept, change.difference)
    left = change.piece.compare(change.kept, whole=True)
    return Restored(change.piece, left, len(change.kept.sums), not change.difference.is_none)


def note(repository: Repository, snapshot: Snapshot, restored: Sequence[Restored], at: datetime) -> None:
    """Note which pieces of a backup have been proven. Raises WorldError."""
    proven = [
        proofs.Proof(one.piece.name, snapshot.manifest.pieces[one.piece.name].digest, at, one.piece.target, one.written)
        for one in restored
        if one.left.is_none
    ]
    if proven:
        proofs.add(repository, snapshot.made, proven)
