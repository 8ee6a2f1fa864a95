"""The schemas that evidence obeys: the published one, and the limits within which it is read back."""

from __future__ import annotations

import json
from functools import cache
from importlib import resources

from jsonschema import Draft202012Validator

from harness.errors import Problem

_PROBLEMS_SHOWN = 20


@cache
def _validators() -> tuple[Draft202012Validator, ...]:
    package = resources.files("harness.reporting")
    schemas = ("evidence.schema.json", "evidence_extra.schema.json")
    return tuple(Draft202012Validator(json.loads((package / name).read_text(encoding="utf-8"))) for name in schemas)


def problems(body: object, file: str) -> list[Problem]:
    """What is wrong with an object that is meant to be run.json; file: for the messages."""
    found: list[Problem] = []
    for validator in _validators():
        for error in validator.iter_errors(body):
            found.append(Problem(file, None, f"{error.json_path}: {error.message[:300]}"))
            if len(found) == _PROBLEMS_SHOWN:
                return found
    return found
