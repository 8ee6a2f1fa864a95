"""Takes old backups away: history is cut below the oldest one that stays, as a shallow clone's is.

Every backup is a whole state, so the ones that stay need nothing of those that go: their ids, and all that was noted of
them, stay the same, and a clone can still fetch. What no backup that stays needs is then taken from the disk: all that
is wanted is written as one new pack and read again before an old one is removed.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from dulwich.objects import Commit, ObjectID, ShaFile, Tag, Tree
from dulwich.refs import HEADREF

from harness.archive import proofs
from harness.archive.backing_up import verify
from harness.archive.repository import BRANCH, Made, Repository, reading
from harness.errors import WorldError


@dataclass(frozen=True)
class Pruned:
    """kept, gone: backups, newest first; objects: how many of Git's were taken from the disk."""

    kept: Sequence[Made]
    gone: Sequence[Made]
    objects: int = 0


def chosen(history: Sequence[Made], last: int | None, days: int | None, now: datetime) -> Pruned:
    """Which backups stay: the newest always, the newest `last`, and those of the last `days`. Pure."""
    if last is None and days is None:
        return Pruned(history, ())
    young = 0
    if days is not None:
        young = max((n for n, made in enumerate(history, 1) if now - made.made_at < timedelta(days=days)), default=0)
    count = max(1, last or 0, young)
    return Pruned(history[:count], history[count:])


def prune(repository: Repository, choice: Pruned) -> Pruned:
    """Take away what was chosen. The caller holds the lock. Raises Damaged, WorldError: then all is as it was."""
    if not choice.gone:
        return choice
    for made in choice.kept:
        verify(repository, made)
    proofs.keep_only(repository, choice.kept)
    git = repository.git
    with reading(repository.path, "what is to stay"):
        wanted = _reachable(repository, choice.kept)
        before = set(git.object_store)
    with repository.writing():
        packed = repository.add(list(wanted.values()))
        cut = _cut(wanted)
        git.update_shallow(cut, git.get_shallow() - cut)
    try:
        for pack in list(git.object_store.packs):
            if pack.name() != packed:
                git.object_store._remove_pack(pack)  # its only way to remove one that is not repacked
        for sha in before:  # without a look at it: one that is damaged goes as well
            Path(os.fsdecode(git.object_store._get_shafile_path(sha))).unlink(missing_ok=True)
    except OSError as error:
        why = f"what older backups needed cannot be taken from the disk: {error.strerror or error}"
        raise WorldError(f"{repository.path}: {why}; those that are to stay are whole") from error
    for made in choice.kept:
        verify(repository, made)
    return Pruned(choice.kept, choice.gone, len(before - wanted.keys()))


def _reachable(repository: Repository, kept: Sequence[Made]) -> dict[ObjectID, ShaFile]:
    """All objects of the backups that stay, and of the notes of restores."""
    store = repository.git.object_store
    found: dict[ObjectID, ShaFile] = {}
    waiting = [ObjectID(made.id.encode("ascii")) for made in kept]
    if proofs.REF in repository.git.refs:
        waiting += _line(repository, repository.git.refs[proofs.REF])
    waiting += _marked(repository)
    while waiting:
        at = waiting.pop()
        if at in found:
            continue
        found[at] = one = store[at]
        if isinstance(one, Tag):
            waiting.append(one.object[1])
        elif isinstance(one, Commit):
            waiting.append(one.tree)
        elif isinstance(one, Tree):
            waiting += [below for _, _, below in one.iteritems() if below not in found]
    return found


def _marked(repository: Repository) -> list[ObjectID]:
    """What people have given a name of their own, by a tag or a branch: it stays, too."""
    refs = repository.git.refs
    own = (BRANCH, proofs.REF, HEADREF)
    return [refs[name] for name in refs.allkeys() if name not in own]


def _cut(found: Mapping[ObjectID, ShaFile]) -> set[ObjectID]:
    """The commits whose parents do not stay."""
    commits = [one for one in found.values() if isinstance(one, Commit)]
    return {one.id for one in commits if any(parent not in found for parent in one.parents)}


def _line(repository: Repository, at: ObjectID) -> list[ObjectID]:
    """A commit and all before it."""
    found: list[ObjectID] = []
    waiting = [at]
    while waiting:
        commit = repository.git.object_store[waiting.pop()]
        assert isinstance(commit, Commit)
        found.append(commit.id)
        waiting += commit.parents
    return found
