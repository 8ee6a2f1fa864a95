"""JSON Schemas of the files that people write, made from their models: for editors and the reference page. Pure."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from pydantic import BaseModel

from harness.topology import kinds
from harness.topology.environment import Environment
from harness.topology.subject import Subject

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_FIELD = re.compile(r"(?:(?<=^)|(?<=[.;:)`]\s)|(?<=\n))([a-z][a-z_]*(?:, [a-z][a-z_]*)*):\s")
_STATUSES = {
    "title": "Statuses",
    "anyOf": [
        {"type": "integer", "minimum": 100, "maximum": 599},
        {"type": "string"},
        {"type": "array", "items": {"anyOf": [{"type": "integer"}, {"type": "string"}]}, "minItems": 1},
    ],
}
_NAMED = {
    "type": "object",
    "properties": {"env": {"type": "string"}},
    "required": ["env"],
    "additionalProperties": False,
}
_FROM_ENVIRONMENT = {"anyOf": [{"type": ["string", "number"]}, _NAMED]}
_SHORT: Mapping[str, Mapping[str, Any]] = {
    "Absent": _STATUSES, "Expected": _STATUSES, "GivenId": {"type": "string"},
}  # fmt: skip
"""Models that may be written shorter."""


def subject_schema() -> dict[str, Any]:
    """Of a subject file."""
    return _schema(Subject, "A subject of drills: what is tested")


def environment_schema() -> dict[str, Any]:
    """Of an environment file; sections that name a part have the keys of every kind that is installed."""
    found = _schema(Environment, "An environment of drills: places, edge, parts, objectives")
    properties = found["properties"]
    properties["regions"] = {**properties["places"], "description": "An older name of `places`."}
    found["required"] = [name for name in found["required"] if name != "places"]
    found["anyOf"] = [{"required": ["places"]}, {"required": ["regions"]}]
    for section in kinds.SECTIONS:
        if there_are := kinds.known(section):
            ways = [_of_kind(section, kind) for kind in there_are]
            for kind, way in zip(there_are, ways, strict=True):
                _share(found["$defs"], way, f"{section.key}-{kind}")
            properties[section.key] = {"anyOf": ways}
        else:
            del properties[section.key]
    found["$defs"].pop("Section", None)
    return found


SCHEMAS: Mapping[str, Callable[[], dict[str, Any]]] = {"subject": subject_schema, "environment": environment_schema}


def _of_kind(section: kinds.Section, kind: str) -> dict[str, Any]:
    spec = kinds.spec_of(section, kind)
    found = _schema(spec, "")
    usual = kind == section.default
    named = {"const": kind} if section.default is None else {"const": kind, "default": section.default}
    properties = {"kind": named, **found.get("properties", {})}
    return {
        "type": "object",
        "description": told(spec)[0],
        "properties": properties,
        "required": [*found.get("required", []), *([] if usual else ["kind"])],
        "additionalProperties": False,
        "$defs": found.get("$defs", {}),
    }


def _share(known: dict[str, Any], part: dict[str, Any], whose: str) -> None:
    """Move a part's models to those of the whole file, where references look for them. whose: told before a name that
    others have for something else."""
    models: dict[str, Any] = part.pop("$defs")
    renamed = {name: name if known.get(name, model) == model else f"{whose}-{name}" for name, model in models.items()}

    def point(node: Any) -> None:
        if isinstance(node, dict):
            if (name := str(node.get("$ref", "")).removeprefix("#/$defs/")) in renamed:
                node["$ref"] = f"#/$defs/{renamed[name]}"
            for value in node.values():
                point(value)
        elif isinstance(node, list):
            for value in node:
                point(value)

    point(part)
    point(models)
    known.update({renamed[name]: model for name, model in models.items()})


def _schema(model: type[BaseModel], title: str) -> dict[str, Any]:
    found = model.model_json_schema()
    for ours in ("folder", "subject_at", "stop_at"):
        found.get("properties", {}).pop(ours, None)
    for name, owner in {model.__name__: model, **_models(model)}.items():
        part = found if owner is model else found.get("$defs", {}).get(name)
        if part is None:
            continue
        about, fields = told(owner)
        part["description"] = about
        for field, text in fields.items():
            if field in part.get("properties", {}):
                part["properties"][field]["description"] = text
    _loosen(found)
    for name, shorter in _SHORT.items():
        if name in found.get("$defs", {}):
            found["$defs"][name] = {"anyOf": [found["$defs"][name], dict(shorter)]}
    head = {"$schema": DIALECT, "title": title} if title else {}
    return {**head, **{key: value for key, value in found.items() if key != "title" or not title}}


def _loosen(node: Any) -> None:
    """What is read more generously than the model's own types say: sets of statuses, texts of the environment."""
    if isinstance(node, dict):
        for name, value in list(node.get("properties", {}).items()):
            if name in ("ok", "refused", "status", "health_codes"):
                kept = {key: held for key, held in value.items() if key in ("description", "default")}
                node["properties"][name] = {**_STATUSES, **kept}
            elif name in ("headers", "query", "env") and value.get("type") == "object":
                patterns = value.pop("patternProperties", {})
                value.pop("additionalProperties", None)
                if patterns:
                    value["propertyNames"] = {"pattern": next(iter(patterns))}
                value["additionalProperties"] = dict(_FROM_ENVIRONMENT)
            elif name == "absent":
                value["anyOf"] = [{"$ref": "#/$defs/Absent"}, {"type": "array", "items": {"$ref": "#/$defs/Absent"}}]
                value.pop("type", None)
                value.pop("items", None)
        for value in node.values():
            _loosen(value)
    elif isinstance(node, list):
        for value in node:
            _loosen(value)


def _models(model: type[BaseModel]) -> dict[str, type[BaseModel]]:
    """Every model within a model, by name."""
    found: dict[str, type[BaseModel]] = {}

    def look(annotation: Any) -> None:
        if inspect.isclass(annotation) and issubclass(annotation, BaseModel):
            if annotation.__name__ in found:
                return
            found[annotation.__name__] = annotation
            for field in annotation.model_fields.values():
                look(field.annotation)
        for argument in getattr(annotation, "__args__", ()):
            look(argument)

    for field in model.model_fields.values():
        look(field.annotation)
    return found


def told(model: type[BaseModel]) -> tuple[str, dict[str, str]]:
    """What a model's docstring says of it, and of each of its fields: sentences that begin with `field: `."""
    text = inspect.cleandoc(model.__doc__ or "")
    known = model.model_fields
    places = [m for m in _FIELD.finditer(text) if all(name in known for name in m[1].split(", "))]
    about = text[: places[0].start()] if places else text
    fields: dict[str, str] = {}
    for number, place in enumerate(places):
        end = places[number + 1].start() if number + 1 < len(places) else len(text)
        paragraph = text[place.end() : end].split("\n\n")[0]
        for name in place[1].split(", "):
            fields[name] = _sentence(paragraph)
    return " ".join(about.split()), fields


def _sentence(text: str) -> str:
    words = " ".join(text.split()).rstrip(";").strip()
    return words[:1].upper() + words[1:] if words else ""


def sections(schema: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The parts of a schema that have keys, the whole first."""
    yield "", schema
    for name, part in schema.get("$defs", {}).items():
        yield name, part["anyOf"][0] if "anyOf" in part else part
