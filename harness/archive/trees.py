"""Git's trees from paths, and paths from trees. Pure.

Names may be any bytes but for NUL and `/`; those that are no UTF-8 are spelt as Python spells file names (PEP 383). Git
checks out no `.`, `..` and `.git`, so a backup takes no file of such a name.
"""

from __future__ import annotations

import stat
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from dulwich.objects import Blob, ObjectID, ShaFile, Tree

from harness.archive.pieces.piece import EXECUTABLE, LINK, REGULAR, File
from harness.errors import InputError

MODES = (REGULAR, EXECUTABLE, LINK)
_DEPTH_MAX = 100


@dataclass(frozen=True)
class Entry:
    """A file in the repository. id: of its content, by which Git knows it."""

    id: ObjectID
    mode: int


Folder = dict[str, "File | Entry | Folder"]


def why_not(path: str) -> str | None:
    """Why a file cannot have this path in a backup; None where it can."""
    parts = path.split("/")
    if "\0" in path:
        return "NUL is in its name"
    if any(part in ("", ".", "..") or part.lower() == ".git" for part in parts):
        return "a part of its name is empty, `.`, `..` or `.git`, which Git does not check out"
    try:
        path.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return "half a character is in its name"
    return f"it lies more than {_DEPTH_MAX} folders deep" if len(parts) > _DEPTH_MAX else None


def built(files: Mapping[str, File | Entry], put: Callable[[ShaFile], None]) -> ObjectID:
    """The tree of files; put: hears of every object that may be new. Raises InputError for a path that cannot be."""
    root: Folder = {}
    for path, file in files.items():
        if (why := why_not(path)) is not None:
            raise InputError(f"{path!r} cannot be backed up: {why}")
        *folders, name = path.split("/")
        at = root
        for folder in folders:
            below = at.setdefault(folder, {})
            if not isinstance(below, dict):
                raise InputError(f"{path!r} cannot be backed up: {folder!r} is a file, too")
            at = below
        if name in at:
            raise InputError(f"{path!r} cannot be backed up: it is there twice, or a folder, too")
        at[name] = file
    return _tree(root, put)


def _tree(folder: Folder, put: Callable[[ShaFile], None]) -> ObjectID:
    tree = Tree()
    for name, held in folder.items():
        raw = name.encode("utf-8", "surrogateescape")
        if isinstance(held, dict):
            tree.add(raw, stat.S_IFDIR, _tree(held, put))
        elif isinstance(held, Entry):
            tree.add(raw, held.mode, held.id)
        else:
            blob = Blob.from_string(held.content)
            put(blob)
            tree.add(raw, held.mode, blob.id)
    put(tree)
    return tree.id


def walked(
    get: Callable[[ObjectID], Tree], root: ObjectID, before: str = "", depth: int = 0
) -> Iterator[tuple[str, Entry]]:
    """Every file under a tree. Raises ValueError for what no backup has in it."""
    if depth > _DEPTH_MAX:
        raise ValueError(f"more than {_DEPTH_MAX} folders deep")
    for name, mode, at in get(root).iteritems():
        path = before + name.decode("utf-8", "surrogateescape")
        if (why := why_not(path)) is not None:
            raise ValueError(f"{path!r}: {why}")
        if stat.S_ISDIR(mode):
            yield from walked(get, at, f"{path}/", depth + 1)
        elif mode in MODES:
            yield path, Entry(at, mode)
        else:
            raise ValueError(f"{path!r}: its mode is {mode:o}, and no backup writes that")
