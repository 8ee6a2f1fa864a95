"""Files that somebody brings along, as text: whatever encoding they say that they have, and no more than a zone can be.

A shell of Windows writes UTF-16 with a byte order mark, or UTF-8 with one, where others write plain UTF-8.
"""

from __future__ import annotations

import codecs
from pathlib import Path

from harness.errors import InputError, Problem
from harness.regular_files import open_bytes

SIZE_MAX_BYTES = 64_000_000
"""Ten thousand records, the most that a zone has by default, are 3 MB as AWS's own client prints them."""
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"),
)  # fmt: skip
"""Byte order marks; that of UTF-32 begins like that of UTF-16."""
_ARCHIVE = b"PK\x03\x04"


def text_of(file: Path) -> str:
    """All of a file. Raises InputError, with the line of what is no text."""

    def refused(told: str, line: int | None = None) -> InputError:
        return InputError(Problem(str(file), line, told))

    try:
        with open_bytes(file) as opened:
            data = opened.read(SIZE_MAX_BYTES + 1)
    except FileNotFoundError as error:
        raise refused("no such file") from error
    except (OSError, ValueError) as error:
        if file.is_dir():
            raise refused("it is a folder: name a file in it") from error
        said = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise refused(f"it cannot be read: {said}") from error
    if len(data) > SIZE_MAX_BYTES:
        raise refused(f"it is larger than {SIZE_MAX_BYTES // 1_000_000} MB, as no zone is")
    if data.startswith(_ARCHIVE):
        raise refused("this is an archive, as `terraform plan -out` makes it: `terraform show -json FILE` prints it")
    encoding = next((name for mark, name in _MARKS if data.startswith(mark)), "utf-8")
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1 if encoding.startswith("utf-8") else None
        raise refused(f"this is no {encoding[:6].upper()} text (byte {error.start})", line) from error
    if (at := text.find("\0")) >= 0:
        raise refused(f"this is no text: it has a NUL (character {at})", text.count("\n", 0, at) + 1)
    if not text.strip():
        raise refused("it is empty")
    return text
