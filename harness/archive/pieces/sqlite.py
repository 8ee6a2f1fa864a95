"""An SQLite database, by SQLite's own online backup (sqlite.org/backup.html): a whole state, while others write."""

from __future__ import annotations

import hashlib
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from harness.archive.pieces.piece import AS_BEFORE, Difference, File, Gathered, Kept
from harness.errors import InputError, WorldError

DATABASE = "database.sqlite"
_BUSY_S = 30.0
_PAGES, _PAUSE_S = 1_000, 0.01


class NoDatabase(InputError):
    """A file that SQLite cannot read, whatever it was before."""


@dataclass(frozen=True)
class SQLite:
    """file: of the database."""

    name: str
    file: Path
    kind: str = "sqlite"

    @property
    def target(self) -> str:
        """See Piece."""
        return str(self.file)

    def aimed(self, target: str) -> SQLite:
        """See Piece."""
        return replace(self, file=Path(target))

    def read(self, before: Kept | None) -> Gathered:
        """See Piece. A file that only lies otherwise in its pages, after a VACUUM say, is as before."""
        with _copied(self.file) as copy:
            content = copy.read_bytes()
            tables = _digests(copy)
            if before is not None:
                with _unpacked(before) as kept:
                    if _digests(kept) == tables:
                        return Gathered({DATABASE: AS_BEFORE}, before.facts)
            return Gathered({DATABASE: File(content)}, {"rows": {name: rows for name, (rows, _) in tables.items()}})

    def compare(self, kept: Kept, *, whole: bool = False) -> Difference:
        """See Piece. Told by table."""
        with _unpacked(kept) as wanted:
            tables = _digests(wanted)
        if not self.file.exists():
            return Difference([f"table {name}: {rows} rows" for name, (rows, _) in tables.items()] or [DATABASE])
        try:
            with _copied(self.file) as copy:
                there = _digests(copy)
        except NoDatabase as error:
            return Difference((), [f"the file is no database any more, and is replaced: {error}"])
        missing = [f"table {name}: {rows} rows" for name, (rows, _) in tables.items() if name not in there]
        changed = [
            f"table {name}: {there[name][0]} rows, and {rows} in the backup"
            for name, (rows, digest) in tables.items()
            if name in there and there[name] != (rows, digest)
        ]
        return Difference(missing, changed, [f"table {name}" for name in there if name not in tables])

    def restore(self, kept: Kept, difference: Difference) -> None:
        """See Piece. Written through SQLite, so that programs that have the database open see all of it or nothing. A
        file that is damaged is put aside, with its journals."""
        try:
            self.file.parent.mkdir(parents=True, exist_ok=True)
            with _unpacked(kept) as wanted:
                if self.file.exists() and _is_damaged(self.file):
                    _put_aside(self.file)
                with (
                    closing(_opened(wanted)) as source,
                    closing(sqlite3.connect(self.file, timeout=_BUSY_S)) as target,
                ):
                    source.backup(target)
        except (sqlite3.Error, OSError) as error:
            raise WorldError(f"{self.file}: it cannot be restored: {error}") from error


@contextmanager
def _copied(file: Path) -> Iterator[Path]:
    if not file.is_file():
        raise InputError(f"{file}: there is no such database")
    with tempfile.TemporaryDirectory(prefix="drill-backup-") as folder:
        copy = Path(folder) / DATABASE
        try:
            with closing(_opened(file, "rw")) as source, closing(sqlite3.connect(copy)) as target:
                source.backup(target, pages=_PAGES, sleep=_PAUSE_S)
            _refuse_damage(copy)
        except sqlite3.OperationalError as error:
            raise InputError(f"{file}: it cannot be backed up: {error}") from error
        except sqlite3.DatabaseError as error:
            raise NoDatabase(f"{file}: it cannot be backed up: {error}") from error
        yield copy


def _is_damaged(file: Path) -> bool:
    try:
        with _copied(file):
            return False
    except NoDatabase:
        return True


def _put_aside(file: Path) -> None:
    """What is damaged stays for whoever wants to look at it; a journal of it must not be played into the new file."""
    number = 1
    while (aside := file.with_name(f"{file.name}.damaged-{number}")).exists():
        number += 1
    for journal in ("-journal", "-wal", "-shm"):
        beside = file.with_name(file.name + journal)
        if beside.exists():
            beside.rename(aside.with_name(aside.name + journal))
    file.rename(aside)


@contextmanager
def _unpacked(kept: Kept) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="drill-restore-") as folder:
        path = Path(folder) / DATABASE
        path.write_bytes(kept.content(DATABASE))
        yield path


def _opened(file: Path, mode: str = "ro") -> sqlite3.Connection:
    """mode: rw lets SQLite take back what a program that was killed had begun, as it does for every reader."""
    return sqlite3.connect(f"{file.resolve().as_uri()}?mode={mode}", uri=True, timeout=_BUSY_S)


def _refuse_damage(file: Path) -> None:
    with closing(_opened(file)) as database:
        said = [str(row[0]) for row in database.execute("PRAGMA integrity_check")]
    if said != ["ok"]:
        raise sqlite3.DatabaseError(f"it is damaged: {said[0]}")


def _digests(file: Path) -> dict[str, tuple[int, str]]:
    """By table: how many rows, and a digest of them and of what makes the table; `(schema)` for all else."""
    found = {}
    with closing(_opened(file)) as database:
        database.text_factory = _text
        rest = hashlib.sha256()
        for pragma in ("user_version", "application_id"):
            rest.update(repr(database.execute(f"PRAGMA {pragma}").fetchone()).encode())
        for kind, name, sql in database.execute("SELECT type, name, sql FROM sqlite_master ORDER BY type, name"):
            rest.update(repr((kind, name, sql)).encode("utf-8", "surrogatepass"))
            if name == "sqlite_sequence":
                counters = database.execute("SELECT name, seq FROM sqlite_sequence ORDER BY name, seq").fetchall()
                rest.update(repr(counters).encode("utf-8", "surrogatepass"))
            if kind != "table" or name.startswith("sqlite_"):
                continue
            quoted = name.replace('"', '""')
            every = f'SELECT * FROM "{quoted}"'  # noqa: S608 - a name that the database told
            rows = sorted(repr(row) for row in database.execute(every))
            digest = hashlib.sha256(repr(sql).encode("utf-8", "surrogatepass"))
            for row in rows:
                digest.update(row.encode("utf-8", "surrogatepass"))
            found[name] = (len(rows), digest.hexdigest())
        found["(schema)"] = (0, rest.hexdigest())
    return found


def _text(raw: bytes) -> str:
    """Text is no blob of the same bytes, and need not be UTF-8."""
    return raw.decode("utf-8", "surrogateescape")
