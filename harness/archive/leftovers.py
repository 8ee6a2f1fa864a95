"""What a backup that was killed leaves in its repository: locks that nobody holds, packs that are not whole.

Whoever asks holds our own lock, so locks of what only backups change are nobody's. Other programs of Git may be at work
beside: what could be theirs goes only when it is old.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

TEMPORARY = "tmp*.pack"
"""How dulwich calls a pack before it is whole; the git program's have no such ending."""
_OURS = (
    "refs/heads/main.lock", "refs/notes/drill*.lock", "shallow.lock", f"objects/pack/{TEMPORARY}",
    "objects/pack/*.idx.lock",
)  # fmt: skip
_ANYBODYS = ("packed-refs.lock", "objects/??/*.lock", "objects/??/tmp_*", "objects/pack/tmp_*")
_OLD_S = 3_600


def remove(repository: Path) -> None:
    """Take them away, as far as that can be done."""
    now_s = time.time()
    for path in (*_found(repository, _OURS), *_old(repository, now_s)):
        try:
            path.unlink(missing_ok=True)
        except OSError:
            continue  # it is in nobody's way until something is to be written, and then it is told


def _old(repository: Path, now_s: float) -> Iterator[Path]:
    for path in (*_found(repository, _ANYBODYS), *_without_index(repository)):
        try:
            if path.lstat().st_mtime < now_s - _OLD_S:
                yield path
        except OSError:
            continue


def _found(repository: Path, patterns: tuple[str, ...]) -> Iterator[Path]:
    for pattern in patterns:
        yield from repository.glob(pattern)


def _without_index(repository: Path) -> Iterator[Path]:
    """Packs that no program of Git reads."""
    for path in repository.glob("objects/pack/pack-*.pack"):
        if not path.with_suffix(".idx").exists():
            yield path
