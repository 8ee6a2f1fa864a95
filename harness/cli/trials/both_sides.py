"""Whether each side has what the other one has: variables, files that they name, and what is in those, by name."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from harness.drill.options import RunOptions
from harness.names import OUTSIDE
from harness.topology.subject import Subject
from harness.world.diagnosis import Diagnosis
from harness.world.one_sided import one_sided, told
from harness.world.platform import RunningTree

_FILE_BYTES_MAX = 1 << 16
_TAKEN = "${"


def in_files(options: RunOptions) -> Iterator[Diagnosis]:
    """Of programs that the subject file runs as one component here and as another one there."""
    by_place: dict[str, dict[str, set[str]]] = {}
    for place, what, names in _twins(options.subject):
        by_place.setdefault(place, {})[what] = names
    if len(by_place) > 1:
        yield from told(list(one_sided(by_place)), "programs that run as several components")


def _twins(subject: Subject) -> Iterator[tuple[str, str, set[str]]]:
    """Components that run the same command: where, its text, and the variables that each is given."""
    for component in subject.components:
        alike = [one for one in subject.components if one.command == component.command]
        if len({one.region for one in alike}) > 1 and component.region != OUTSIDE:
            yield component.region, " ".join(component.command), set(component.env)


def of_running(trees: Iterable[RunningTree]) -> Iterator[Diagnosis]:
    """Of every component that runs in several places, what it was really given there."""
    by_place: dict[str, dict[str, set[str]]] = {}
    for tree in trees:
        names = set(_names(tree.environment))
        by_place.setdefault(tree.described.place, {})[tree.described.component.name] = names
    if len(by_place) > 1:
        yield from told(list(one_sided(by_place)), "variables, and files that they name")


def _names(environment: Mapping[str, str]) -> Iterator[str]:
    for name, said in environment.items():
        value = os.environ.get(said[2:-1], "") if said.startswith(_TAKEN) else said
        if not value:
            continue
        yield name
        if os.sep in value and Path(value).is_file():
            yield f"the file of {name}"
            yield from (f"{key!r} in the file of {name}" for key in _keys(Path(value)))


def _keys(file: Path) -> list[str]:
    """What a file holds that is one JSON object, as far as it is not empty; nothing of any other."""
    try:
        if file.stat().st_size > _FILE_BYTES_MAX:
            return []
        found = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return []
    return sorted(key for key, value in found.items() if value not in ("", None)) if isinstance(found, dict) else []
