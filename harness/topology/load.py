"""YAML to frozen models, with every mistake of a file reported at once, by file and line."""

from __future__ import annotations

import difflib
import math
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from harness.errors import InputError, Problem
from harness.kit.config import keys_at
from harness.regular_files import read_text
from harness.topology import check, kinds, salvage
from harness.topology.environment import Environment, Spec
from harness.topology.mistakes import Mistake
from harness.topology.subject import Subject
from harness.topology.workload_check import environment_mistakes
from harness.topology.yaml_reader import WITHIN_ITSELF, reader

SIZE_MAX_BYTES = 1_000_000
NODES_MAX = 20_000
DOCUMENTS_MAX = 200
_MARKER = re.compile(r"---(\s|$)")

_OURS = ("folder", "subject_at", "stop_at")
"""What is known of a file beside what it says."""

Model = TypeVar("Model", bound=Spec)


def load_environment(path: Path) -> Environment:
    """The environment that a file describes. Raises InputError with all its mistakes."""
    document = _read(path)

    def meaning(environment: Environment) -> Iterator[Mistake]:
        of_sections = list(_of_sections(environment))
        yield from of_sections
        # What parts have to say is asked only of parts that there are.
        of_parts = (
            [] if any(mistake.location[-1] == "kind" for mistake in of_sections) else kinds.mistakes_of(environment)
        )
        mistakes = [*check.environment_mistakes(environment), *of_parts]
        yield from mistakes if "places" in document else [_of_regions(mistake) for mistake in mistakes]

    environment = _checked(Environment, document, path, meaning)
    subject_at = f"{path}:{line_of(document, ('subject',))}"
    stop_at = {name: f"{path}:{line_of(document, ('stop', name, 'requests'))}" for name in ("errors", "latency")}
    ours = {"folder": path.resolve().parent, "subject_at": subject_at, "stop_at": stop_at}
    return environment.model_copy(update=ours)


def load_subject(path: Path, environment: Environment) -> Subject:
    """The subject that a file describes, checked against the environment that it is to run in."""

    def meaning(subject: Subject) -> Iterator[Mistake]:
        yield from check.subject_mistakes(subject, environment)
        yield from kinds.subject_mistakes_of(subject, environment)
        yield from environment_mistakes(subject, os.environ)

    subject = _checked(Subject, _read(path), path, meaning)
    return subject.model_copy(update={"folder": path.resolve().parent})


def load_file(model: type[Model], path: Path, meaning: Callable[[Model], Iterable[Mistake]]) -> Model:
    """The model of a file of any other kind. meaning: the mistakes that no single field shows. Raises InputError."""
    return _checked(model, _read(path), path, meaning)


def load_documents(path: Path) -> list[Any]:
    """Every document of a file that has several, as Kubernetes reads it (YAML 1.1: an unquoted `y` is true).

    They know their lines (`line_of`). Raises InputError.
    """

    def load(text: str) -> list[Any]:
        return [reader(as_kubernetes=True).load(piece) for piece in _documents_of(text)]

    documents: list[Any] = _parsed(path, load)
    if len(documents) > DOCUMENTS_MAX:
        raise InputError(Problem(str(path), None, f"more than {DOCUMENTS_MAX} documents"))
    for document in documents:
        _refuse_expansion(document, path)
        _refuse_infinities(document, path)
    return documents


def _documents_of(text: str) -> Iterator[str]:
    """The documents of a text, each on the lines on which it is in the whole; where `---` is, the reader would forget
    which version of YAML it reads."""
    lines = text.splitlines(keepends=True)
    marked = [number for number, line in enumerate(lines) if _MARKER.match(line)]
    starts = [0, *(number for number in marked if number)]
    lines = [f"   {line[3:]}" if number in marked else line for number, line in enumerate(lines)]
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        yield "\n" * start + "".join(lines[start:end])


def _read(path: Path) -> Any:
    document = _parsed(path, lambda text: reader().load(text))
    _refuse_expansion(document, path)
    _refuse_infinities(document, path)
    return document


def _parsed(path: Path, load: Callable[[str], Any]) -> Any:
    try:
        if path.stat().st_size > SIZE_MAX_BYTES:
            raise InputError(Problem(str(path), None, f"larger than {SIZE_MAX_BYTES} bytes"))
        text = read_text(path)
    except OSError as error:
        raise InputError(Problem(str(path), None, f"cannot be read: {error.strerror or error}")) from error
    except UnicodeDecodeError as error:
        raise InputError(Problem(str(path), None, f"is not UTF-8 text (byte {error.start})")) from error
    try:
        return load(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = None if mark is None else mark.line + 1
        raise InputError(Problem(str(path), line, f"not valid YAML: {error.problem or error.context}")) from error
    except (YAMLError, ValueError, RecursionError) as error:
        first_line = (str(error).strip().splitlines() or ["not valid YAML"])[0]
        raise InputError(Problem(str(path), None, f"not valid YAML: {first_line}")) from error


def _refuse_expansion(document: Any, path: Path) -> None:
    """Aliases within aliases make a small file huge: count what it would expand to, without expanding."""
    sizes: dict[int, int] = {}
    under_way: set[int] = set()

    def size(node: Any) -> int:
        if not isinstance(node, dict | list):
            return 1
        if id(node) in under_way:
            line = line_of(node, ())
            raise InputError(Problem(str(path), line, f"not valid YAML: {WITHIN_ITSELF}"))
        if id(node) in sizes:
            return sizes[id(node)]
        under_way.add(id(node))
        children = node.values() if isinstance(node, dict) else node
        sizes[id(node)] = 1 + sum(size(child) for child in children)
        under_way.discard(id(node))
        return sizes[id(node)]

    if size(document) > NODES_MAX:
        raise InputError(Problem(str(path), None, f"expands to more than {NODES_MAX} nodes (aliases within aliases?)"))


def _refuse_infinities(document: Any, path: Path) -> None:
    """YAML can write `.nan`, `.inf` and 1e999; no setting is one of them, and no evidence could say so (JSON)."""

    def found(node: Any, location: tuple[int | str, ...]) -> Iterator[tuple[int | str, ...]]:
        if isinstance(node, float) and not math.isfinite(node):
            yield location
        children = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
        for step, child in children:
            yield from found(child, (*location, step))

    problems = [
        Problem(str(path), line_of(document, at), f"{'.'.join(map(str, at))}: a finite number is wanted")
        for at in found(document, ())
    ]
    if problems:
        raise InputError(*problems)


def _checked(model: type[Model], document: Any, path: Path, meaning: Callable[[Model], Iterable[Mistake]]) -> Model:
    """The model of a document that is right in form and in meaning. Raises InputError with all that is wrong."""
    if not isinstance(document, dict):
        wanted = ", ".join(name for name, f in model.model_fields.items() if f.is_required())
        raise InputError(Problem(str(path), 1, f"must be a mapping with at least: {wanted}"))
    _refuse_the_other(model, document, path)
    for key in _OURS:
        if key in document:
            raise InputError(Problem(str(path), line_of(document, (key,)), f"{key}: unknown key"))
    if model is Environment and {"places", "regions"} <= document.keys():
        text = "regions: another name of `places`, which the file has too: list all of them under `places`"
        raise InputError(Problem(str(path), line_of(document, ("regions",)), text))
    try:
        found = model.model_validate(document)
    except ValidationError as error:
        mistakes = [_with_keys(model, *one) for one in salvage.told(document, error.errors(include_url=False))]
        sound, left_out = salvage.rest(model, document)
        if sound is not None:
            mistakes += salvage.independent(meaning(sound), left_out)
        raise _refusal(path, document, mistakes) from None
    mistakes = list(meaning(found))
    if mistakes:
        raise _refusal(path, document, mistakes)
    return found


def _refuse_the_other(model: type[Model], document: Mapping[str, Any], path: Path) -> None:
    """A subject file in the place of an environment's, and the other way round, is one mistake and not twenty."""
    if model is Environment and "components" in document and "environment" not in document:
        text = "this is a subject file, since it has `components`: name it with --subject, or in the environment file"
        raise InputError(Problem(str(path), line_of(document, ("components",)), text))
    if model is Subject and "environment" in document and "components" not in document:
        text = "this is an environment file, since it has `environment`: name it with --environment"
        raise InputError(Problem(str(path), line_of(document, ("environment",)), text))


def _with_keys(model: Any, mistake: Mistake, item: Any) -> Mistake:
    """An unknown key is told with those that are known there, the nearest first."""
    if item["type"] != "extra_forbidden":
        return mistake
    unknown = str(mistake.location[-1])
    known = [key for key in keys_at(model, mistake.location[:-1]) if key not in _OURS]
    if not known:
        return Mistake(mistake.location, f"{mistake.text}; nothing can be said there")
    near = difflib.get_close_matches(unknown, known, len(known), 0.6)
    ordered = ", ".join(dict.fromkeys((*near, *known)))
    return Mistake(mistake.location, f"{mistake.text}; there are: {ordered}")


def _refusal(path: Path, document: Any, mistakes: Iterable[Mistake]) -> InputError:
    problems = [Problem(str(path), line_of(document, mistake.location), mistake.text) for mistake in mistakes]
    return InputError(*dict.fromkeys(sorted(problems, key=lambda problem: problem.line or 0)))


def line_of(document: Any, location: tuple[int | str, ...]) -> int | None:
    """The 1-based line of a key or list entry, or of the nearest parent that the file has."""
    node: Any = document
    line: int | None = None if not hasattr(node, "lc") else node.lc.line + 1
    for step in location:
        if not hasattr(node, "lc"):
            break
        try:
            position = node.lc.key(step) if hasattr(node, "keys") else node.lc.item(step)
            node = node[step]
        except (KeyError, IndexError, TypeError):
            break
        line = position[0] + 1
    return line


def _of_sections(environment: Environment) -> Iterator[Mistake]:
    """Every section that names a part says only what that part understands."""
    for section, given in kinds.chosen(environment):
        try:
            kinds.checked(section, given)
        except InputError as error:
            place = (section.key, "kind")
            yield Mistake(place, f"{'.'.join(place)}: {error}")
        except ValidationError as error:
            for mistake, item in salvage.told(given.settings, error.errors(include_url=False)):
                spec = kinds.spec_of(section, given.kind)
                known = _with_keys(spec, mistake, item)
                yield Mistake((section.key, *known.location), f"{section.key}.{known.text}")


def _of_regions(mistake: Mistake) -> Mistake:
    """Told of the key by which the file names its places."""
    if mistake.location[0] != "places":
        return mistake
    return Mistake(("regions", *mistake.location[1:]), mistake.text.replace("places", "regions", 1))
