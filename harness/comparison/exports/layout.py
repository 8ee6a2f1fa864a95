"""What an export is made of: the names of its files, its two manifests and their checksums. Pure.

    PREFIX/AWSDynamoDB/EXPORT/_started
    PREFIX/AWSDynamoDB/EXPORT/manifest-summary.json        what was exported, when, how many items
    PREFIX/AWSDynamoDB/EXPORT/manifest-summary.checksum    MD5 of it
    PREFIX/AWSDynamoDB/EXPORT/manifest-files.json          a line of JSON for each data file, with MD5 and count
    PREFIX/AWSDynamoDB/EXPORT/manifest-files.checksum      MD5 of it
                                                           (both: .md5 in exports that DynamoDB itself has written)
    PREFIX/AWSDynamoDB/EXPORT/data/NAME.json.gz            of a full export: {"Item": {...}} on each line
    PREFIX/AWSDynamoDB/data/NAME.json.gz                   of incremental exports, which share the folder:
                                                           {"Metadata": {"WriteTimestampMicros": {"N": "..."}},
                                                            "Keys": {...}, "OldImage": {...}, "NewImage": {...}}

(Amazon DynamoDB Developer Guide, "DynamoDB table export output format".) A deleted item has no NewImage; an item that
was made and deleted within the time of the export is not told of.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from harness.errors import InputError, Problem

SUMMARY, FILES = "manifest-summary.json", "manifest-files.json"
SUM_ENDINGS = ("checksum", "md5")
"""The Developer Guide names the first; listings of buckets show the second."""
STARTED, DATA, SERVICE = "_started", "data", "AWSDynamoDB"
FULL, INCREMENTAL = "FULL_EXPORT", "INCREMENTAL_EXPORT"
NEW_IMAGE, BOTH_IMAGES = "NEW_IMAGE", "NEW_AND_OLD_IMAGES"
FULL_VERSION, INCREMENTAL_VERSION = "2020-06-30", "2023-08-01"
DYNAMODB_JSON = "DYNAMODB_JSON"


@dataclass(frozen=True)
class DataFile:
    """A line of manifest-files.json. key: of the object in the bucket; md5: base64 of the file as it is stored."""

    key: str
    items: int
    md5: str
    etag: str = ""


@dataclass(frozen=True)
class Summary:
    """manifest-summary.json. begin, end: the time told of by an incremental export; of a full one, end is its time."""

    kind: str
    table_arn: str
    items: int
    size_bytes: int
    begin: datetime | None
    end: datetime | None
    view: str = BOTH_IMAGES


@dataclass(frozen=True)
class Manifest:
    """An export as its manifests tell it. name: what people call it: where it was found."""

    name: str
    summary: Summary
    files: tuple[DataFile, ...]


def md5(content: bytes) -> str:
    """MD5 as the manifests write it: base64."""
    return base64.b64encode(hashlib.md5(content, usedforsecurity=False).digest()).decode("ascii")


def sum_names(manifest: str) -> tuple[str, ...]:
    """The names that the file with a manifest's MD5 may have; the first is what we write."""
    return tuple(f"{manifest.removesuffix('.json')}.{ending}" for ending in SUM_ENDINGS)


def is_sum_of(content: bytes, told: bytes) -> bool:
    """Whether what such a file has is a manifest's MD5: in base64 or in hexadecimal, since AWS documents neither."""
    digest = hashlib.md5(content, usedforsecurity=False)
    said = told.decode("ascii", "replace").strip()
    return said in (base64.b64encode(digest.digest()).decode("ascii"), digest.hexdigest())


def parsed(name: str, summary: bytes, files: bytes) -> Manifest:
    """The manifests of the export called `name`. Raises InputError, with the file and what is wrong there."""
    told = _summary(f"{name}/{SUMMARY}", summary)
    entries = tuple(_entries(f"{name}/{FILES}", files))
    counted = sum(entry.items for entry in entries)
    if counted != told.items:
        text = f"{counted} items in the data files, and {SUMMARY} says {told.items}: the list of files is not whole"
        raise InputError(Problem(f"{name}/{FILES}", None, text))
    return Manifest(name, told, entries)


def _summary(file: str, content: bytes) -> Summary:
    body = _object(file, None, content)
    try:
        kind = body.get("exportType") or (INCREMENTAL if "exportFromTime" in body else FULL)
        if body.get("outputFormat", DYNAMODB_JSON) != DYNAMODB_JSON:
            text = f"the export is in {body['outputFormat']}: only {DYNAMODB_JSON} can be read; export it again"
            raise InputError(Problem(file, None, text))
        end = body.get("exportToTime") if kind == INCREMENTAL else body.get("exportTime")
        return Summary(
            str(kind), str(body.get("tableArn", "")), int(body["itemCount"]), int(body.get("billedSizeBytes") or 0),
            _time(body.get("exportFromTime")), _time(end), str(body.get("outputView") or BOTH_IMAGES),
        )  # fmt: skip
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(Problem(file, None, f"it is no summary of an export: {error!r}")) from error


def _entries(file: str, content: bytes) -> Iterator[DataFile]:
    for number, line in enumerate(content.splitlines(), 1):
        if not line.strip():
            continue
        body = _object(file, number, line)
        try:
            yield DataFile(
                str(body["dataFileS3Key"]), int(body["itemCount"]), str(body["md5Checksum"]), str(body.get("etag", ""))
            )
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(Problem(file, number, f"it tells of no data file: {error!r}")) from error


def _object(file: str, line: int | None, content: bytes) -> dict[str, Any]:
    try:
        body = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise InputError(Problem(file, line, f"it is no JSON: {error}; the export is cut short or damaged")) from error
    if not isinstance(body, dict):
        raise InputError(Problem(file, line, "it is no JSON object; the export is damaged"))
    return body


def _time(given: Any) -> datetime | None:
    return None if not given else datetime.fromisoformat(str(given))


def files_text(files: Sequence[DataFile]) -> bytes:
    """The content of manifest-files.json."""
    lines = (
        {"itemCount": one.items, "md5Checksum": one.md5, "etag": one.etag, "dataFileS3Key": one.key} for one in files
    )
    return "".join(json.dumps(line, separators=(",", ":")) + "\n" for line in lines).encode("ascii")


def follows(before: Summary, after: Summary) -> str | None:
    """Why an incremental export cannot be put on top of what ends at `before`; None where it can."""
    if after.kind != INCREMENTAL:
        return "it is a full export: only incremental ones can follow another"
    if after.table_arn != before.table_arn:
        return f"it is of {after.table_arn}, and the one before it is of {before.table_arn}"
    if before.end is None or after.begin is None or after.end is None:
        return "its manifest or that of the one before it does not say of which time it is"
    if after.begin > before.end:
        return f"it begins at {after.begin}, and the one before it ends at {before.end}: changes between are in neither"
    return None
