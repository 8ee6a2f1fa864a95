"""The repository of a description's backups: a bare Git repository, one commit for each state, written by dulwich.

    refs/heads/main       the states, each commit whole; `manifest.json` at its root, a folder for each piece
    refs/notes/drill      which of them have been restored (`proofs`)
    shallow               where history was cut by pruning (`pruning`)

A state is written as one pack of what is new, and counts when the branch has been moved, which is one rename: whatever
fails before, a full disk above all, leaves the last backup as it was. Nobody has a working tree here, so names that a
file system would not take do no harm.
"""

from __future__ import annotations

import errno
import fcntl
import fnmatch
import os
import shutil
import struct
import traceback
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from dulwich.errors import ApplyDeltaError, ChecksumMismatch, FileFormatException, NotCommitError, NotGitRepository
from dulwich.file import FileLocked
from dulwich.object_format import DEFAULT_OBJECT_FORMAT
from dulwich.objects import Blob, Commit, ObjectID, ShaFile, Tree
from dulwich.pack import PackFileDisappeared, UnresolvedDeltas, full_unpacked_object, iter_sha1, write_pack_data
from dulwich.refs import Ref
from dulwich.repo import Repo

from harness.archive import leftovers, trees
from harness.archive.commits import new_commit
from harness.archive.pieces.piece import File
from harness.archive.trees import Entry
from harness.errors import InputError, WorldError

BRANCH, NOTES = Ref(b"refs/heads/main"), Ref(b"refs/notes/drill")
_LOCK = "drill.lock"
_DAMAGE = (
    KeyError, ValueError, AssertionError, AttributeError, EOFError, IndexError, MemoryError, OSError, OverflowError,
    RecursionError, TypeError, zlib.error, struct.error,
    ApplyDeltaError, ChecksumMismatch, FileFormatException, NotCommitError, PackFileDisappeared, UnresolvedDeltas,
)  # fmt: skip
"""What reading something damaged raises, from a missing object to a pack that is cut short."""


class Damaged(InputError):
    """A backup that is not whole, or whose content is not what it was."""


class Busy(InputError):
    """Another backup, restore or pruning of the same repository goes on."""


@dataclass(frozen=True)
class Made:
    """A backup. id: of its commit, 40 hexadecimal digits; message: its first line."""

    id: str
    made_at: datetime
    message: str
    tree: str


@contextmanager
def reading(path: Path, what: str) -> Iterator[None]:
    """What cannot be read within is told as damage. Raises Damaged."""
    try:
        yield
    except _DAMAGE as error:
        traceback.clear_frames(error.__traceback__)  # what is in them would keep the pack's file from being closed
        raise Damaged(f"{path}: {what} is damaged or half-written: {error!r}") from error


class Repository:
    """An open repository. Close it, or use `opened`."""

    def __init__(self, path: Path) -> None:
        try:
            self.git = Repo(str(path))
        except NotGitRepository as error:
            raise InputError(f"{path}: no backup has been made there") from error
        except _DAMAGE as error:
            raise Damaged(f"{path}: the repository is damaged: {error!r}") from error
        self.path = path
        self._written: set[str] = set()
        if not self.git.bare:
            self.git.close()
            raise InputError(f"{path}: it is a repository with a working tree; a backup needs a folder of its own")

    def close(self) -> None:
        """Close its files."""
        self.git.close()

    def history(self) -> list[Made]:
        """All backups, newest first. Raises Damaged."""
        found: list[Made] = []
        with reading(self.path, "the list of backups"):
            cut = self.git.get_shallow()
            at = self._head()
            while at is not None:
                commit = self._commit(at)
                found.append(_made(commit))
                at = None if at in cut or not commit.parents else commit.parents[0]
        return found

    def find(self, revision: str | None) -> Made:
        """A backup by the beginning of its id; None: the newest. Raises InputError, Damaged."""
        if revision is None:
            head = self.latest()
            if head is None:
                raise InputError(f"{self.path}: no backup has been made there")
            return head
        found = [made for made in self.history() if made.id.startswith(revision.lower())]
        if len(found) != 1 or len(revision) < 4:
            why = "no backup" if not found else "more than one backup" if len(revision) >= 4 else "too short: no backup"
            raise InputError(f"{self.path}: {why} is called {revision}; `drill backup list` shows them")
        return found[0]

    def latest(self) -> Made | None:
        """The newest backup. Raises Damaged."""
        with reading(self.path, "the newest backup"):
            head = self._head()
            return None if head is None else _made(self._commit(head))

    def entries(self, made: Made) -> dict[str, Entry]:
        """Every file of a backup, by path. Raises Damaged."""
        with reading(self.path, f"backup {made.id[:10]}"):
            return dict(trees.walked(self._tree, ObjectID(made.tree.encode("ascii"))))

    def content(self, path: str, entry: Entry) -> bytes:
        """Of a file, checked against Git's own hash of it. Raises Damaged."""
        with reading(self.path, path):
            kind, content = self.git.object_store.get_raw(entry.id)
            if kind != Blob.type_num or Blob.from_string(content).id != entry.id:
                raise ValueError("its content is not what was written")
            return content

    def has(self, entry: Entry) -> bool:
        """Whether a content is there, as far as the indexes say."""
        return entry.id in self.git.object_store

    def write(
        self,
        files: Mapping[str, File | Entry],
        message: str,
        made_at: datetime,
        check: Callable[[Made], object] = lambda made: None,
    ) -> Made | None:
        """Keep a state; None where it is the one that was kept last. check: reads it from the disk before it counts.

        Raises WorldError, Damaged: nothing has changed then.
        """
        objects: list[ShaFile] = []
        root = trees.built(files, objects.append)
        with reading(self.path, "what was kept before"):
            parent = self._head()
            if parent is not None and self._commit(parent).tree == root:
                return None
            objects = [one for one in objects if one.id not in self.git.object_store]
        commit = new_commit(root, [] if parent is None else [parent], message, made_at)
        new = {one.id: one for one in objects}
        made = _made(commit)
        with self.writing():
            self.add([*new.values(), commit])
            check(made)
            if not self.git.refs.set_if_equals(BRANCH, parent, commit.id):
                raise Busy(f"{self.path}: somebody else has moved {BRANCH.decode()}; nothing has been kept")
        return made

    def add(self, objects: Sequence[ShaFile]) -> bytes:
        """Write objects as one pack; its name."""
        name = iter_sha1(sorted(one.sha().digest() for one in objects))
        self._written |= {f"pack-{name.decode('ascii')}{kind}" for kind in (".pack", ".idx", ".idx.lock")}
        file, finish, give_up = self.git.object_store.add_pack()
        with closing(file):
            try:
                unpacked = (full_unpacked_object(one) for one in objects)
                write_pack_data(file.write, unpacked, num_records=len(objects), object_format=DEFAULT_OBJECT_FORMAT)
            except BaseException:
                give_up()
                raise
            finish()
        return name

    @contextmanager
    def writing(self) -> Iterator[None]:
        """What is written within goes away again where it cannot be written whole. Raises WorldError, Damaged."""
        packs = Path(os.fspath(self.git.object_store.pack_dir))
        before, head = set(os.listdir(packs)), self._head()
        try:
            yield
        except Exception as error:
            if self._head() == head:  # what was written is nobody's; packs of others, of `git gc` say, stay
                for name in set(os.listdir(packs)) - before:
                    if name in self._written or fnmatch.fnmatchcase(name, leftovers.TEMPORARY):
                        (packs / name).unlink(missing_ok=True)
            if isinstance(error, _DAMAGE) and not isinstance(error, OSError):
                text = f"what is there already is damaged, and nothing can be put beside it: {error!r}"
                raise Damaged(f"{self.path}: {text}") from error
            if not isinstance(error, OSError | FileLocked):
                raise
            why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
            text = f"it cannot be written: {why}; the backups that are there are as they were"
            raise WorldError(f"{self.path}: {text}") from error

    def _head(self) -> ObjectID | None:
        """Raises Damaged where backups have been made, and what said which is the newest is gone."""
        try:
            return self.git.refs[BRANCH]
        except KeyError:
            if os.path.lexists(self.path / BRANCH.decode("ascii")) or NOTES in self.git.refs:
                text = f"{BRANCH.decode('ascii')}, which names the newest backup, is empty or gone"
                raise Damaged(f"{self.path}: {text}; `git fsck --lost-found` finds the commit") from None
            return None

    def _commit(self, at: ObjectID) -> Commit:
        found = self.git.object_store[at]
        if not isinstance(found, Commit) or found.id != at:
            raise ValueError(f"{at.decode('ascii', 'replace')} is no commit")
        return found

    def _tree(self, at: ObjectID) -> Tree:
        found = self.git.object_store[at]
        if not isinstance(found, Tree) or Tree.from_string(found.as_raw_string()).id != at:
            raise ValueError(f"{at.decode('ascii', 'replace')} is no folder, or not the one that was written")
        return found


@contextmanager
def opened(path: Path, *, create: bool = False) -> Iterator[Repository]:
    """A repository, closed in the end; create: made where nothing is. Raises InputError, WorldError."""
    if (create and not path.exists()) or (create and path.is_dir() and not os.listdir(path)):
        _create(path)
    found = Repository(path)
    try:
        yield found
    finally:
        found.close()


@contextmanager
def locked(repository: Repository) -> Iterator[None]:
    """Nobody else of ours changes the repository within, and what a run that was killed has left is gone. Raises Busy,
    WorldError. One that cannot be written to, on a medium say, is read all the same."""
    path = repository.path
    try:
        fd = os.open(path / _LOCK, os.O_RDWR | os.O_CREAT, 0o666)
    except OSError as error:
        if error.errno not in (errno.EROFS, errno.EACCES, errno.EPERM):
            raise WorldError(f"{path}: it cannot be locked: {error.strerror}") from error
        fd = os.open(path, os.O_RDONLY)
    try:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Busy(f"{path}: another backup, restore or pruning goes on there") from None
        leftovers.remove(path)
        yield
    finally:
        os.close(fd)


def _create(path: Path) -> None:
    """Made beside its place and then put there: one that is killed half-way leaves nothing in it."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            fresh.mkdir()
            with Repo.init_bare(str(fresh), default_branch=b"main") as made:
                config = made.get_config()
                config.set((b"core",), b"fsyncObjectFiles", b"true")
                config.set((b"gc",), b"auto", b"0")
                config.write_to_path()
            os.rename(fresh, path)
        finally:
            shutil.rmtree(fresh, ignore_errors=True)
    except OSError as error:
        if error.errno not in (errno.EEXIST, errno.ENOTEMPTY):  # then another one has just made it
            raise WorldError(f"{path}: no repository can be made there: {error.strerror or error}") from error


def _made(commit: Commit) -> Made:
    first = commit.message.decode("utf-8", "replace").partition("\n")[0]
    made_at = datetime.fromtimestamp(commit.commit_time, UTC)
    return Made(commit.id.decode("ascii"), made_at, first, commit.tree.decode("ascii"))
