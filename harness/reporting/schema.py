"""The schemas that evidence obeys: the published one, and the limits within which it is read back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from importlib import resources
from itertools import islice

from jsonschema import Draft202012Validator

from harness.errors import Problem

_PROBLEMS_SHOWN = 20
_AROUND = {
    "schema": "drill-evidence/1", "run_id": "", "started_at": "", "finished_at": "", "versions": {},
    "verdict": "INVALID", "environment": {"name": "", "profile": "fast", "capabilities": {}},
}  # fmt: skip
"""A run around one drill: an earlier attempt must be a whole drill, as the published schema has it."""


@cache
def _validators() -> tuple[Draft202012Validator, ...]:
    package = resources.files("harness.reporting")
    schemas = ("evidence.schema.json", "evidence_extra.schema.json")
    return tuple(Draft202012Validator(json.loads((package / name).read_text(encoding="utf-8"))) for name in schemas)


def problems(body: object, file: str) -> list[Problem]:
    """What is wrong with an object that is meant to be run.json; file: for the messages."""
    return list(islice(_problems(body, file), _PROBLEMS_SHOWN))


def _problems(body: object, file: str) -> Iterator[Problem]:
    whole = True
    for path, message in _errors(body):
        whole = False
        yield Problem(file, None, f"{path}: {message}")
    if not whole or not isinstance(body, dict):
        return
    for number, drill in enumerate(body["drills"]):
        for attempt, earlier in enumerate(drill.get("attempts", ())):
            for path, message in _errors({**_AROUND, "drills": [earlier]}):
                place = path.replace("$.drills[0]", f"$.drills[{number}].attempts[{attempt}]", 1)
                yield Problem(file, None, f"{place}: {message}")


def _errors(body: object) -> Iterator[tuple[str, str]]:
    for validator in _validators():
        for error in validator.iter_errors(body):
            yield error.json_path, error.message[:300]
