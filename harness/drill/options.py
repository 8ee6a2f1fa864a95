"""Where a run's options come from: the command line, over DRILL_* variables, over [tool.drill] in pyproject.toml."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.drill.settings import Settings, parse_settings
from harness.errors import InputError, Problem
from harness.topology.environment import Environment
from harness.topology.load import load_environment, load_subject
from harness.topology.shipped import find_environment
from harness.topology.subject import Subject
from harness.topology.timing import Profile, Timing

DEFAULTS: dict[str, Any] = {"environment": "embedded", "profile": "fast", "trials": 1, "reports": "reports", "set": []}
KEYS = ("environment", "subject", "profile", "seed", "trials", "set", "reports", "keep", "strict")


@dataclass(frozen=True)
class RunOptions:
    """What a run was asked to do, resolved and checked. typed: see harness.drill.evidence.RunResult.

    strict: a warning that remains makes the run fail, as a miss does.
    """

    environment: Environment
    subject: Subject
    subject_file: Path
    timing: Timing
    seed: int
    trials: int
    settings: Settings
    reports: Path
    keep: bool
    typed: Mapping[str, str] = field(default_factory=dict)
    strict: bool = False


def resolve(given: Mapping[str, Any], variables: Mapping[str, str], folder: Path, seed: int) -> RunOptions:
    """Options from all sources; `given` (what is not None) wins. seed: used when no source names one.

    Raises InputError that names the option, variable or file and line to change.
    """
    values = {**DEFAULTS, **_from_pyproject(folder), **_from_variables(variables)}
    values.update({key: value for key, value in given.items() if value not in (None, [], ())})
    environment = load_environment(find_environment(str(values["environment"])))
    subject_file = _subject_file(values.get("subject"), environment)
    settings = parse_settings(_pairs(values["set"]))
    environment = _at_rate(environment, settings)
    return RunOptions(
        environment=environment,
        subject=load_subject(subject_file, environment),
        subject_file=subject_file,
        timing=Timing(_profile(values["profile"])),
        seed=_integer("seed", values.get("seed", seed), 0),
        trials=_integer("trials", values["trials"], 1),
        settings=settings,
        reports=for_writing(Path(str(values["reports"]))),
        keep=_switched_on(values.get("keep")),
        typed=_typed(values),
        strict=_switched_on(values.get("strict")),
    )


def _switched_on(value: Any) -> bool:
    return str(value).lower() in ("1", "true", "yes", "on")


def _typed(values: Mapping[str, Any]) -> dict[str, str]:
    """What says which drill it was: without it, another environment, or another subject, would run."""
    said = {key: str(values[key]) for key in ("environment", "subject", "trials") if values.get(key) is not None}
    if said["trials"] == str(DEFAULTS["trials"]):
        del said["trials"]
    return said


def reports_folder(given: str | None, variables: Mapping[str, str], folder: Path) -> Path:
    """Only the folder of the runs, for whoever reads there and needs no environment. Raises InputError."""
    values = {**DEFAULTS, **_from_pyproject(folder), **_from_variables(variables)}
    return Path(given or str(values["reports"]))


def _pairs(given: Any) -> list[str]:
    """KEY=VALUE texts from a list, or from one text with commas."""
    if isinstance(given, str):
        return given.split(",")
    if not isinstance(given, list | tuple):
        raise InputError(f"set: must be a list of KEY=VALUE texts, got {given!r}")
    return [str(pair) for pair in given]


def _at_rate(environment: Environment, settings: Settings) -> Environment:
    """`--set workload.rate_per_s` over the environment's rate."""
    if settings.rate_per_s is None:
        return environment
    workload = environment.workload.model_copy(update={"rate_per_s": settings.rate_per_s})
    return environment.model_copy(update={"workload": workload})


def _from_pyproject(folder: Path) -> dict[str, Any]:
    path = next((p for d in (folder, *folder.parents) if (p := d / "pyproject.toml").is_file()), None)
    if path is None:
        return {}
    try:
        tool = tomllib.loads(path.read_text(encoding="utf-8")).get("tool", {})
        table: Any = tool.get("drill", {}) if isinstance(tool, dict) else {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(Problem(str(path), None, f"not valid TOML: {error}")) from error
    if not isinstance(table, dict):
        raise InputError(Problem(str(path), None, "[tool.drill] must be a table"))
    unknown = sorted(set(table) - set(KEYS))
    if unknown:
        raise InputError(
            Problem(str(path), None, f"[tool.drill] unknown: {', '.join(unknown)}; known: {', '.join(KEYS)}")
        )
    if isinstance(table.get("set"), dict):
        table["set"] = [f"{key}={value}" for key, value in table["set"].items()]
    return dict(table)


def _from_variables(variables: Mapping[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key in KEYS:
        text = variables.get(f"DRILL_{key.upper()}")
        if text:
            found[key] = text.split(",") if key == "set" else text
    return found


def _subject_file(given: Any, environment: Environment) -> Path:
    if given is not None:
        path = Path(str(given))
        path = path / "subject.yaml" if path.is_dir() else path
        if not path.is_file():
            raise InputError(f"--subject {given}: no such file")
        return path
    if environment.subject is None:
        raise InputError(f"environment {environment.environment} names no subject: give --subject FILE")
    path = environment.folder / environment.subject
    if not path.is_file():
        raise InputError(
            f"{environment.subject_at}: subject: no such file: {path}; name one there, or give --subject FILE"
        )
    return path


def for_writing(path: Path) -> Path:
    """A folder for evidence; it is made when there is some. Raises InputError when that cannot be."""
    try:
        nearest = next(p for p in (path, *path.absolute().parents) if p.exists())
    except OSError as error:  # too long a name, for instance
        raise InputError(f"--reports {path}: {error.strerror}") from error
    if not nearest.is_dir() or not os.access(nearest, os.W_OK):
        raise InputError(f"--reports {path}: cannot be written to ({nearest} is no folder, or not ours)")
    return path


def _profile(text: Any) -> Profile:
    try:
        return Profile(str(text))
    except ValueError:
        raise InputError(f"--profile {text}: one of {', '.join(Profile)}") from None


def _integer(name: str, value: Any, least: int) -> int:
    try:
        number = int(value)
    except (TypeError, ValueError):
        raise InputError(f"--{name} {value}: must be a whole number") from None
    if number < least:
        raise InputError(f"--{name} {value}: must be at least {least}")
    return number
