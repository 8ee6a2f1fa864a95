"""Environments to compare: as they are shipped, or with a TTL, an interval or a threshold of one's own."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from harness.drill.compared import Way
from harness.errors import InputError
from harness.topology.load import load_environment
from harness.topology.shipped import find_environment
from harness.topology.yaml_reader import reader

KEYS: Mapping[str, tuple[str, str]] = {
    "ttl": ("edge", "ttl_s"),
    "interval": ("health_checks", "request_interval_s"),
    "threshold": ("health_checks", "failure_threshold"),
}
"""What may be asked for, and the key of the environment file that says it."""
_UNITS = {"ttl": "s", "interval": "s", "threshold": ""}
_PATHS = ("subject",)


def ways(environments: Sequence[str], asked: Mapping[str, Sequence[float]]) -> Iterator[Way]:
    """Every environment with every combination of what is asked for; as it is where nothing is."""
    named = [(name, values) for name, values in asked.items() if values]
    for environment in environments:
        for combination in itertools.product(*(values for _, values in named)):
            changed = {name: f"{value:g}" for (name, _), value in zip(named, combination, strict=True)}
            told = ", ".join(f"{name} {value} {_UNITS[name]}".strip() for name, value in changed.items())
            yield Way(f"{environment}, {told}" if told else environment, environment, changed)


@contextmanager
def file_of(way: Way) -> Iterator[Path]:
    """Its environment file: the shipped one, or for as long as this lasts one with what was asked for.

    Raises InputError where the environment does not take it, as a service that fixes a TTL does not.
    """
    path = find_environment(way.environment)
    if not way.changed:
        yield path
        return
    yaml = reader()
    document = yaml.load(path.read_text(encoding="utf-8"))
    for name, value in way.changed.items():
        section, key = KEYS[name]
        number = float(value)
        document.setdefault(section, {})[key] = int(number) if number.is_integer() else number
    for key in _PATHS:
        if key in document:
            document[key] = str((path.parent / str(document[key])).resolve())
    with TemporaryDirectory(prefix="drill-compare-") as folder:
        made = Path(folder) / path.name
        with made.open("w", encoding="utf-8") as file:
            yaml.dump(document, file)
        try:
            load_environment(made)
        except InputError as error:
            raise InputError(str(error).replace(str(made), path.name)) from error
        yield made
