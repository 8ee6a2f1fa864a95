"""Files of a folder as Git keeps them: found, read, compared and written, never through a link that leads out of it."""

from __future__ import annotations

import fnmatch
import os
import stat
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from harness import regular_files
from harness.archive.pieces.piece import EXECUTABLE, LINK, REGULAR, Difference, File, Kept, is_of
from harness.errors import InputError, WorldError


def found(root: Path, leave_out: Sequence[str]) -> Iterator[str]:
    """The paths of all files and links below a folder, but for what is left out by its name. Raises InputError."""
    if not root.is_dir():
        raise InputError(f"{root}: there is no such folder")

    def refuse(error: OSError) -> None:
        raise InputError(f"{error.filename}: it cannot be read: {error.strerror}")

    for folder, folders, names in os.walk(root, onerror=refuse):
        links = [name for name in folders if (Path(folder) / name).is_symlink()]
        folders[:] = sorted(name for name in folders if name not in links and not _is_left_out(name, leave_out))
        for name in sorted([*names, *links]):
            if not _is_left_out(name, leave_out):
                yield os.path.relpath(os.path.join(folder, name), root)


def _is_left_out(name: str, leave_out: Sequence[str]) -> bool:
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in leave_out)


def read(root: Path, name: str) -> File | None:
    """A file or a link; None for what is neither. Raises InputError."""
    path = root / name
    try:
        mode = path.lstat().st_mode
        if stat.S_ISLNK(mode):
            return File(os.fsencode(os.readlink(path)), LINK)
        if not stat.S_ISREG(mode):
            return None
        with regular_files.open_bytes(path) as file:
            return File(file.read(), EXECUTABLE if mode & stat.S_IXUSR else REGULAR)
    except OSError as error:
        raise InputError(f"{path}: it cannot be read: {error.strerror or error}") from error


def compared(root: Path, kept: Kept, there: Sequence[str]) -> Difference:
    """How a folder differs from a backup. there: the files that it has; those beyond the backup are let be."""
    missing, changed = [], []
    for name, told in kept.sums.items():
        file = read(root, name) if os.path.lexists(root / name) else None
        if file is None:
            missing.append(name)
        elif not is_of(told, file.content) or file.mode != kept.mode(name):
            changed.append(name)
    return Difference(missing, changed, (), [name for name in there if name not in kept.sums])


def write(root: Path, files: Mapping[str, File]) -> None:
    """Write files, each whole or not at all. Raises InputError, WorldError."""
    try:
        root.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise WorldError(f"{root}: it cannot be made: {error.strerror or error}") from error
    real = root.resolve()
    for name, file in files.items():
        path = root / name
        try:
            if not path.parent.resolve().is_relative_to(real):
                raise InputError(f"{path}: a link in its path leads out of {root}; nothing is written there")
            path.parent.mkdir(parents=True, exist_ok=True)
            if path.is_dir() and not path.is_symlink():
                raise InputError(f"{path}: a folder stands where a file is to be")
            _put(path, file)
        except (OSError, ValueError, RuntimeError) as error:  # links that lead in a circle, or to a name with a NUL
            why = (error.strerror if isinstance(error, OSError) else None) or error
            raise WorldError(f"{path}: it cannot be written: {why}") from error


def _put(path: Path, file: File) -> None:
    fd, fresh = tempfile.mkstemp(dir=path.parent, prefix=".drill-")
    try:
        with os.fdopen(fd, "wb") as opened:
            if file.mode != LINK:
                opened.write(file.content)
                os.fchmod(opened.fileno(), _permissions(path, file.mode))
                opened.flush()
                os.fsync(opened.fileno())
        if file.mode == LINK:
            os.unlink(fresh)
            os.symlink(os.fsdecode(file.content), fresh)
        os.replace(fresh, path)
    except BaseException:
        Path(fresh).unlink(missing_ok=True)
        raise


def _permissions(path: Path, mode: int) -> int:
    """As the file that is there has them; of a new one, as the user's mask has them."""
    mask = os.umask(0)
    os.umask(mask)
    given = stat.S_IMODE(path.stat().st_mode) if path.is_file() else 0o666 & ~mask
    readable = given & 0o444
    return given | (readable >> 2) if mode == EXECUTABLE else given & ~0o111
