"""The repository of backups: what is kept, damaged, cut short, full, pruned; read by the git program, too."""

from __future__ import annotations

import os
import resource
import shutil
import stat
import subprocess
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from dulwich.objects import ObjectID

from harness.archive import proofs, pruning, restoring
from harness.archive.backing_up import BackedUp, back_up, verify
from harness.archive.pieces.folder import Folder
from harness.archive.proofs import Proof
from harness.archive.repository import Busy, Damaged, Repository, locked, opened
from harness.archive.snapshot import Snapshot
from harness.errors import InputError, WorldError

NOW = datetime(2026, 1, 31, tzinfo=UTC)
ODD = [
    "a b",
    "tab\there",
    "new\nline",
    "ünï/çödé 🌍",
    "-rf",
    "quote'\"",
    "back\\slash",
    "sub/.hidden",
    "%00",
    "con",
    os.fsdecode(b"no-utf8-\xff"),
]


@pytest.fixture
def repository(tmp_path: Path) -> Iterator[Repository]:
    with opened(tmp_path / "backup.git", create=True) as found:
        yield found


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return written(tmp_path / "scripts", {"run.sh": b"echo hi\n", "data.bin": bytes(range(256))})


def written(root: Path, files: dict[str, bytes]) -> Path:
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)
    return root


def held(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def backed_up(repository: Repository, folder: Path, after: timedelta = timedelta()) -> BackedUp:
    return back_up("shop", b"name: shop\n", [Folder("folders/scripts", folder)], repository, NOW + after)


def restored(repository: Repository, to: Path) -> restoring.Restored:
    snapshot = Snapshot(repository, repository.find(None))
    (change,) = restoring.planned(snapshot, [Folder("folders/scripts", to)])
    return restoring.restore(change)


def git(repository: Repository, *words: str) -> bytes:
    return subprocess.run(["git", "-C", repository.path, *words], capture_output=True, check=True).stdout


def test_files_of_odd_names_links_and_modes_come_back(repository: Repository, tmp_path: Path) -> None:
    root = written(tmp_path / "odd", {name: name.encode("utf-8", "surrogateescape") for name in ODD})
    (root / "run").write_text("#!/bin/sh\n")
    (root / "run").chmod(0o755)
    (root / "link").symlink_to("somewhere/else")
    backed_up(repository, root)
    done = restored(repository, tmp_path / "back")
    assert done.left.is_none
    assert held(tmp_path / "back") == held(root)
    assert os.readlink(tmp_path / "back" / "link") == "somewhere/else"
    assert (tmp_path / "back" / "run").stat().st_mode & stat.S_IXUSR
    assert not (tmp_path / "back" / "a b").stat().st_mode & stat.S_IXUSR


def test_git_itself_reads_the_repository(repository: Repository, folder: Path, tmp_path: Path) -> None:
    backed_up(repository, folder)
    (folder / "run.sh").write_bytes(b"echo ho\n")
    (folder / "data.bin").unlink()
    backed_up(repository, folder, timedelta(minutes=1))
    git(repository, "fsck", "--strict", "--full")
    assert git(repository, "log", "--format=%s").decode().splitlines() == [
        "shop: folders/scripts 1 changed, 1 removed",
        "shop: folders/scripts 2 new",
    ]
    subprocess.run(["git", "clone", "-q", repository.path, tmp_path / "clone"], check=True)
    assert held(tmp_path / "clone" / "folders" / "scripts") == held(folder)


def test_nothing_new_is_no_commit(repository: Repository, folder: Path) -> None:
    first = backed_up(repository, folder).made
    again = backed_up(repository, folder, timedelta(hours=1))
    assert again.made is None
    assert again.before == first


def test_what_the_backup_does_not_have_is_left_alone(repository: Repository, folder: Path) -> None:
    backed_up(repository, folder)
    (folder / "mine.txt").write_text("keep me")
    (folder / "run.sh").write_text("broken")
    restored(repository, folder)
    assert held(folder) == {"run.sh": b"echo hi\n", "data.bin": bytes(range(256)), "mine.txt": b"keep me"}


def test_no_link_leads_a_restore_out_of_its_folder(repository: Repository, tmp_path: Path) -> None:
    root = written(tmp_path / "from", {"sub/file": b"x"})
    backed_up(repository, root)
    (tmp_path / "to").mkdir()
    (tmp_path / "outside").mkdir()
    (tmp_path / "to" / "sub").symlink_to(tmp_path / "outside")
    with pytest.raises(InputError, match="leads out of"):
        restored(repository, tmp_path / "to")
    assert held(tmp_path / "outside") == {}


def test_a_name_that_git_does_not_check_out_is_refused(repository: Repository, tmp_path: Path) -> None:
    root = written(tmp_path / "from", {"sub/.GIT/config": b"x"})
    with pytest.raises(InputError, match=r"'folders/scripts/sub/.GIT/config' cannot be backed up"):
        backed_up(repository, root)


def pack_of(repository: Repository) -> Path:
    (pack,) = (repository.path / "objects" / "pack").glob("*.pack")
    pack.chmod(0o644)
    return pack


def flip(repository: Repository) -> None:
    pack = pack_of(repository)
    content = bytearray(pack.read_bytes())
    for at in range(100, len(content) - 20, 97):
        content[at] ^= 0xFF
    pack.write_bytes(content)


def cut(repository: Repository) -> None:
    pack = pack_of(repository)
    pack.write_bytes(pack.read_bytes()[:-200])


def lose(repository: Repository) -> None:
    pack_of(repository).unlink()


def lose_index(repository: Repository) -> None:
    for index in (repository.path / "objects" / "pack").glob("*.idx"):
        index.unlink()


def point_nowhere(repository: Repository) -> None:
    (repository.path / "refs" / "heads" / "main").write_text("1" * 40 + "\n")


def garble_branch(repository: Repository) -> None:
    (repository.path / "refs" / "heads" / "main").write_bytes(b"\x00half")


@pytest.mark.parametrize("damage", [flip, cut, lose, lose_index, point_nowhere, garble_branch])
def test_a_damaged_backup_is_refused_with_the_reason_and_nothing_is_touched(
    repository: Repository, folder: Path, tmp_path: Path, damage: Callable[[Repository], None]
) -> None:
    backed_up(repository, folder)
    damage(repository)
    with opened(repository.path) as fresh, pytest.raises(Damaged, match=r"damaged|half-written") as refused:
        restored(fresh, tmp_path / "to")
    assert str(repository.path) in str(refused.value)
    assert not (tmp_path / "to").exists()


def test_a_commit_whose_manifest_tells_of_other_files_is_refused(repository: Repository, folder: Path) -> None:
    backed_up(repository, folder)
    clone = folder.parent / "clone"
    subprocess.run(["git", "clone", "-q", repository.path, clone], check=True)
    (clone / "folders" / "scripts" / "run.sh").write_bytes(b"echo evil\n")
    who = ["-c", "user.name=x", "-c", "user.email=x@localhost"]
    subprocess.run(["git", "-C", clone, *who, "commit", "-qam", "by hand"], check=True)
    subprocess.run(["git", "-C", clone, "push", "-q"], check=True)
    with opened(repository.path) as fresh, pytest.raises(Damaged, match=r"run\.sh is not what manifest\.json says"):
        restored(fresh, folder)


def test_a_repository_of_somebody_else_is_refused(tmp_path: Path, folder: Path) -> None:
    subprocess.run(["git", "init", "-q", tmp_path / "code"], check=True)
    with pytest.raises(InputError, match="working tree"), opened(tmp_path / "code"):
        pass
    written(tmp_path / "full", {"x": b"y"})
    with pytest.raises(InputError, match="no backup has been made there"), opened(tmp_path / "full", create=True):
        pass


def test_a_full_disk_leaves_the_last_backup_as_it_was(repository: Repository, folder: Path) -> None:
    """RLIMIT_FSIZE fails a write as a full disk does, after a part of it."""
    good = backed_up(repository, folder).made
    assert good is not None
    before = held(repository.path)
    (folder / "large.bin").write_bytes(os.urandom(300_000))
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limits[1]))
    try:
        with pytest.raises(WorldError, match=r"cannot be written.*are as they were"):
            backed_up(repository, folder, timedelta(hours=1))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert held(repository.path) == before
    with opened(repository.path) as fresh:
        assert fresh.latest() == good
        assert verify(fresh, good) == 2
        assert backed_up(fresh, folder, timedelta(hours=2)).made is not None


@pytest.mark.parametrize("at", ["_complete_pack", "_index_pack", "write_pack_index", "set_if_equals"])
def test_whatever_fails_half_way_leaves_nothing_behind(
    repository: Repository, folder: Path, monkeypatch: pytest.MonkeyPatch, at: str
) -> None:
    good = backed_up(repository, folder).made
    before = held(repository.path)
    (folder / "run.sh").write_bytes(b"echo ho\n")

    def full(*args: object, **settings: object) -> None:
        raise OSError(28, "No space left on device")

    owner = {"write_pack_index": "dulwich.object_store", "set_if_equals": "dulwich.refs.DiskRefsContainer"}
    monkeypatch.setattr(f"{owner.get(at, 'dulwich.object_store.DiskObjectStore')}.{at}", full)
    with pytest.raises(WorldError, match="No space left on device"):
        backed_up(repository, folder, timedelta(hours=1))
    assert held(repository.path) == before
    with opened(repository.path) as fresh:
        assert fresh.latest() == good


@pytest.mark.skipif(os.geteuid() != 0 or shutil.which("mount") is None, reason="only root mounts a small disk")
def test_a_disk_that_is_really_full_leaves_the_last_backup_as_it_was(tmp_path: Path, folder: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", disk], check=False).returncode:
        pytest.skip("this machine mounts no tmpfs")
    try:
        with opened(disk / "backup.git", create=True) as repository:
            good = backed_up(repository, folder).made
            assert good is not None
            (folder / "large.bin").write_bytes(os.urandom(400_000))
            with pytest.raises(WorldError, match="No space left on device"):
                backed_up(repository, folder, timedelta(hours=1))
            assert repository.latest() == good
            assert verify(repository, good) == 2
    finally:
        subprocess.run(["umount", disk], check=True)


def test_two_at_once_are_one_too_many(repository: Repository) -> None:
    with locked(repository), opened(repository.path) as other, pytest.raises(Busy), locked(other):
        pass


def test_what_had_to_be_written_is_the_better_proof(repository: Repository, folder: Path) -> None:
    made = backed_up(repository, folder, timedelta(0)).made
    assert made is not None
    later = NOW + timedelta(hours=1)
    read = Proof("folders/scripts", "digest", later, "there", written=False)
    wrote = Proof("folders/scripts", "digest", NOW, "here")
    proofs.add(repository, made, [read])
    assert proofs.of(repository) == [read]
    assert read.words.startswith("nothing had to be written, the same as there at ")
    proofs.add(repository, made, [wrote])
    proofs.add(repository, made, [read])
    assert proofs.of(repository) == [wrote]
    assert wrote.words.startswith("restored to here at ")


def test_pruning_keeps_the_newest_and_the_young_and_their_proofs(repository: Repository, folder: Path) -> None:
    made = []
    for day in range(6):
        (folder / "run.sh").write_text(f"echo {day}\n")
        (folder / "large.bin").write_bytes(os.urandom(1_000))
        made.append(backed_up(repository, folder, timedelta(days=day)).made)
        assert made[-1] is not None
        proofs.add(repository, made[-1], [Proof("folders/scripts", f"digest {day}", NOW, "here")])
    history = repository.history()
    now = NOW + timedelta(days=5, hours=1)
    keeps = ((2, None), (None, 3), (2, 3), (9, 1), (1, None))
    assert [len(pruning.chosen(history, *keep, now).kept) for keep in keeps] == [2, 3, 3, 6, 1]
    pruned = pruning.prune(repository, pruning.chosen(history, 2, None, now))
    assert [one.id for one in pruned.gone] == [one.id for one in reversed(made[:4]) if one]
    with opened(repository.path) as fresh:
        assert fresh.history() == history[:2]  # with the ids that they had
        assert {proof.digest for proof in proofs.of(fresh)} == {"digest 4", "digest 5"}
        assert ObjectID(history[-1].id.encode()) not in fresh.git.object_store
        assert [verify(fresh, one) for one in fresh.history()] == [3, 3]
        git(fresh, "fsck", "--full")
        assert git(fresh, "rev-list", "--count", "main").strip() == b"2"
        (folder / "run.sh").write_text("echo after\n")
        assert backed_up(fresh, folder, timedelta(days=6)).made is not None
        assert len(fresh.history()) == 3
        assert len(pruning.prune(fresh, pruning.chosen(fresh.history(), 1, None, now)).gone) == 2
    with opened(repository.path) as fresh:
        assert len(fresh.history()) == 1
        git(fresh, "fsck", "--full")


def test_pruning_leaves_a_damaged_repository_alone(repository: Repository, folder: Path) -> None:
    backed_up(repository, folder)
    first = pack_of(repository)
    (folder / "run.sh").write_bytes(b"echo ho\n")
    backed_up(repository, folder, timedelta(days=1))
    first.write_bytes(first.read_bytes()[:-300])
    before = held(repository.path)
    with opened(repository.path) as fresh, pytest.raises(Damaged):
        pruning.prune(fresh, pruning.chosen(fresh.history(), 1, None, NOW))
    assert held(repository.path) == before
