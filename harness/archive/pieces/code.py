"""The app's code, by its revision in a Git repository, with the files of that revision.

A revision alone restores nothing once the repository that it is of is gone, so its files are kept, too. What is not
committed is in no revision: it is warned of.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from dulwich import porcelain
from dulwich.errors import NotGitRepository
from dulwich.objects import Blob, Commit, Tree
from dulwich.objectspec import parse_commit
from dulwich.repo import Repo

from harness.archive import trees
from harness.archive.pieces import files
from harness.archive.pieces.piece import REGULAR, Difference, File, Gathered, Kept
from harness.errors import InputError
from harness.storable_text import json_text

REVISION = "revision.json"
_FILES = "files/"
_CREDENTIALS = re.compile(r"(?<=://)[^/@\s]+@")


@dataclass(frozen=True)
class Code:
    """path: of the repository, or a folder within it; with_files: whether the files of the revision are kept."""

    path: Path
    revision: str = "HEAD"
    with_files: bool = True
    name: str = "code"
    kind: str = "code"

    @property
    def target(self) -> str:
        """See Piece."""
        return str(self.path)

    def aimed(self, target: str) -> Code:
        """See Piece."""
        return replace(self, path=Path(target))

    def read(self, before: Kept | None) -> Gathered:
        """See Piece."""
        with _repository(self.path) as repo:
            commit = self._commit(repo)
            told = {"commit": commit.id.decode("ascii"), "remotes": dict(_remotes(repo))}
            held = {REVISION: File((json_text(told, indent=1) + "\n").encode("utf-8"))}
            warnings = [] if repo.bare else list(_uncommitted(repo))
            if self.with_files:
                for path, mode, content in _walked(repo, commit, warnings):
                    held[_FILES + path] = File(content, mode)
            return Gathered(held, told, warnings)

    def compare(self, kept: Kept, *, whole: bool = False) -> Difference:
        """See Piece. What a folder without files has is compared by its revision."""
        inner = _Files(kept)
        if inner.sums:
            there = list(files.found(self.path, (".git",))) if self.path.is_dir() else []
            return files.compared(self.path, inner, there)
        try:
            with _repository(self.path) as repo:
                now = self._commit(repo).id.decode("ascii")
        except InputError:
            now = "nothing"
        wanted = kept.facts.get("commit")
        return Difference() if now == wanted else Difference((), (f"revision {now}, and the backup's is {wanted}",))

    def restore(self, kept: Kept, difference: Difference) -> None:
        """See Piece. Files that the revision does not have stay, and so does the repository's own `.git`."""
        inner = _Files(kept)
        if not inner.sums:
            raise InputError(
                f"only the name of the revision was kept: check {kept.facts.get('commit')} out from one of "
                f"{', '.join(kept.facts.get('remotes', {}).values()) or 'your repositories'}"
            )
        names = (*difference.missing, *difference.changed)
        files.write(self.path, {name: File(inner.content(name), inner.mode(name)) for name in names})

    def _commit(self, repo: Repo) -> Commit:
        try:
            return parse_commit(repo, self.revision.encode("utf-8"))
        except (KeyError, ValueError) as error:
            raise InputError(f"{self.path}: there is no revision {self.revision}: {error}") from error


@dataclass(frozen=True)
class _Files:
    """The files of a revision that is kept, by their own names."""

    kept: Kept

    @property
    def sums(self) -> dict[str, Any]:
        return {name.removeprefix(_FILES): one for name, one in self.kept.sums.items() if name.startswith(_FILES)}

    @property
    def facts(self) -> Any:
        return self.kept.facts

    def content(self, name: str) -> bytes:
        return self.kept.content(_FILES + name)

    def mode(self, name: str) -> int:
        return self.kept.mode(_FILES + name)


@contextmanager
def _repository(path: Path) -> Iterator[Repo]:
    try:
        repo = Repo.discover(str(path))
    except NotGitRepository as error:
        raise InputError(f"{path}: it is no Git repository, so no revision of the code is known") from error
    try:
        yield repo
    finally:
        repo.close()


def _remotes(repo: Repo) -> Iterator[tuple[str, str]]:
    config = repo.get_config()
    for section in config.sections():
        if section[0] == b"remote" and len(section) > 1:
            try:
                url = config.get(section, b"url").decode("utf-8", "replace")
            except KeyError:
                continue
            yield section[1].decode("utf-8", "replace"), _CREDENTIALS.sub("", url)


def _uncommitted(repo: Repo) -> Iterator[str]:
    status = porcelain.status(repo, untracked_files="no")
    changed = {*status.unstaged, *(name for names in status.staged.values() for name in names)}
    if changed:
        yield f"{len(changed)} files have changes that are not committed, and are not backed up"


def _walked(repo: Repo, commit: Commit, warnings: list[str]) -> Iterator[tuple[str, int, bytes]]:
    def walk(at: Any, before: str) -> Iterator[tuple[str, int, bytes]]:
        tree = repo[at]
        assert isinstance(tree, Tree)
        for name, mode, below in tree.iteritems():
            path = before + name.decode("utf-8", "surrogateescape")
            if mode == 0o160000:
                warnings.append(f"{path} is a repository of its own (a submodule), and is not backed up")
            elif mode == 0o040000:
                yield from walk(below, f"{path}/")
            else:
                blob = repo[below]
                assert isinstance(blob, Blob)
                yield path, mode if mode in trees.MODES else REGULAR, blob.data

    yield from walk(commit.tree, "")
