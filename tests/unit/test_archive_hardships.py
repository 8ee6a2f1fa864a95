"""Backups under hard circumstances: killed, damaged, held up by what others left, read where nobody may write."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from dulwich.refs import Ref

from harness.archive import json_content, proofs, pruning, restoring
from harness.archive.backing_up import BackedUp, back_up, verify
from harness.archive.hiding import hidden, is_secret
from harness.archive.manifest import parsed
from harness.archive.pieces import files
from harness.archive.pieces.configuration import Configuration
from harness.archive.pieces.folder import Folder
from harness.archive.pieces.piece import LINK, File, Piece
from harness.archive.pieces.postgresql import _without_password
from harness.archive.pieces.sqlite import SQLite
from harness.archive.proofs import Proof
from harness.archive.repository import Damaged, Repository, locked, opened
from harness.archive.snapshot import Snapshot
from harness.errors import InputError, WorldError

NOW = datetime(2026, 1, 31, tzinfo=UTC)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "backup.git"


@pytest.fixture
def repository(path: Path) -> Iterator[Repository]:
    with opened(path, create=True) as found:
        yield found


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "scripts"
    root.mkdir()
    (root / "run.sh").write_bytes(b"echo hi\n")
    (root / "data.bin").write_bytes(random.Random(1).randbytes(100_000))
    return root


def backed_up(repository: Repository, folder: Path, after_h: int = 0, *secrets: str) -> BackedUp:
    piece = Folder("folders/scripts", folder)
    return back_up("shop", b"name: shop\n", [piece], repository, NOW + timedelta(hours=after_h), secrets=secrets)


def garble(repository: Repository) -> None:
    """The large file's bytes, in the pack, so that only who reads it finds it damaged."""
    (pack,) = (repository.path / "objects" / "pack").glob("*.pack")
    pack.chmod(0o644)
    content = bytearray(pack.read_bytes())
    content[len(content) // 2] ^= 0xFF
    pack.write_bytes(content)


def packs(path: Path) -> set[str]:
    return {one.name for one in (path / "objects" / "pack").iterdir()}


def test_nothing_new_is_no_success_while_what_was_kept_is_damaged(repository: Repository, folder: Path) -> None:
    backed_up(repository, folder)
    garble(repository)
    with opened(repository.path) as fresh, pytest.raises(Damaged):
        backed_up(fresh, folder, 1)


def test_a_state_that_would_be_damaged_never_counts(repository: Repository, folder: Path) -> None:
    backed_up(repository, folder)
    garble(repository)
    head, there = repository.latest(), packs(repository.path)
    (folder / "run.sh").write_bytes(b"echo ho\n")
    for hours in (1, 2):
        with opened(repository.path) as fresh, pytest.raises(Damaged):
            backed_up(fresh, folder, hours)
        assert packs(repository.path) == there
        assert repository.latest() == head


def test_an_index_that_is_damaged_is_told(repository: Repository, folder: Path) -> None:
    backed_up(repository, folder)
    (index,) = (repository.path / "objects" / "pack").glob("*.idx")
    index.chmod(0o644)
    good = index.read_bytes()
    for at in range(0, len(good), 37):
        index.write_bytes(good[:at] + bytes([good[at] ^ 0xFF]) + good[at + 1 :])
        (folder / "run.sh").write_text(f"echo {at}\n")
        with opened(repository.path) as fresh, contextlib.suppress(Damaged):
            backed_up(fresh, folder, 1)
            break
    index.write_bytes(good)
    with opened(repository.path) as fresh:
        assert [verify(fresh, one) for one in fresh.history()]


def test_only_what_is_new_is_written(repository: Repository, folder: Path) -> None:
    backed_up(repository, folder)
    before = packs(repository.path)
    (folder / "run.sh").write_bytes(b"echo ho\n")
    assert backed_up(repository, folder, 1).made is not None
    fresh = packs(repository.path) - before
    assert sum((repository.path / "objects" / "pack" / name).stat().st_size for name in fresh) < 10_000


@pytest.mark.parametrize(
    "left",
    ["refs/heads/main.lock", "shallow.lock", "refs/notes/drill.lock", "objects/pack/tmpab_cd.pack"],
)
def test_what_a_killed_run_has_left_is_in_nobodys_way(repository: Repository, folder: Path, left: str) -> None:
    backed_up(repository, folder)
    (repository.path / left).parent.mkdir(parents=True, exist_ok=True)
    (repository.path / left).write_bytes(b"half")
    (folder / "run.sh").write_bytes(b"echo ho\n")
    with locked(repository):
        made = backed_up(repository, folder, 1).made
        assert made is not None
        proofs.add(repository, made, [Proof("folders/scripts", "digest", NOW, "here")])
        pruning.prune(repository, pruning.chosen(repository.history(), 1, None, NOW))
    assert not (repository.path / left).exists()


def test_what_another_program_may_still_be_writing_stays_for_an_hour(repository: Repository) -> None:
    young = repository.path / "objects" / "pack" / "tmp_pack_young"
    old = repository.path / "objects" / "pack" / "tmp_pack_old"
    lone = repository.path / "objects" / "pack" / f"pack-{'1' * 40}.pack"
    for one in (young, old, lone):
        one.write_bytes(b"PACK")
    for one in (old, lone):
        os.utime(one, (time.time() - 4_000,) * 2)
    with locked(repository):
        assert packs(repository.path) == {young.name}


def test_packs_of_others_survive_a_run_that_fails(
    repository: Repository, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    backed_up(repository, folder)
    (folder / "run.sh").write_bytes(b"echo ho\n")

    def fail(*_: object, **__: object) -> None:
        subprocess.run(["git", "-C", repository.path, "repack", "-adq"], check=True)  # as somebody's `git gc` would
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("dulwich.refs.DiskRefsContainer.set_if_equals", fail)
    with pytest.raises(WorldError, match="No space left"):
        backed_up(repository, folder, 1)
    with opened(repository.path) as fresh:
        latest = fresh.latest()
        assert latest is not None
        assert verify(fresh, latest) == 2


def test_a_run_that_is_killed_at_any_moment_leaves_the_last_good_backup(path: Path, folder: Path) -> None:
    draw = random.Random(11)
    with opened(path, create=True) as repository:
        backed_up(repository, folder)
    for turn in range(12):
        (folder / "data.bin").write_bytes(draw.randbytes(400_000))
        child = os.fork()
        if child == 0:
            try:
                with opened(path) as repository, locked(repository):
                    backed_up(repository, folder, turn + 1)
            finally:
                os._exit(0)
        time.sleep(draw.uniform(0.0, 0.06))  # a moment to be killed at; nothing is asserted of it
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        with opened(path) as repository, locked(repository):
            latest = repository.latest()
            assert latest is not None
            assert verify(repository, latest) == 2
    with opened(path) as repository, locked(repository):
        (folder / "run.sh").write_bytes(b"the last\n")
        assert backed_up(repository, folder, 100).made is not None
    subprocess.run(["git", "-C", path, "fsck", "--full", "--strict"], check=True, capture_output=True)


def test_a_first_run_that_is_killed_leaves_no_half_made_repository(
    path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("dulwich.config.ConfigFile.write_to_path", fail)
        with pytest.raises(WorldError, match="No space left"), opened(path, create=True):
            pass
    assert list(path.parent.iterdir()) == [folder]
    with opened(path, create=True) as repository:
        assert backed_up(repository, folder).made is not None


def test_a_backup_that_somebody_has_tagged_survives_pruning(repository: Repository, folder: Path) -> None:
    for hour in range(5):
        (folder / "run.sh").write_text(f"echo {hour}\n")
        backed_up(repository, folder, hour)
    history = repository.history()
    git = ["git", "-C", str(repository.path), "-c", "user.name=x", "-c", "user.email=x@localhost"]
    subprocess.run([*git, "tag", "light", history[3].id], check=True)
    subprocess.run([*git, "tag", "-m", "audited", "heavy", history[2].id], check=True)
    pruning.prune(repository, pruning.chosen(history, 1, None, NOW))
    subprocess.run([*git, "fsck", "--full"], check=True, capture_output=True)
    with opened(repository.path) as fresh:
        assert [one.id for one in fresh.history()] == [history[0].id]
        assert [verify(fresh, history[at]) for at in (2, 3)] == [2, 2]
    assert subprocess.run([*git, "cat-file", "-e", history[4].id], check=False, capture_output=True).returncode


def test_proofs_survive_a_pruning_that_fails(
    repository: Repository, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for hour in range(2):
        (folder / "run.sh").write_text(f"echo {hour}\n")
        made = backed_up(repository, folder, hour).made
        assert made is not None
        proofs.add(repository, made, [Proof("folders/scripts", f"digest {hour}", NOW, "here")])

    def fail(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("dulwich.notes.Notes.set_note", fail)
        with pytest.raises(WorldError):
            pruning.prune(repository, pruning.chosen(repository.history(), 1, None, NOW))
    assert {one.digest for one in proofs.of(repository)} == {"digest 0", "digest 1"}
    pruning.prune(repository, pruning.chosen(repository.history(), 1, None, NOW))
    assert {one.digest for one in proofs.of(repository)} == {"digest 1"}
    assert proofs.REF in repository.git.refs
    assert Ref(b"refs/notes/drill-fresh") not in repository.git.refs


def test_a_repository_that_cannot_be_written_to_restores(
    repository: Repository, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    backed_up(repository, folder)
    real = os.open

    def read_only(name: object, flags: int, *more: int, **others: int) -> int:
        if flags & os.O_CREAT and str(name).endswith("drill.lock"):
            raise OSError(30, "Read-only file system")
        return real(name, flags, *more, **others)  # type: ignore[arg-type]

    monkeypatch.setattr(os, "open", read_only)
    with locked(repository):
        snapshot = Snapshot(repository, repository.find(None))
        (change,) = restoring.planned(snapshot, [Folder("folders/scripts", tmp_path / "to")])
        assert restoring.restore(change).left.is_none


def test_secrets_of_the_description_stand_nowhere_in_a_backup(repository: Repository, folder: Path) -> None:
    (folder / "run.sh").write_text("export DRILL_SEAL_KEY=the-key-of-all-keys\n")
    with pytest.raises(InputError, match=r"run\.sh: a secret"):
        backed_up(repository, folder, 0, "the-key-of-all-keys")
    assert repository.latest() is None


@pytest.mark.parametrize(
    "key",
    ["DB_PASS", "MYSQL_PWD", "pass", "DRILL_SEAL_KEY", "SESSION_KEY", "APP_KEY", "dbPass", "jwt_key", "masterKey"],
)
def test_more_names_of_secrets(key: str) -> None:
    assert is_secret(key)


@pytest.mark.parametrize("key", ["bypass", "compass", "pass_count", "primary_key", "sort_key", "PWD_TYPE"])
def test_names_that_only_sound_so(key: str) -> None:
    assert not is_secret(key)


@pytest.mark.parametrize(
    "token",
    [
        "ghp_" + "a1" * 18,
        "github_pat_" + "a1" * 20,
        "xoxb-1234567890-abcdefgh",
        "sk_" + "live_" + "a1" * 12,
        "whsec_" + "a1" * 12,
        "shprt_" + "a1" * 16,
    ],
)
def test_tokens_are_known_by_their_looks(token: str) -> None:
    found = hidden("hooks.json", f'{{"address": "{token}"}}')
    assert token not in found.text
    assert token in found.plain


def test_a_configuration_that_is_nested_without_end_is_refused(repository: Repository, tmp_path: Path) -> None:
    for depth in (1_500, 100_000):
        (tmp_path / "deep.json").write_text('{"a":' * depth + "1" + "}" * depth)
        with pytest.raises(InputError, match=r"deep\.json: it cannot be read"):
            back_up("shop", b"", [Configuration(tmp_path, ("deep.json",))], repository, NOW)


def test_links_that_lead_in_a_circle_or_nowhere_are_told(tmp_path: Path) -> None:
    (tmp_path / "round").symlink_to("round")
    with pytest.raises((WorldError, InputError)):
        files.write(tmp_path, {"round/file": File(b"x")})
    with pytest.raises(WorldError, match="cannot be written"):
        files.write(tmp_path, {"link": File(b"a\0b", LINK)})
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(WorldError, match="cannot be made"):
        files.write(tmp_path / "file" / "root", {"x": File(b"x")})
    assert sorted(os.listdir(tmp_path)) == ["file", "round"]


@pytest.mark.parametrize("size", ["Infinity", "-1e999", "[]", "null"])
def test_a_manifest_with_odd_sizes_is_refused(size: str) -> None:
    piece = '{"kind": "k", "facts": {}, "files": {"f": [SIZE, "", ""]}}'
    said = '{"format": "drill-backup/1", "name": "x", "pieces": {"p": ' + piece.replace("SIZE", size) + "}}"
    with pytest.raises(InputError, match="no manifest"):
        parsed(said.encode())


@pytest.mark.parametrize(
    ("left", "right", "same"),
    [
        (b"[1.0]", b"[1]", True),
        (b"[100]", b"[1e2]", True),
        (b"[1e9999999]", b"[1e9999998]", False),
        (b"[1e9999999]", b"[10e9999998]", True),
        (b"[1e-9999999]", b"[0]", False),
        (b"[1234567890123456789012345678901]", b"[1234567890123456789012345678902]", False),
        (b"[0]", b"[0.00]", True),
        (b"[1e99999999999999999999]", b"[ 1e99999999999999999999]", False),
    ],
)
def test_numbers_of_any_size_keep_their_digits(left: bytes, right: bytes, same: bool) -> None:
    assert json_content.same("a.json", left, right) is same


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://u:geheim99@h/d?password=geheim99&a=1", "postgresql://u@h/d?a=1"),
        ("postgres://h/d?sslpassword=geheim99", "postgres://h/d"),
        ("postgres://h/d?pass%77ord=geheim99", "postgres://h/d"),
    ],
)
def test_no_password_of_a_database_is_shown(url: str, shown: str) -> None:
    told, secret = _without_password(url)
    assert told == shown
    assert set(secret.values()) == {"geheim99"}


def database(file: Path) -> Path:
    with closing(sqlite3.connect(file)) as opened_:
        opened_.execute("CREATE TABLE sessions (id INTEGER PRIMARY KEY AUTOINCREMENT, data)")
        opened_.executemany("INSERT INTO sessions (data) VALUES (?)", [("x" * 500,) for _ in range(50)])
        opened_.commit()
    return file


def rows(file: Path) -> int:
    with closing(sqlite3.connect(file)) as opened_:
        return int(opened_.execute("SELECT count(*) FROM sessions").fetchone()[0])


def overwrite(file: Path) -> None:
    file.write_bytes(b"this is no database" * 500)


def zeroes(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[4096:8192] = bytes(4096)
    file.write_bytes(content)


def cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:5000])


@pytest.mark.parametrize("damage", [overwrite, zeroes, cut])
def test_a_database_that_was_damaged_is_restored(
    repository: Repository, tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    file = database(tmp_path / "app.sqlite")
    piece: Piece = SQLite("databases/sessions", file)
    back_up("shop", b"", [piece], repository, NOW)
    damage(file)
    broken = file.read_bytes()
    (change,) = restoring.planned(Snapshot(repository, repository.find(None)), [piece])
    assert "no database any more" in change.difference.changed[0]
    assert restoring.restore(change).left.is_none
    assert rows(file) == 50
    assert (tmp_path / "app.sqlite.damaged-1").read_bytes() == broken


def test_a_database_whose_program_was_killed_is_backed_up_as_it_was_before(
    repository: Repository, tmp_path: Path
) -> None:
    file, killed = database(tmp_path / "app.sqlite"), tmp_path / "killed.sqlite"
    with closing(sqlite3.connect(file)) as program:
        program.execute("PRAGMA cache_size = 1")
        program.execute("UPDATE sessions SET data = data || 'half'")
        killed.write_bytes(file.read_bytes())
        (tmp_path / "killed.sqlite-journal").write_bytes((tmp_path / "app.sqlite-journal").read_bytes())
        program.rollback()
    assert killed.read_bytes() != file.read_bytes()
    back_up("shop", b"", [SQLite("databases/sessions", killed)], repository, NOW)
    (change,) = restoring.planned(Snapshot(repository, repository.find(None)), [SQLite("databases/sessions", file)])
    assert change.difference.is_none


@pytest.mark.parametrize(
    "change",
    [
        "PRAGMA user_version = 7",
        "UPDATE sessions SET data = CAST(data AS BLOB) WHERE id = 3",
        "UPDATE sqlite_sequence SET seq = 900",
    ],
)
def test_what_is_no_row_of_a_table_is_a_change_as_well(repository: Repository, tmp_path: Path, change: str) -> None:
    file = database(tmp_path / "app.sqlite")
    back_up("shop", b"", [SQLite("databases/sessions", file)], repository, NOW)
    with closing(sqlite3.connect(file)) as opened_:
        opened_.execute(change)
        opened_.commit()
    assert back_up("shop", b"", [SQLite("databases/sessions", file)], repository, NOW).made is not None


def emptied(file: Path, content: bytes) -> None:
    file.write_bytes(b"")


def halved(file: Path, content: bytes) -> None:
    file.write_bytes(content[: len(content) // 2])


def turned(file: Path, content: bytes) -> None:
    file.write_bytes(content[:-1] + bytes((content[-1] ^ 1,)))


def gone(file: Path, content: bytes) -> None:
    file.unlink()


def a_folder(file: Path, content: bytes) -> None:
    file.unlink()
    file.mkdir()


@pytest.mark.parametrize("damage", [emptied, halved, turned, gone, a_folder])
def test_whatever_file_of_a_repository_is_damaged_pruning_and_noting_refuse_it_or_do_without(
    repository: Repository, folder: Path, tmp_path: Path, damage: Callable[[Path, bytes], None]
) -> None:
    for number in range(2):
        (folder / "run.sh").write_bytes(b"%d" % number)
        made = backed_up(repository, folder, number).made
        assert made is not None
        proofs.add(repository, made, [Proof("folders/scripts", "0" * 64, NOW, "here")])
    whole = [file for file in repository.path.rglob("*") if file.is_file()]
    assert {file.parts[-2] for file in whole} >= {"pack", "heads", "notes"}
    for number, file in enumerate(whole):
        copy = tmp_path / str(number)
        shutil.copytree(repository.path, copy)
        broken = copy / file.relative_to(repository.path)
        broken.chmod(0o644)
        damage(broken, broken.read_bytes() or b"x")
        with contextlib.suppress(InputError, WorldError), opened(copy) as again:
            history = again.history()
            assert history, f"{file.name}: damage is taken for an empty repository"
            pruning.prune(again, pruning.chosen(history, 1, None, NOW))
            proofs.add(again, history[0], [Proof("folders/scripts", "0" * 64, NOW, "there")])
            assert verify(again, history[0])
