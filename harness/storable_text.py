"""Text from anybody, as files can hold it: the one place through which evidence is written.

A JSON answer may say half a character (RFC 8259, section 8.2), and file names that are no UTF-8 reach Python as such
halves (PEP 383). UTF-8 has none, and a writer that stumbles over one takes the evidence of the whole run along. In JSON
a half is written as its escape, so that it reads back as it was; in plain text as what Python would show for it. Two
halves that make a character when they meet become that character: every reader of JSON takes them so.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

_HALF = re.compile("[\ud800-\udfff]")
_PAIR = re.compile("[\ud800-\udbff][\udc00-\udfff]")


def json_text(body: Any, *, indent: int | None = None) -> str:
    """A JSON document. Numbers that JSON cannot carry raise ValueError."""
    return storable_json(json.dumps(body, indent=indent, ensure_ascii=False, allow_nan=False))


def storable_json(document: str) -> str:
    """JSON text that UTF-8 can hold: half a character is written as its escape."""
    return document if document.isascii() else _HALF.sub(_escape, _PAIR.sub(_join, document))


def storable(text: str) -> str:
    """Plain text that UTF-8 can hold: half a character is shown as its escape."""
    return text if text.isascii() else _PAIR.sub(_join, text).encode("utf-8", "backslashreplace").decode("utf-8")


def write_json(path: Path, body: Any, *, indent: int | None = None) -> None:
    """Write a JSON document and a newline."""
    _write(path, json_text(body, indent=indent) + "\n")


def write_text(path: Path, text: str) -> None:
    """Write plain text, or a document in which a half may stand as well as its escape."""
    _write(path, storable(text))


def append_text(path: Path, text: str) -> None:
    """Add plain text to the end of a file, which is made where there is none. Raises OSError."""
    with path.open("ab") as file:
        file.write(storable(text).encode("utf-8"))


def _write(path: Path, text: str) -> None:
    """A file that could not be written whole is none: what is left of it must not pass for evidence."""
    known = path.exists()
    try:
        path.write_text(text, encoding="utf-8")
    except OSError:
        if not known:
            path.unlink(missing_ok=True)
        raise


def _escape(half: re.Match[str]) -> str:
    return f"\\u{ord(half.group()):04x}"


def _join(pair: re.Match[str]) -> str:
    return pair.group().encode("utf-16", "surrogatepass").decode("utf-16")
