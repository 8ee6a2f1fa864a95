"""Reads an export line by line, and refuses one that is cut short or damaged: by file, line and reason.

Nothing is given out of a manifest before its checksum is found right. Data files are checked while they are read: what
was given before the end of a file counts only when the end is reached without an error.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Any

from harness.comparison.canonical import Malformed
from harness.comparison.exports import layout
from harness.comparison.exports.layout import DataFile, Manifest
from harness.comparison.exports.storage import NotThere, Storage
from harness.errors import InputError, Problem

_LINE_MAX = 8 << 20
"""An item has at most 400 KB (Developer Guide, "Constraints"); as JSON, with both images, below 8 MB."""


@dataclass(frozen=True)
class Export:
    """An export that is there, with manifests that are whole."""

    storage: Storage
    manifest: Manifest


def opened(storage: Storage) -> Export:
    """The export at a place. Raises InputError where it is none, is not finished, or its manifests are damaged."""
    summary, files = (_checked(storage, name) for name in (layout.SUMMARY, layout.FILES))
    return Export(storage, layout.parsed(storage.name, summary, files))


def _checked(storage: Storage, name: str) -> bytes:
    """A manifest, by the sums that are there: of two, both must hold."""
    content = _whole(storage, name)
    names = layout.sum_names(name)
    held = 0
    for sum_name in names:
        try:
            told = _whole(storage, sum_name)
        except NotThere:
            continue
        if not layout.is_sum_of(content, told):
            text = f"its checksum is not the one in {sum_name}: the file is cut short or damaged"
            raise InputError(Problem(f"{storage.name}/{name}", None, text))
        held += 1
    if not held:
        text = f"its checksum is not there ({' or '.join(names)}); the export is not whole"
        raise InputError(Problem(f"{storage.name}/{name}", None, text))
    return content


def _whole(storage: Storage, name: str) -> bytes:
    with storage.open(name) as file:
        content: bytes = file.read()
    return content


def lines(storage: Storage, file: DataFile) -> Iterator[bytes]:
    """The lines of a data file. Raises InputError when it ends early, is no gzip, or is not the one of the manifest."""
    with storage.open_data(file.key) as raw:
        digest = _Digest(raw)
        number = 0
        try:
            with gzip.GzipFile(fileobj=digest) as plain:  # type: ignore[call-overload]
                while line := plain.readline(_LINE_MAX):
                    if len(line) >= _LINE_MAX:
                        raise InputError(
                            Problem(storage.where(file.key), number + 1, f"a line has more than {_LINE_MAX} bytes")
                        )
                    if line.isspace():
                        continue
                    number += 1
                    yield line
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            text = f"it cannot be unpacked after {number} items: {error}; the file is cut short or damaged"
            raise InputError(Problem(storage.where(file.key), None, text)) from error
        digest.to_the_end()
    if digest.md5() != file.md5:
        text = f"its MD5 is {digest.md5()} and the manifest says {file.md5}: the file is damaged"
        raise InputError(Problem(storage.where(file.key), None, text))
    if number != file.items:
        text = f"it has {number} items and the manifest says {file.items}: the file is not whole"
        raise InputError(Problem(storage.where(file.key), None, text))


def verify(storage: Storage, file: DataFile) -> None:
    """Whether a data file is the one of the manifest, without unpacking it. Raises InputError."""
    with storage.open_data(file.key) as raw:
        digest = _Digest(raw)
        digest.to_the_end()
    if digest.md5() != file.md5:
        text = f"its MD5 is {digest.md5()} and the manifest says {file.md5}: the file is cut short or damaged"
        raise InputError(Problem(storage.where(file.key), None, text))


class _Digest:
    """A stream that is hashed as it is read."""

    def __init__(self, raw: IO[bytes]) -> None:
        self._raw = raw
        self._hash = hashlib.md5(usedforsecurity=False)

    def read(self, size: int = -1) -> bytes:
        """What `gzip` asks for."""
        content = self._raw.read(size)
        self._hash.update(content)
        return content

    def to_the_end(self) -> None:
        """Whatever `gzip` did not need."""
        while self.read(1 << 20):
            pass

    def md5(self) -> str:
        """In base64."""
        return base64.b64encode(self._hash.digest()).decode("ascii")


def changed(kind: str, line: bytes) -> tuple[dict[str, Any], dict[str, Any] | None]:
    """What a line says: the item (or its key), and the item or None where it was deleted. Raises Malformed."""
    try:
        body = json.loads(line)
        if kind != layout.INCREMENTAL:
            return body["Item"], body["Item"]
        return body["Keys"], body.get("NewImage")
    except (KeyError, TypeError, AttributeError) as error:
        wanted = '{"Item": ...}' if kind != layout.INCREMENTAL else '{"Keys": ...}'
        raise Malformed(f"the line is not {wanted}, as those of such an export are") from error
    except (ValueError, RecursionError) as error:
        raise Malformed(f"the line is no JSON: {error}") from error
