"""Judges every drill of a run again from the files in its folder, and says what differs from what was filed.

Nothing is believed: the hashes of the files are compared, every number and verdict is computed anew by the same pure
function that gave them, and run.json's own seal covers what no file can tell (versions, names, times of day).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any

from harness.drill import case_files
from harness.drill.case_files import CASE
from harness.drill.conclusion import conclude
from harness.errors import InputError
from harness.outcome import Verdict, merge_run
from harness.reporting import run_json
from harness.reporting.run_json_reader import inside, validate

_ABSENT = object()
_BROKEN = (InputError, LookupError, ValueError, TypeError, StopIteration, AssertionError, ArithmeticError)
"""What judging files that were changed may end with; of files that are as they were filed it is our own mistake."""


@dataclass(frozen=True)
class Difference:
    """One place where what was filed is not what the files say. path: in run.json, or of a file."""

    path: str
    filed: str
    found: str

    def __str__(self) -> str:
        return f"{self.path}: filed {self.filed}, recomputed {self.found}"


@dataclass(frozen=True)
class Verified:
    """What came of it. judged: drills that were judged again; not_judged: those that left no case, and why."""

    differences: tuple[Difference, ...]
    judged: tuple[str, ...]
    not_judged: tuple[str, ...]


def verify(folder: Path) -> Verified:
    """Check a run. folder: where its run.json lies. Raises InputError when any of it cannot be read as evidence."""
    body = validate(folder / "run.json")
    differences: list[Difference] = []
    judged: list[str] = []
    skipped: list[str] = []
    for number, drill in enumerate(body["drills"]):
        path = f"drills[{number}]"
        changed = list(_files(folder, drill, path))
        differences.extend(changed)
        home = inside(folder, str(PurePosixPath(drill["history"]).parent))
        if (home / CASE).exists() or f"{home.name}/{CASE}" in drill.get("files", {}):
            try:
                differences.extend(compare(path, drill, recompute(home)))
            except _BROKEN as error:
                if not changed:
                    raise
                differences.append(Difference(path, "a drill", f"files that cannot be judged: {error}"))
            judged.append(drill["name"])
        else:
            skipped.append(f"{drill['name']}: no {CASE} in {home.name}, so only its history's hash was checked")
    verdict = merge_run(Verdict(drill["verdict"]) for drill in body["drills"])
    differences.extend(compare("verdict", body["verdict"], verdict.value))
    if "seal" in body or judged:
        differences.extend(compare("seal", body.get("seal", _ABSENT), run_json.seal_of(body)))
    return Verified(tuple(dict.fromkeys(differences)), tuple(judged), tuple(skipped))


def _files(folder: Path, drill: Mapping[str, Any], path: str) -> Iterator[Difference]:
    """Whether the files are those that were filed."""
    wanted = {**drill.get("files", {}), drill["history"]: drill["history_sha256"]}
    for name, digest in wanted.items():
        file = inside(folder, name)
        try:
            found = case_files.sha256_of(file)
        except OSError as error:
            raise InputError(f"{file}: cannot be read: {error.strerror}") from error
        if found != digest:
            yield Difference(f"{path} {name}", f"sha256 {digest}", f"sha256 {found}")


def recompute(home: Path) -> dict[str, Any]:
    """What run.json must say of a drill, from the files in its folder alone. Raises InputError when one is broken."""
    filed = case_files.read(home)
    result = conclude(filed.case, filed.events, filed.commits, filed.final)
    there = {f"{home.name}/{name}": home / name for name in case_files.FILES if (home / name).exists()}
    hashes = {name: case_files.sha256_of(file) for name, file in there.items()}
    result = replace(result, files=hashes, history_sha256=hashes.get(result.history, ""))
    # Through JSON and back, so that both sides are what a file can hold.
    body: dict[str, Any] = json.loads(json.dumps(run_json.drill_dict(result)))
    return body


def compare(path: str, filed: Any, found: Any) -> Iterator[Difference]:
    """Every place where two JSON values differ."""
    if isinstance(filed, Mapping) and isinstance(found, Mapping):
        for name in dict.fromkeys([*filed, *found]):
            yield from compare(f"{path}.{name}", filed.get(name, _ABSENT), found.get(name, _ABSENT))
    elif isinstance(filed, list) and isinstance(found, list):
        for number in range(max(len(filed), len(found))):
            yield from compare(f"{path}[{number}]", _item(filed, number), _item(found, number))
    elif type(filed) is not type(found) or filed != found:
        yield Difference(path, _shown(filed), _shown(found))


def _item(values: Sequence[Any], number: int) -> Any:
    return values[number] if number < len(values) else _ABSENT


def _shown(value: Any) -> str:
    if value is _ABSENT:
        return "nothing"
    text = json.dumps(value)
    return text if len(text) <= 200 else f"{text[:199]}…"
