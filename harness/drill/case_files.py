"""The files from which a drill can be judged again: written when it has ended, and read by whoever wants to check it.

case.json      the case: everything but what was seen
history.jsonl  what was seen, one event a line
commits.jsonl  the databases' commit logs; left out where none are kept
final.json     the tables after everything had gone quiet: database -> table -> key -> value; null when not known
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.drill.case import SCHEMA, Case, Final
from harness.drill.conclusion import HISTORY
from harness.drill.plain import from_plain, to_plain
from harness.errors import InputError, Problem, WorldError
from harness.history import codec
from harness.history.events import Commit, Event
from harness.regular_files import open_bytes, read_text
from harness.storable_text import write_json

CASE = "case.json"
COMMITS = "commits.jsonl"
FINAL = "final.json"
FILES = (CASE, HISTORY, COMMITS, FINAL)


@dataclass(frozen=True)
class Filed:
    """What a drill's folder holds."""

    case: Case
    events: Sequence[Event]
    commits: Sequence[Commit] | None
    final: Final | None


def write(folder: Path, filed: Filed) -> Mapping[str, str]:
    """Write the files of a drill into its folder; their hashes and its logs', by path relative to run.json."""
    codec.write(folder / HISTORY, sorted(filed.events, key=lambda event: event.mono_ns))
    if filed.commits is not None:
        codec.write(folder / COMMITS, filed.commits)
    write_json(folder / CASE, to_plain(filed.case), indent=1)
    write_json(folder / FINAL, to_plain(filed.final), indent=1)
    return hashes(folder.parent, (*(f"{folder.name}/{name}" for name in FILES), *filed.case.logs))


def hashes(run: Path, names: Iterable[str]) -> dict[str, str]:
    """The hashes of those files of a run's folder that are there."""
    return {name: sha256_of(run / name) for name in names if (run / name).is_file()}


def read(folder: Path) -> Filed:
    """The files of a drill. Raises InputError when there is no case, or when any of it cannot be read."""
    body = _read(folder / CASE)
    if not isinstance(body, dict) or body.get("schema") != SCHEMA:
        raise InputError(Problem(str(folder / CASE), None, f"is no case of the schema {SCHEMA}"))
    try:
        case = from_plain(Case, body)
    except ValueError as error:
        raise InputError(Problem(str(folder / CASE), None, str(error))) from error
    commits = folder / COMMITS
    return Filed(
        case,
        [event for event in _events(folder / HISTORY) if not isinstance(event, Commit)],
        [event for event in _events(commits) if isinstance(event, Commit)] if commits.exists() else None,
        _final(folder / FINAL),
    )


def sha256_of(path: Path) -> str:
    """The hash of a file, as hexadecimal digits."""
    with open_bytes(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _read(path: Path) -> Any:
    try:
        return json.loads(read_text(path))
    except OSError as error:
        raise InputError(Problem(str(path), None, f"cannot be read: {error.strerror}")) from error
    except (ValueError, RecursionError) as error:
        raise InputError(Problem(str(path), None, f"not JSON: {error}")) from error


def _events(path: Path) -> list[Event | Commit]:
    try:
        return list(codec.read(path))
    except OSError as error:
        raise InputError(Problem(str(path), None, f"cannot be read: {error.strerror}")) from error
    except (WorldError, UnicodeDecodeError, RecursionError) as error:
        raise InputError(str(error)) from error


def _final(path: Path) -> Final | None:
    body = _read(path)
    if body is None:
        return None
    fits = isinstance(body, dict) and all(
        isinstance(tables, dict)
        and all(isinstance(table, dict) and all(_is_value(v) for v in table.values()) for table in tables.values())
        for tables in body.values()
    )
    if not fits:
        raise InputError(Problem(str(path), None, "must be database -> table -> key -> value"))
    found: Final = body
    return found


def _is_value(value: object) -> bool:
    return value is None or isinstance(value, str)
