"""Environments to compare: as they are, and with every TTL, interval and threshold that was asked for.

Which key of an environment file each of the three is, its steering says; what has no such thing is left as it is.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.drill.compared import Way
from harness.drill.slug import slug
from harness.errors import InputError, Problem
from harness.topology.environment import Environment
from harness.topology.load import load_environment
from harness.topology.shipped import find_environment
from harness.topology.yaml_reader import reader
from harness.world.steering import INTERVAL, TTL, set_to, settings_of

Asked = Mapping[str, Sequence[float]]
"""By word, the values: see harness.world.steering.settings_of."""
_UNITS = {TTL: " s", INTERVAL: " s"}
_IN_FOLDER = "the file has a stop command, which runs in its folder: make a copy of it with the {} you want"


@dataclass(frozen=True)
class Known:
    """An environment to compare. name: what it is called in the comparison."""

    name: str
    path: Path
    environment: Environment


def known(words: Sequence[str], problems: list[Problem | str]) -> list[Known]:
    """The environments of names and paths, each once. problems: grows by all that is wrong with any of them."""
    found: dict[Path, Known] = {}
    for word in words:
        try:
            path = find_environment(word)
            if path.resolve() not in found:
                found[path.resolve()] = Known(word, path, load_environment(path))
        except InputError as error:
            problems += error.problems
    stems = [one.path.stem for one in found.values()]
    return [
        Known(one.path.stem if stems.count(one.path.stem) == 1 else one.name, one.path, one.environment)
        for one in found.values()
    ]


def ways(environments: Iterable[Known], asked: Asked) -> Iterator[tuple[Way, Known]]:
    """Every environment with every combination of what is asked for and it has; as it is where that is nothing."""
    taken: set[str] = set()
    for one in environments:
        settings = settings_of(one.environment)
        lacking = {word: why for word in asked if asked[word] and isinstance(why := settings[word], str)}
        named = [(word, values) for word, values in asked.items() if values and word not in lacking]
        for combination in itertools.product(*(dict.fromkeys(values) for _, values in named)):
            changed = {word: f"{value:g}" for (word, _), value in zip(named, combination, strict=True)}
            said = {word: f"{word} {value}{_UNITS.get(word, '')}" for word, value in changed.items()}
            said |= {word: f"{word} n/a" for word in lacking}
            label = ", ".join((one.name, *(said[word] for word in asked if word in said)))
            had = {word: f"{value:g}" for word, value in set_to(one.environment).items()} | changed
            told = {word: f"{value}{_UNITS.get(word, '')}" for word, value in had.items()}
            yield Way(label, one.name, changed, lacking, _unique(slug(label) or "way", taken), told), one


def _unique(name: str, taken: set[str]) -> str:
    numbered = (name if number == 1 else f"{name}-{number}" for number in itertools.count(1))
    found = next(candidate for candidate in numbered if candidate not in taken)
    taken.add(found)
    return found


def file_of(way: Way, one: Known, folder: Path) -> Path:
    """Its environment file: the one that there is, or another one in this folder with what was asked for.

    Raises InputError where the environment does not take it, OSError where it cannot be written.
    """
    if not way.changed:
        return one.path
    if one.environment.stop.command is not None:
        raise InputError(_IN_FOLDER.format(" and ".join(way.changed)))
    yaml = reader()
    document = yaml.load(one.path.read_text(encoding="utf-8"))
    for word, keys in settings_of(one.environment).items():
        if word in way.changed and not isinstance(keys, str):
            number = float(way.changed[word])
            _put(document, keys, int(number) if number.is_integer() else number)
    if one.environment.subject is not None:
        document["subject"] = str((one.path.resolve().parent / one.environment.subject).resolve())
    folder.mkdir(parents=True, exist_ok=True)
    made = folder / one.path.name
    with made.open("w", encoding="utf-8") as file:
        yaml.dump(document, file)
    try:
        load_environment(made)
    except InputError as error:  # the lines are of a file that nobody wrote
        told = (problem.text if isinstance(problem, Problem) else problem for problem in error.problems)
        raise InputError("; ".join(told)) from error
    return made


def _put(document: dict[str, object], keys: Sequence[str], value: float) -> None:
    *sections, last = keys
    for section in sections:
        if document.get(section) is None:
            document[section] = {}
        document = document[section]  # type: ignore[assignment]
    document[last] = value
