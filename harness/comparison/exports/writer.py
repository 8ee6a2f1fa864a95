"""Writes exports in DynamoDB's layout: full ones and incremental ones, to wherever `put` takes objects.

Every file is whole when it is put, and the summary comes last: an export that was interrupted has no summary, and no
reader takes it for one.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from harness.comparison.exports import layout
from harness.comparison.exports.layout import DataFile

Put = Callable[[str, bytes], str]
"""Stores an object under a key of the bucket; gives its ETag."""
_FILE_ITEMS = 100_000


@dataclass(frozen=True)
class Told:
    """What the summary says of an export. prefix: of all keys, "" for none; export: its id; begin: of an incremental
    one, whose end is `time`."""

    table_arn: str
    table_id: str
    bucket: str
    prefix: str
    export: str
    time: datetime
    started: datetime
    ended: datetime
    begin: datetime | None = None
    view: str = layout.BOTH_IMAGES

    @property
    def root(self) -> str:
        """The key under which all exports of a prefix are."""
        return f"{self.prefix}/{layout.SERVICE}" if self.prefix else layout.SERVICE

    @property
    def folder(self) -> str:
        """The key under which this export's manifests are."""
        return f"{self.root}/{self.export}"


@dataclass
class _Open:
    buffer: io.BytesIO = field(default_factory=io.BytesIO)
    items: int = 0

    def __post_init__(self) -> None:
        self.packed = gzip.GzipFile(fileobj=self.buffer, mode="wb", compresslevel=1, mtime=0)


def begin(told: Told, put: Put) -> None:
    """Say that an export has begun."""
    put(f"{told.folder}/{layout.STARTED}", b"")


def write_full(told: Told, items: Iterable[Mapping[str, Any]], put: Put, file_items: int = _FILE_ITEMS) -> int:
    """Write all of a table; how many items. file_items: of one data file, at most."""
    return write_lines(told, (_encoded({"Item": item}) for item in items), put, file_items)


def write_incremental(told: Told, changes: Iterable[Mapping[str, Any]], put: Put, file_items: int = _FILE_ITEMS) -> int:
    """Write what changed, one line a key: {"keys": ..., "old": ... | None, "new": ... | None, "at_us": ...}."""

    def line(change: Mapping[str, Any]) -> bytes:
        body: dict[str, Any] = {
            "Metadata": {"WriteTimestampMicros": {"N": str(change["at_us"])}}, "Keys": change["keys"],
        }  # fmt: skip
        if change["old"] is not None and told.view == layout.BOTH_IMAGES:
            body["OldImage"] = change["old"]
        if change["new"] is not None:
            body["NewImage"] = change["new"]
        return _encoded(body)

    return write_lines(told, map(line, changes), put, file_items)


def _encoded(line: Mapping[str, Any]) -> bytes:
    return json.dumps(line, separators=(",", ":")).encode("ascii") + b"\n"


def write_lines(told: Told, lines: Iterable[bytes], put: Put, file_items: int = _FILE_ITEMS) -> int:
    """Write an export of lines that are as the layout has them already, line ends included; how many."""
    files: list[DataFile] = []
    size = 0
    where = told.root if told.begin is not None else told.folder
    current = _Open()

    def finish(one: _Open) -> None:
        one.packed.close()
        content = one.buffer.getvalue()
        name = hashlib.sha256(f"{told.export} {len(files)}".encode()).hexdigest()[:26]
        key = f"{where}/{layout.DATA}/{name}.json.gz"
        files.append(DataFile(key, one.items, layout.md5(content), put(key, content)))

    for line in lines:
        current.packed.write(line)
        current.items += 1
        size += len(line)
        if current.items >= file_items:
            finish(current)
            current = _Open()
    if current.items or not files:
        finish(current)
    current.packed.close()
    _manifests(told, files, size, put)
    return sum(one.items for one in files)


def _manifests(told: Told, files: Iterable[DataFile], size: int, put: Put) -> None:
    files = tuple(files)
    listed = layout.files_text(files)
    summary = json.dumps(_summary(told, sum(one.items for one in files), size), separators=(",", ":")).encode("ascii")
    for name, content in ((layout.FILES, listed), (layout.SUMMARY, summary)):
        put(f"{told.folder}/{layout.sum_names(name)[0]}", layout.md5(content).encode("ascii"))
        put(f"{told.folder}/{name}", content)


def _summary(told: Told, items: int, size: int) -> dict[str, Any]:
    body: dict[str, Any] = {
        "version": layout.FULL_VERSION if told.begin is None else layout.INCREMENTAL_VERSION,
        "exportArn": f"{told.table_arn}/export/{told.export}",
        "startTime": _time(told.started), "endTime": _time(told.ended),
        "tableArn": told.table_arn, "tableId": told.table_id,
    }  # fmt: skip
    if told.begin is None:
        body["exportTime"] = _time(told.time)
    else:
        body |= {"exportFromTime": _time(told.begin), "exportToTime": _time(told.time)}
    body |= {
        "s3Bucket": told.bucket, "s3Prefix": told.prefix or None, "s3SseAlgorithm": "AES256", "s3SseKmsKeyId": None,
        "manifestFilesS3Key": f"{told.folder}/{layout.FILES}", "billedSizeBytes": size, "itemCount": items,
        "outputFormat": layout.DYNAMODB_JSON,
    }  # fmt: skip
    if told.begin is not None:
        body |= {"outputView": told.view, "exportType": layout.INCREMENTAL}
    return body


def _time(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def into(folder: Path) -> Put:
    """Objects as files of a folder, by their keys."""

    def put(key: str, content: bytes) -> str:
        path = folder / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return hashlib.md5(content, usedforsecurity=False).hexdigest()

    return put
