"""Manifest files: every document with its lines, checked by the schema that Kubernetes publishes."""

from __future__ import annotations

import copy
import difflib
import errno
import functools
import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jsonschema import Draft7Validator
from jsonschema.exceptions import ValidationError

from harness.errors import InputError, Problem
from harness.topology.load import line_of, load_documents

_SCHEMA = Path(__file__).resolve().parents[1] / "schema" / "v1.37.0-strict.json"
_TEXT_MAX = 200
RUN = ("v1 Pod", "v1 Service", "v1 ConfigMap", "v1 Secret", "apps/v1 Deployment")
"""What is run here, or used by what is run."""
PASSED = ("v1 Namespace", "v1 ServiceAccount", "policy/v1 PodDisruptionBudget")
"""What a real cluster wants beside that, and nothing here depends on."""
_TELLING = frozenset(
    {"name", "image", "selector", "matchLabels", "labels", "ports", "port", "targetPort", "containers"}
)
"""What other mistakes are found by: without one of these, more would be told than is wrong."""
_MATCHED = frozenset({"selector", "matchLabels", "labels"})
"""The same of each entry of these."""
Steps = tuple[int | str, ...]


@dataclass(frozen=True)
class At:
    """A place in a document: what is there, and how it is told of. file: as the user gave it; steps: from the top."""

    file: Path
    document: Any
    steps: Steps = ()

    @property
    def node(self) -> Any:
        """What is there; None where nothing is."""
        found = self.document
        for step in self.steps:
            if isinstance(found, dict):
                found = found.get(step)
            elif isinstance(found, list) and isinstance(step, int) and step < len(found):
                found = found[step]
            else:
                return None
        return found

    def to(self, *steps: int | str) -> At:
        """A place below."""
        return At(self.file, self.document, (*self.steps, *steps))

    def each(self) -> list[At]:
        """The places of a list's entries."""
        node = self.node
        return [self.to(number) for number in range(len(node))] if isinstance(node, list) else []

    def text(self, *steps: int | str, default: str = "") -> str:
        """A text below."""
        node = self.to(*steps).node
        return default if node is None else str(node)

    def mapping(self, *steps: int | str) -> dict[str, Any]:
        """A mapping below, {} where there is none."""
        node = self.to(*steps).node
        return node if isinstance(node, dict) else {}

    @property
    def line(self) -> int | None:
        """Of this place in its file."""
        return line_of(self.document, self.steps)

    def problem(self, text: str) -> Problem:
        """A mistake here."""
        where = ".".join(map(str, self.steps))
        return Problem(str(self.file), self.line, f"{where}: {text}" if where else text)


def kind_of(at: At) -> str:
    """`apiVersion kind` of a document."""
    return f"{at.text('apiVersion')} {at.text('kind')}"


@dataclass(frozen=True)
class Read:
    """documents: those that can be understood, and of others what is left without their mistakes of form. whole: none
    is missing that may have had pods. services: none is missing that may have been a Service."""

    documents: tuple[At, ...]
    problems: tuple[Problem, ...]
    whole: bool
    services: bool


def read(files: Iterable[Path]) -> Read:
    """The documents of some files, and what is wrong with their form."""
    documents: list[At] = []
    problems: list[Problem] = []
    whole = services = True
    for file in files:
        try:
            loaded = load_documents(file)
        except InputError as error:
            problems += [_placed(problem) for problem in error.problems if isinstance(problem, Problem)]
            whole = services = False
            continue
        for document in loaded:
            if document is None:
                continue  # nothing between two `---`
            at = At(file, document)
            known = _known(at)
            problems += known
            errors = [] if known else _errors(at)
            problems += [at.to(*error.absolute_path).problem(_told(error)) for error in errors]
            kept = None if known else _without(at, errors) if errors else at
            if kept is not None and kind_of(at) in RUN:
                documents.append(kept)
            elif kept is None and _may_have_pods(at):
                whole = False
            elif kept is None and at.to("spec", "ports").node is not None:
                services = False
    return Read(tuple(documents), tuple(problems), whole, services)


def _placed(problem: Problem) -> Problem:
    """Of a file that is not there, what its name is relative to."""
    if os.strerror(errno.ENOENT) not in problem.text:
        return problem
    text = f"{problem.text} (each manifest is one file, named relative to the environment file)"
    return Problem(problem.file, problem.line, text)


def _may_have_pods(at: At) -> bool:
    """Also where nobody can tell what a document was meant to be."""
    if not at.text("kind").strip() or at.to("items").node is not None:
        return True
    return bool(at.mapping("spec", "template") or at.to("spec", "containers").node)


def _without(at: At, errors: Sequence[ValidationError]) -> At | None:
    """What is left without the parts that have mistakes of form, so that the others are told at once, too; None where
    too little is."""
    left = At(at.file, copy.deepcopy(at.document))
    for error in errors:
        path = tuple(error.absolute_path)
        if error.validator == "additionalProperties" and isinstance(error.instance, dict):
            known = error.schema.get("properties", {}) if isinstance(error.schema, dict) else {}
            parent, wrong = left.to(*path).node, [key for key in error.instance if key not in known]
        else:
            parent, wrong = left.to(*path[:-1]).node, list(path[-1:])
        if not isinstance(parent, dict) or not wrong or _TELLING.intersection(wrong) or _MATCHED.intersection(path):
            return None
        for key in wrong:
            parent.pop(key, None)
    return left if _validator(kind_of(left)).is_valid(left.document) else None


def _known(at: At) -> list[Problem]:
    """What is wrong where a document is none of those that are read."""
    if not isinstance(at.document, dict):
        return [at.problem("a document is a mapping with apiVersion, kind and metadata")]
    kind, known = kind_of(at), kinds()
    if not kind.strip():
        return [at.problem("a document is a mapping with apiVersion, kind and metadata; it has no kind")]
    if kind not in known:
        near = difflib.get_close_matches(kind, known, 1, 0.6)
        hint = f"did you mean `{near[0]}`?" if near else f"there are: {', '.join((*RUN, *PASSED))}"
        return [at.to("kind").problem(f"`{kind.strip()}` is unknown here; {hint}")]
    if kind not in (*RUN, *PASSED):
        return [at.to("kind").problem(f"`{kind}` is not run here; pods come from a Pod or a Deployment")]
    return []


def _errors(at: At) -> list[ValidationError]:
    found = _validator(kind_of(at)).iter_errors(at.document)
    return sorted(found, key=lambda error: list(map(str, error.path)))


def _told(error: ValidationError) -> str:
    """A mistake of form in words."""
    schema: Any = error.schema
    if error.validator == "additionalProperties" and isinstance(error.instance, dict):
        known = sorted(schema.get("properties", {}))
        unknown = [str(key) for key in error.instance if key not in known]
        near = difflib.get_close_matches(unknown[0], known, 1, 0.6) if unknown else []
        return f"unknown key {', '.join(unknown)}" + (f"; did you mean {near[0]}?" if near else "")
    if error.validator == "type":
        wanted: Any = error.validator_value
        types = [wanted] if isinstance(wanted, str) else [one for one in wanted if one != "null"]
        return f"must be of type {' or '.join(types)}, not {_short(json.dumps(error.instance, default=str))}"
    if error.validator == "required":
        return _short(error.message)
    return _short(error.message)


def _short(text: str) -> str:
    return text if len(text) <= _TEXT_MAX else f"{text[:_TEXT_MAX]}…"


@functools.cache
def _schema() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(_SCHEMA.read_text(encoding="utf-8"))
    return found


def kinds() -> tuple[str, ...]:
    """Every `apiVersion kind` that the schema knows."""
    return tuple(_schema()["x-kinds"])


@functools.cache
def _validator(kind: str) -> Draft7Validator:
    schema = _schema()
    return Draft7Validator({"$ref": schema["x-kinds"][kind], "$defs": schema["$defs"]})
