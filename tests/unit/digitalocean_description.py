"""DigitalOcean's published OpenAPI description, and whether an answer is as it says. tests/data/digitalocean has its
provenance and licence."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema

FILE = Path(__file__).parents[1] / "data" / "digitalocean" / "openapi.json"
METHODS = ("get", "post", "put", "patch", "delete")


class Description:
    """The description with its answers as JSON schemas."""

    def __init__(self) -> None:
        self.document = json.loads(FILE.read_text(encoding="utf-8"))
        self._components = {"components": {"schemas": _as_json_schema(self.document["components"]["schemas"])}}
        self._paths = [
            (re.compile(re.sub(r"\\\{[^}]+\\\}", "[^/]+", re.escape(path))), item)
            for path, item in sorted(self.document["paths"].items(), key=lambda pair: pair[0].count("{"))
        ]

    def operations(self) -> Iterator[tuple[str, str]]:
        """Every method with its path, `{}` for what is filled in."""
        for path, item in self.document["paths"].items():
            yield from ((method.upper(), re.sub(r"\{[^}]+\}", "{}", path)) for method in METHODS if method in item)

    def mistakes(self, method: str, path: str, status: int, headers: Mapping[str, str], body: Any) -> list[str]:
        """What of an answer is not as described: status, headers, fields and their types; and fields of our own."""
        operation = self._operation(method, path)
        if operation is None:
            return [] if status in (401, 404) else [f"{method} {path} is not described"]
        responses = operation["responses"]
        if str(status) not in responses and status < 400:
            return [f"{method} {path} does not answer {status}"]
        response = self._resolved(responses.get(str(status), responses["default"]))
        found = [f"no header {name}" for name in response.get("headers", {}) if name not in headers]
        content = response.get("content", {})
        if "application/json" not in content:
            return found if body is None or content else [*found, f"a body with {status}"]
        schema = {**_as_json_schema(content["application/json"]["schema"]), **self._components}
        validator = jsonschema.Draft4Validator(schema, format_checker=jsonschema.FormatChecker())
        found += [f"{'.'.join(map(str, e.absolute_path))}: {e.message}" for e in validator.iter_errors(body)]
        return [*found, *self._unknown(content["application/json"]["schema"], body, "")]

    def _operation(self, method: str, path: str) -> Any:
        for pattern, item in self._paths:
            if pattern.fullmatch(path) and method.lower() in item:
                return item[method.lower()]
        return None

    def _resolved(self, node: Any) -> Any:
        while isinstance(node, Mapping) and "$ref" in node:
            *_, kind, name = node["$ref"].split("/")
            node = self.document["components"][kind][name]
        return node

    def _unknown(self, schema: Any, value: Any, at: str) -> list[str]:
        """Fields that the description does not have."""
        if isinstance(value, list):
            items = self._gathered(schema, "items")
            return [text for one in items for entry in value[:3] for text in self._unknown(one, entry, f"{at}[]")]
        if not isinstance(value, dict):
            return []
        properties: dict[str, list[Any]] = {}
        for one in self._gathered(schema, "properties"):
            for name, held in one.items():
                properties.setdefault(name, []).append(held)
        if not properties:
            return []
        found = [f"{at}.{name} is not described" for name in value if name not in properties]
        for name, held in value.items():
            merged = {"anyOf": properties.get(name, [])}
            found += self._unknown(merged, held, f"{at}.{name}")
        return found

    def _gathered(self, schema: Any, key: str) -> list[Any]:
        schema = self._resolved(schema)
        if not isinstance(schema, Mapping):
            return []
        found = [schema[key]] if key in schema else []
        for way in ("allOf", "anyOf", "oneOf"):
            found += [one for part in schema.get(way, ()) for one in self._gathered(part, key)]
        return found


def _as_json_schema(node: Any) -> Any:
    """OpenAPI 3.0's own words in those of JSON Schema: `nullable` is one more type."""
    if isinstance(node, list):
        return [_as_json_schema(one) for one in node]
    if not isinstance(node, dict):
        return node
    converted = {key: _as_json_schema(value) for key, value in node.items() if key not in ("nullable", "example")}
    if node.get("nullable") is True:
        return {"anyOf": [converted, {"type": "null"}]}
    return converted


@cache
def description() -> Description:
    """The one description, read once."""
    return Description()
