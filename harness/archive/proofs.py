"""Which backups have been restored and compared: Git notes (`git log --notes=drill`), one for each backup.

A backup is proven when every piece of it has been restored and found the same. What proves a piece is its content: a
later backup with the same piece is as good.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from dulwich.notes import Notes
from dulwich.refs import Ref

from harness.archive.commits import AUTHOR
from harness.archive.manifest import Manifest
from harness.archive.repository import NOTES, Made, Repository, reading
from harness.errors import InputError

REF = NOTES
_FRESH = Ref(b"refs/notes/drill-fresh")
"""Where notes are written anew before they take the place of the old ones."""
FORMAT = "drill-proofs/1"
_NOTED = "what was noted of restores (refs/notes/drill)"


@dataclass(frozen=True)
class Proof:
    """A piece that was restored and compared. digest: of what it holds; target: to where. written: False where it was
    the same there already, so that only the reading of the backup is shown."""

    piece: str
    digest: str
    at: datetime
    target: str
    written: bool = True

    @property
    def words(self) -> str:
        """For people."""
        how = "restored to" if self.written else "nothing had to be written, the same as"
        return f"{how} {self.target} at {self.at:%Y-%m-%d %H:%M} UTC"


@dataclass(frozen=True)
class Standing:
    """proven: the last proof of each piece that has one; unproven: the pieces that have none."""

    proven: Mapping[str, Proof]
    unproven: Sequence[str]

    @property
    def words(self) -> str:
        """For people."""
        if not self.unproven:
            return "proven"
        return "unproven" if not self.proven else f"proven but for {', '.join(self.unproven)}"


def standing(manifest: Manifest, proofs: Iterable[Proof]) -> Standing:
    """What is proven of a backup, by the proofs of all, those first that wrote something. Pure."""
    known = {(proof.piece, proof.digest): proof for proof in sorted(proofs, key=lambda one: (one.written, one.at))}
    found = {name: known.get((name, piece.digest)) for name, piece in manifest.pieces.items()}
    proven = {name: proof for name, proof in found.items() if proof is not None}
    return Standing(proven, [name for name in found if name not in proven])


def of(repository: Repository) -> list[Proof]:
    """All proofs that are noted. Raises Damaged."""
    found: list[Proof] = []
    with reading(repository.path, _NOTED):
        notes = Notes(repository.git.object_store, repository.git.refs)
        if REF not in repository.git.refs:
            return []
        for _, content in notes.list_notes(REF):
            found += _parsed(content)
    return found


def add(repository: Repository, made: Made, proofs: Sequence[Proof]) -> None:
    """Note proofs of a backup. Raises WorldError, Damaged."""
    notes = Notes(repository.git.object_store, repository.git.refs)
    commit = made.id.encode("ascii")
    with reading(repository.path, _NOTED):
        known = notes.get_note(commit, REF) if REF in repository.git.refs else None
        kept = [] if known is None else _parsed(known)
    written = {proof.piece for proof in kept if proof.written}
    fresh = [proof for proof in proofs if proof.written or proof.piece not in written]
    told = [proof for proof in kept if proof.piece not in {one.piece for one in fresh}] + fresh
    with repository.writing():
        notes.set_note(commit, _text(told), REF, AUTHOR, AUTHOR, b"Restored and compared")


def keep_only(repository: Repository, made: Sequence[Made]) -> None:
    """Forget the notes of all other backups, and the history of notes. Raises WorldError, Damaged."""
    git = repository.git
    kept = {one.id.encode("ascii") for one in made}
    with reading(repository.path, _NOTED):
        if REF not in git.refs:
            return
        notes = Notes(git.object_store, git.refs)
        told = [(commit, content) for commit, content in notes.list_notes(REF) if commit in kept]
    with repository.writing():
        git.refs.remove_if_equals(_FRESH, None)
        for commit, content in told:
            notes.set_note(commit, content, _FRESH, AUTHOR, AUTHOR, b"Restored and compared")
        if told:
            git.refs[REF] = git.refs[_FRESH]
            git.refs.remove_if_equals(_FRESH, None)
        else:
            git.refs.remove_if_equals(REF, None)


def _text(proofs: Iterable[Proof]) -> bytes:
    rows = [
        {"piece": one.piece, "digest": one.digest, "at": one.at.isoformat(), "target": one.target}
        | ({} if one.written else {"written": False})
        for one in proofs
    ]
    return (json.dumps({"format": FORMAT, "proofs": rows}, indent=1) + "\n").encode("ascii")


def _parsed(content: bytes) -> list[Proof]:
    body = json.loads(content)
    if body["format"] != FORMAT:
        raise InputError(f"a note of restores is {body['format']}, and not {FORMAT}")
    return [
        Proof(
            str(row["piece"]),
            str(row["digest"]),
            datetime.fromisoformat(row["at"]),
            str(row["target"]),
            bool(row.get("written", True)),
        )
        for row in body["proofs"]
    ]
