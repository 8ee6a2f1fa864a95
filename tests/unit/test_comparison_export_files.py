"""An export's own files: the checksums of its manifests by either name, and what is damaged called by where it lies."""

from __future__ import annotations

import re
import shutil
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from test_comparison_engines import compared, needs
from two_tables import exported

from harness.comparison.engines import ENGINES
from harness.comparison.exports import reader
from harness.comparison.exports.storage import Bucket, Folder
from harness.comparison.records import Shape
from harness.errors import InputError

ITEMS = [{"id": {"N": str(number)}} for number in range(1000)]
SUMS = ("manifest-summary", "manifest-files")


def test_the_checksum_of_a_manifest_may_have_either_name(tmp_path: Path) -> None:
    export = exported(tmp_path, "a", ITEMS)
    for name in SUMS:
        (export / f"{name}.checksum").rename(export / f"{name}.md5")
    assert reader.opened(Folder(str(export))).manifest.summary.items == len(ITEMS)
    (export / "manifest-files.md5").write_text("no such sum")
    with pytest.raises(InputError, match=r"manifest-files\.json: its checksum is not the one in manifest-files\.md5"):
        reader.opened(Folder(str(export)))


@pytest.mark.parametrize("damaged", ["checksum", "md5"])
def test_of_two_checksums_both_must_hold(damaged: str, tmp_path: Path) -> None:
    export = exported(tmp_path, "a", ITEMS)
    for name in SUMS:
        shutil.copy(export / f"{name}.checksum", export / f"{name}.md5")
    reader.opened(Folder(str(export)))
    (export / f"manifest-summary.{damaged}").write_text("no such sum")
    with pytest.raises(InputError, match=rf"is not the one in manifest-summary\.{damaged}"):
        reader.opened(Folder(str(export)))


def test_an_export_without_checksums_is_not_whole(tmp_path: Path) -> None:
    export = exported(tmp_path, "a", ITEMS)
    (export / "manifest-files.checksum").unlink()
    with pytest.raises(InputError, match=r"not there \(manifest-files\.checksum or manifest-files\.md5\)"):
        reader.opened(Folder(str(export)))


@pytest.mark.parametrize("engine", ENGINES)
def test_a_damaged_copy_is_called_by_its_own_place(engine: str, tmp_path: Path) -> None:
    needs(engine)
    original = exported(tmp_path, "a", ITEMS)
    copy = tmp_path / "copied here"
    shutil.copytree(original, copy)
    (file,) = (copy / "data").iterdir()
    file.write_bytes(file.read_bytes()[:-100])
    with pytest.raises(InputError, match=f"^{re.escape(str(file))}: "):
        compared(engine, [copy, original], tmp_path, Shape(("id",)))


@pytest.mark.parametrize("engine", ["python", "duckdb"])
def test_a_wrong_line_of_a_copy_is_called_by_its_own_place(engine: str, tmp_path: Path) -> None:
    needs(engine)
    copy = tmp_path / "copied here"
    shutil.copytree(exported(tmp_path, "a", [{"id": {"S": "x"}}, {"no": {"S": "y"}}]), copy)
    (file,) = (copy / "data").iterdir()
    with pytest.raises(InputError, match=f"^{re.escape(str(file))}:2: it has no attribute id"):
        compared(engine, [copy, copy], tmp_path, Shape(("id",)))


class Objects:
    """S3 as far as a reader needs it: the files of a folder, by key."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def get_object(self, Bucket: str, Key: str) -> dict[str, Any]:
        return {"Body": BytesIO(self._path(Key).read_bytes())}

    def head_object(self, Bucket: str, Key: str) -> None:
        self._path(Key)

    def _path(self, key: str) -> Path:
        from botocore.exceptions import ClientError

        if not (self.folder / key).is_file():
            raise ClientError({"Error": {"Code": "NoSuchKey"}}, "GetObject")
        return self.folder / key

    def close(self) -> None:
        pass


def test_a_copy_in_a_bucket_is_read_itself_and_not_the_export_it_was_copied_from(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = exported(tmp_path, "a", ITEMS)
    bucket = original.parent.parent
    copy = bucket / "copies" / "AWSDynamoDB" / "01-copy"
    shutil.copytree(original, copy)
    (file,) = (copy / "data").iterdir()
    file.write_bytes(file.read_bytes()[:-100])
    monkeypatch.setattr(Bucket, "client", lambda self: Objects(bucket))

    sound = reader.opened(Bucket("b", str(original.relative_to(bucket))))
    assert len(list(reader.lines(sound.storage, sound.manifest.files[0]))) == len(ITEMS)
    copied = reader.opened(Bucket("b", "copies/AWSDynamoDB/01-copy"))
    with pytest.raises(InputError, match=r"^s3://b/copies/"):
        list(reader.lines(copied.storage, copied.manifest.files[0]))
