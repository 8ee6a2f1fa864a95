"""What was said of each option, and where: on the command line, in a DRILL_* variable, or in pyproject.toml."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.errors import InputError, Problem
from harness.kit import plain_numbers

DEFAULTS: dict[str, Any] = {
    "environment": "embedded",
    "trials": 1,
    "reports": "reports",
    "set": [],
    "rerun_invalid": 0,
    "worlds": "one",
}
KEYS = (
    "environment",
    "subject",
    "profile",
    "seed",
    "trials",
    "set",
    "reports",
    "keep",
    "strict",
    "rerun_invalid",
    "yes",
    "worlds",
)
_ON, _OFF = ("1", "true", "yes", "on"), ("0", "false", "no", "off")


@dataclass(frozen=True)
class Said:
    """The value of one option. told: how it was said, for messages: `--trials 0`, `DRILL_TRIALS=0`."""

    value: Any
    told: str

    def refused(self, text: str) -> InputError:
        """The error for a value that does not fit. text: what is wanted."""
        return InputError(f"{self.told}: {text}")

    def text(self) -> str:
        """A text that says something. Raises InputError."""
        if not isinstance(self.value, str | os.PathLike):
            raise self.refused("must be a text")
        text = os.fspath(self.value)
        if not text.strip():
            raise self.refused("must not be empty")
        if "\0" in text:
            raise self.refused("must not hold a NUL")
        return text

    def whole(self, least: int, most: int) -> int:
        """A whole number within limits. Raises InputError."""
        try:
            number = plain_numbers.whole(self.value)
        except ValueError as error:
            raise self.refused(str(error)) from None
        if number < least:
            raise self.refused(f"must be at least {least}")
        if number > most:
            raise self.refused(f"must be at most {most}")
        return number

    def switched_on(self) -> bool:
        """A switch. Raises InputError for every word that does not say which way."""
        word = str(self.value).strip().lower()
        if word in _ON + _OFF:
            return word in _ON
        raise self.refused(f"must be one of: {', '.join((*_ON, *_OFF))}")

    def pairs(self) -> list[str]:
        """KEY=VALUE texts from a list, or from one text with commas. Raises InputError."""
        if isinstance(self.value, str):
            return self.value.split(",")
        if not isinstance(self.value, list | tuple):
            raise self.refused("must be a list of KEY=VALUE texts")
        return [str(pair) for pair in self.value]


def said(given: Mapping[str, Any], variables: Mapping[str, str], folder: Path) -> dict[str, Said]:
    """Every option that any source names, or that has a default; `given` (what is not None) wins over variables over
    the project's file. Raises InputError for a project's file that cannot be understood."""
    return {
        **{key: Said(value, f"{_flag(key)} {value}") for key, value in DEFAULTS.items()},
        **_from_pyproject(folder),
        **_from_variables(variables),
        **{key: Said(value, f"{_flag(key)} {value}") for key, value in given.items() if value not in (None, [], ())},
    }


def _flag(key: str) -> str:
    return f"--{key.replace('_', '-')}"


def _from_pyproject(folder: Path) -> dict[str, Said]:
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
    if "yes" in table:
        text = "[tool.drill] yes: what is done to a stack that is not ours is agreed to anew each time, not in a file"
        raise InputError(Problem(str(path), None, text))
    unknown = sorted(set(table) - set(KEYS))
    if unknown:
        raise InputError(
            Problem(str(path), None, f"[tool.drill] unknown: {', '.join(unknown)}; known: {', '.join(KEYS)}")
        )
    if isinstance(table.get("set"), dict):
        table["set"] = [f"{key}={value}" for key, value in table["set"].items()]
    return {key: Said(value, f"{path}: [tool.drill] {key} = {_as_toml(value)}") for key, value in table.items()}


def _as_toml(value: Any) -> str:
    if isinstance(value, str):
        return f'"{value}"'
    return str(value).lower() if isinstance(value, bool) else str(value)


def _from_variables(variables: Mapping[str, str]) -> dict[str, Said]:
    found = {key: (name, variables.get(name)) for key in KEYS if (name := f"DRILL_{key.upper()}")}
    return {key: Said(text, f"{name}={text}") for key, (name, text) in found.items() if text}
