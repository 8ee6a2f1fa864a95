"""The manifest of a backup: which pieces it has, and the sums of all their files. Pure.

Git knows each file by a hash of its own; the manifest says beside it what must be there, so that a commit that was put
together wrongly, or a tree that lacks a file, is found as well as a flipped bit.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.archive.pieces.piece import Sum
from harness.errors import InputError

FILE = "manifest.json"
FORMAT = "drill-backup/1"


@dataclass(frozen=True)
class PieceSums:
    """A piece. facts: for people; all that a restore needs is in its files."""

    kind: str
    sums: Mapping[str, Sum]
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def digest(self) -> str:
        """The same for the same content: what was proven of one backup holds for another with the same piece."""
        told = json.dumps([self.kind, sorted((name, one.sha256) for name, one in self.sums.items())])
        return hashlib.sha256(told.encode("ascii")).hexdigest()


@dataclass(frozen=True)
class Manifest:
    """name: of the description; pieces: by name."""

    name: str
    pieces: Mapping[str, PieceSums]


def to_bytes(manifest: Manifest) -> bytes:
    """The file's content: the same for the same manifest."""
    pieces = {
        name: {
            "kind": piece.kind,
            "facts": piece.facts,
            "files": {file: [one.size, one.sha256, one.told] for file, one in piece.sums.items()},
        }
        for name, piece in manifest.pieces.items()
    }
    body = {"format": FORMAT, "name": manifest.name, "pieces": pieces}
    return (json.dumps(body, sort_keys=True, indent=1) + "\n").encode("ascii")


def parsed(content: bytes) -> Manifest:
    """The manifest of a file's content. Raises InputError."""
    try:
        body = json.loads(content)
        if body["format"] != FORMAT:
            raise InputError(f"{FILE}: it is {body['format']}, and not {FORMAT}")
        pieces = {
            name: PieceSums(
                str(told["kind"]),
                {file: Sum(int(size), str(sha256), str(by)) for file, (size, sha256, by) in told["files"].items()},
                dict(told["facts"]),
            )
            for name, told in body["pieces"].items()
        }
        return Manifest(str(body["name"]), pieces)
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise InputError(f"{FILE}: it is no manifest of a backup: {error!r}") from error
