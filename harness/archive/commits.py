"""A backup as Git's commit. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from dulwich.objects import Commit, ObjectID

AUTHOR = b"drill <drill@localhost>"


def new_commit(root: ObjectID, parents: Sequence[ObjectID], message: str, made_at: datetime) -> Commit:
    """The commit of a state, ours and at that time."""
    commit = Commit()
    commit.tree, commit.parents = root, list(parents)
    commit.author = commit.committer = AUTHOR
    commit.author_time = commit.commit_time = int(made_at.timestamp())
    commit.author_timezone = commit.commit_timezone = 0
    commit.encoding = b"UTF-8"
    commit.message = message.encode("utf-8", "backslashreplace")
    return commit
