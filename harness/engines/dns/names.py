"""Names of zones and records in one spelling, whoever typed them: Route 53's API, its escapes, or a DNS query.

Inside, a name is lower case, without the trailing dot, and its characters are themselves; only a dot and a backslash
within a label stay octal escapes, since they would mean something else. The API writes every character but a-z, 0-9,
hyphen, underscore (and the dots between labels) as an escape. Source: Developer Guide, "DNS domain name format".
"""

from __future__ import annotations

import re
from collections.abc import Iterable

LABEL_MAX = 63
"""Characters of a label; a name has at most 255 (Developer Guide, "DNS domain name format"; RFC 1035)."""
NAME_MAX = 255

_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?")
_OCTAL = re.compile(r"\\([0-3][0-7]{2})")
_KEPT = {".": r"\056", "\\": r"\134"}
_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-_.")


def _undone(match: re.Match[str]) -> str:
    character = chr(int(match[1], 8))
    return _KEPT.get(character, character)


def unescaped(name: str) -> str:
    """A name with its octal escapes undone: `\\052.example.com.` is `*.example.com.`"""
    return _OCTAL.sub(_undone, name)


def normalise(name: str) -> str:
    """A name in the one spelling that is compared and kept."""
    return _lowered(unescaped(name).removesuffix("."))


def _lowered(name: str) -> str:
    """Of no other letters than A to Z does DNS take the small one for the same (RFC 4343 section 3)."""
    return name.lower() if name.isascii() else "".join(c.lower() if c.isascii() else c for c in name)


def is_host_name(text: str) -> bool:
    """Whether a name can be a host's, or a service's, in whatever case (RFC 1123 section 2.1); a wildcard is none."""
    labels = text.lower().removesuffix(".").split(".")
    return len(text) < NAME_MAX and all(len(one) <= LABEL_MAX and _LABEL.fullmatch(one) for one in labels)


def escaped(name: str) -> str:
    """A name as Route 53's API writes it, with the trailing dot: `*.Example.com` is `\\052.example.com.`"""
    return "".join(map(_escape, _pieces(normalise(name)))) + "."


def _pieces(name: str) -> Iterable[str]:
    """Characters, and the escapes that stay as they are."""
    return (match[0] for match in re.finditer(r"\\(?:056|134)|.", name, re.DOTALL))


def _escape(piece: str) -> str:
    if len(piece) > 1 or piece in _PLAIN:
        return piece
    return "".join(f"\\{byte:03o}" for byte in _bytes(piece))


def _bytes(piece: str) -> bytes:
    """One byte for what an escape can say, else UTF-8."""
    return piece.encode("latin-1") if ord(piece) < 256 else piece.encode()


def from_labels(labels: Iterable[bytes]) -> str:
    """The name that a DNS query asks for, of its labels without the root."""
    return _lowered(".".join("".join(_KEPT.get(c, c) for c in label.decode("latin-1")) for label in labels))


def to_labels(name: str) -> tuple[bytes, ...]:
    """The labels of a name that is kept here, without the root."""
    return tuple(
        b"".join(_bytes(_OCTAL.sub(lambda match: chr(int(match[1], 8)), piece)) for piece in _pieces(label))
        for label in name.split(".")
    )
