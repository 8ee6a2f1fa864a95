"""Configuration, code and databases: what is kept of each, and that it comes back."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from harness.archive import restoring
from harness.archive.backing_up import BackedUp, back_up
from harness.archive.pieces.code import Code
from harness.archive.pieces.configuration import Configuration
from harness.archive.pieces.folder import Folder
from harness.archive.pieces.piece import Difference, Piece
from harness.archive.pieces.postgresql import _state
from harness.archive.pieces.sqlite import SQLite
from harness.archive.repository import Repository, opened
from harness.archive.sealing import Seal, new_key
from harness.archive.snapshot import Snapshot
from harness.errors import InputError

NOW = datetime(2026, 1, 1, tzinfo=UTC)
TOML = 'client_id = "abc"\nclient_secret = "correct horse battery"\n'
ENV = "API_KEY=topsecretvalue\nLOG=info\n"


@pytest.fixture
def repository(tmp_path: Path) -> Iterator[Repository]:
    with opened(tmp_path / "backup.git", create=True) as found:
        yield found


def backed_up(repository: Repository, *pieces: Piece) -> BackedUp:
    return back_up("shop", b"", pieces, repository, NOW)


def restored(repository: Repository, piece: Piece) -> restoring.Restored:
    (change,) = restoring.planned(Snapshot(repository, repository.find(None)), [piece])
    return restoring.restore(change)


def everything(repository: Repository) -> bytes:
    """All content that was ever written, unpacked."""
    store = repository.git.object_store
    return b"".join(store[sha].as_raw_string() for sha in store)


def app(root: Path) -> Path:
    root.mkdir()
    (root / "shopify.app.toml").write_text(TOML)
    (root / ".env").write_text(ENV)
    (root / "master.key").write_bytes(b"\x00\xffwhole")
    return root


def configuration(folder: Path, seal: Seal | None = None, **environ: str) -> Configuration:
    patterns = ("*.toml", ".env", "*.key")
    return Configuration(folder, patterns, secret_files=("*.key",), seal=seal, environ=environ)


def test_secrets_are_left_out_and_taken_from_what_is_there(repository: Repository, tmp_path: Path) -> None:
    root = app(tmp_path / "app")
    backed_up(repository, configuration(root))
    for secret in (b"correct horse", b"topsecret", b"whole"):
        assert secret not in everything(repository)
    (root / "shopify.app.toml").write_text(TOML.replace("abc", "broken"))
    assert restored(repository, configuration(root)).left.is_none
    assert (root / "shopify.app.toml").read_text() == TOML


def test_in_an_empty_folder_secrets_come_from_variables_or_are_asked_for(
    repository: Repository, tmp_path: Path
) -> None:
    backed_up(repository, configuration(app(tmp_path / "app")))
    empty = tmp_path / "empty"
    left = restored(repository, configuration(empty, DRILL_SECRET_API_KEY="topsecretvalue")).left
    assert (empty / ".env").read_text() == ENV
    assert list(left.changed) == ["shopify.app.toml"]
    assert list(left.missing) == ["master.key"]
    assert "shopify.app.toml: to be filled in: client_secret" in left.notes


def test_sealed_secrets_come_back_with_the_key_alone(repository: Repository, tmp_path: Path) -> None:
    root, seal = app(tmp_path / "app"), Seal(new_key())
    backed_up(repository, configuration(root, seal))
    for secret in (b"correct horse", b"topsecret", b"whole"):
        assert secret not in everything(repository)
    assert backed_up(repository, configuration(root, seal)).made is None  # a seal is made once
    assert restored(repository, configuration(tmp_path / "empty", seal)).left.is_none
    assert {path.name: path.read_bytes() for path in root.iterdir()} == {
        path.name: path.read_bytes() for path in (tmp_path / "empty").iterdir()
    }
    with pytest.raises(InputError, match="does not open what was sealed"):
        restored(repository, configuration(tmp_path / "other", Seal(new_key())))
    with pytest.raises(InputError, match=r"were sealed: give `seal_key`|was sealed: give `seal_key`"):
        restored(repository, configuration(tmp_path / "other"))
    assert not (tmp_path / "other").exists()


def test_a_secret_that_was_changed_is_a_change_although_nobody_may_see_it(
    repository: Repository, tmp_path: Path
) -> None:
    root, seal = app(tmp_path / "app"), Seal(new_key())
    backed_up(repository, configuration(root, seal))
    (root / ".env").write_text(ENV.replace("topsecretvalue", "anothersecret"))
    (change,) = restoring.planned(Snapshot(repository, repository.find(None)), [configuration(root, seal)])
    assert list(change.difference.notes) == [".env: the secret API_KEY is another one"]
    assert backed_up(repository, configuration(root, seal)).changes == {"configuration": "1 changed"}


def test_a_secret_of_the_configuration_that_stands_in_a_script_stops_the_backup(
    repository: Repository, tmp_path: Path
) -> None:
    scripts = tmp_path / "scripts"
    scripts.mkdir()
    (scripts / "deploy.sh").write_text("curl -H 'Key: topsecretvalue'\n")
    with pytest.raises(InputError, match=r"folders/s/deploy\.sh: a secret .* nothing has been kept"):
        backed_up(repository, configuration(app(tmp_path / "app")), Folder("folders/s", scripts))
    assert repository.latest() is None


def test_a_file_that_is_named_and_not_there_stops_the_backup(repository: Repository, tmp_path: Path) -> None:
    piece = Configuration(app(tmp_path / "app"), ("shopify.web.toml",))
    with pytest.raises(InputError, match=r"shopify\.web\.toml: there is no such file to back up"):
        backed_up(repository, piece)


def code(root: Path, files: dict[str, str]) -> Path:
    root.mkdir()
    for name, text in files.items():
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_text(text)
    who = ["-c", "user.name=x", "-c", "user.email=x@localhost"]
    for words in (
        ["init", "-q"], ["remote", "add", "origin", "https://me:hunter2hunter2@example.com/app.git"],
        ["add", "."], ["commit", "-qm", "first"],
    ):  # fmt: skip
        subprocess.run(["git", "-C", root, *who, *words], check=True)
    return root


def test_code_comes_back_without_the_repository_that_it_was_in(repository: Repository, tmp_path: Path) -> None:
    root = code(tmp_path / "code", {"app.py": "print()\n", "web/index.html": "<p>"})
    (root / "app.py").write_text("not committed\n")
    done = backed_up(repository, Code(root))
    assert done.warnings == ["code: 1 files have changes that are not committed, and are not backed up"]
    assert b"hunter2" not in everything(repository)
    assert restored(repository, Code(tmp_path / "new")).left.is_none
    assert (tmp_path / "new" / "app.py").read_text() == "print()\n"
    head = subprocess.run(["git", "-C", root, "rev-parse", "HEAD"], capture_output=True, text=True, check=True)
    facts = Snapshot(repository, repository.find(None)).manifest.pieces["code"].facts
    assert facts == {"commit": head.stdout.strip(), "remotes": {"origin": "https://example.com/app.git"}}


def test_a_revision_alone_is_compared_and_not_restored(repository: Repository, tmp_path: Path) -> None:
    root = code(tmp_path / "code", {"app.py": "print()\n"})
    backed_up(repository, Code(root, with_files=False))
    assert restored(repository, Code(root, with_files=False)).left.is_none
    with pytest.raises(InputError, match=r"check [0-9a-f]{40} out from one of https://example\.com/app\.git"):
        restored(repository, Code(tmp_path / "new", with_files=False))


def test_code_that_is_in_no_repository_is_refused(repository: Repository, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no Git repository"):
        backed_up(repository, Code(tmp_path))


def database(file: Path, rows: int = 3) -> Path:
    with closing(sqlite3.connect(file)) as opened_:
        opened_.executescript(
            "PRAGMA journal_mode=WAL; CREATE TABLE sessions (id TEXT PRIMARY KEY, data BLOB, at REAL);"
            "CREATE INDEX by_time ON sessions (at); CREATE VIEW late AS SELECT * FROM sessions WHERE at > 1;"
        )
        many = [(f"s{number}", os.urandom(8), number / 3) for number in range(rows)]
        opened_.executemany("INSERT INTO sessions VALUES (?, ?, ?)", many)
        opened_.commit()
    return file


def held(file: Path) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(file)) as opened_:
        return opened_.execute("SELECT * FROM sessions ORDER BY id").fetchall()


def test_a_database_is_backed_up_while_it_is_written_and_restored_under_a_program_that_has_it_open(
    repository: Repository, tmp_path: Path
) -> None:
    file = database(tmp_path / "app.sqlite")
    before = held(file)
    with closing(sqlite3.connect(file)) as program:
        program.execute("INSERT INTO sessions VALUES ('open', x'00', 1)")  # not committed
        backed_up(repository, SQLite("databases/app", file))
        program.rollback()
        program.execute("DELETE FROM sessions")
        program.execute("CREATE TABLE bad (x)")
        program.commit()
        assert restored(repository, SQLite("databases/app", file)).left.is_none
        assert program.execute("SELECT count(*) FROM sessions").fetchone() == (3,)
    assert held(file) == before
    assert restored(repository, SQLite("databases/app", tmp_path / "new" / "app.sqlite")).left.is_none
    assert held(tmp_path / "new" / "app.sqlite") == before


def test_a_database_that_only_lies_otherwise_in_its_file_is_no_change(repository: Repository, tmp_path: Path) -> None:
    file = database(tmp_path / "app.sqlite", 200)
    backed_up(repository, SQLite("databases/app", file))
    with closing(sqlite3.connect(file)) as program:
        program.execute("DELETE FROM sessions WHERE id = 's7'")
        program.commit()
        program.execute("VACUUM")
    assert backed_up(repository, SQLite("databases/app", file)).changes == {"databases/app": "1 changed"}
    with closing(sqlite3.connect(file)) as program:
        program.execute("PRAGMA journal_mode=DELETE")
        program.execute("VACUUM")
    assert backed_up(repository, SQLite("databases/app", file)).made is None


def test_the_difference_of_a_database_is_told_by_table(repository: Repository, tmp_path: Path) -> None:
    file = database(tmp_path / "app.sqlite")
    backed_up(repository, SQLite("databases/app", file))
    with closing(sqlite3.connect(file)) as program:
        program.executescript("DELETE FROM sessions WHERE id = 's1'; CREATE TABLE other (x);")
    (change,) = restoring.planned(Snapshot(repository, repository.find(None)), [SQLite("databases/app", file)])
    assert "change table sessions: 2 rows, and 3 in the backup" in list(change.difference.lines())
    assert "remove table other" in list(change.difference.lines())


def test_a_damaged_database_is_not_backed_up(repository: Repository, tmp_path: Path) -> None:
    file = database(tmp_path / "app.sqlite", 2_000)
    content = bytearray(file.read_bytes())
    content[4096 * 3 : 4096 * 6] = os.urandom(4096 * 3)
    file.write_bytes(content)
    with pytest.raises(InputError, match="cannot be backed up"):
        backed_up(repository, SQLite("databases/app", file))
    (tmp_path / "text.sqlite").write_text("no database")
    with pytest.raises(InputError, match="not a database"):
        backed_up(repository, SQLite("databases/app", tmp_path / "text.sqlite"))


def test_what_a_dump_says_of_itself_is_no_state() -> None:
    dump = b"-- Dumped by pg_dump version 15.1\n\\restrict abc\n"
    dump += b"COPY public.t (a) FROM stdin;\n1\n2\n\\.\n\\unrestrict abc\n"
    one, other = dump, dump.replace(b"15.1", b"15.2").replace(b"abc", b"def").replace(b"1\n2\n", b"2\n1\n")
    assert _state(one) == _state(other)
    assert _state(one) != _state(other.replace(b"\n1\n", b"\n3\n"))


def test_the_manifest_holds_no_time_and_no_machine(repository: Repository, tmp_path: Path) -> None:
    file = database(tmp_path / "app.sqlite")
    backed_up(repository, SQLite("databases/app", file))
    snapshot = Snapshot(repository, repository.find(None))
    body = json.loads(repository.content("manifest.json", snapshot.entries["manifest.json"]))
    assert body["pieces"]["databases/app"]["facts"] == {"rows": {"sessions": 3, "(schema)": 0}}
    assert str(tmp_path) not in json.dumps(body)


def test_a_name_that_would_break_a_line_is_shown_on_one() -> None:
    found = Difference(missing=["new\nline", "é \t\x1b[31m", "\udcff"], changed=[], extra=[])
    assert list(found.lines()) == ["add new\\nline", "add é \\t\\x1b[31m", "add \\udcff"]
