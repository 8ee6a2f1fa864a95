"""Akamai's published description of config-gtm v1, and whether an answer is as it says. tests/data/akamai has its
provenance and licence.

Eleven of its 28 response examples violate its own schemas, so the examples are believed: an answer must have the shape
of the published example, and an object in it must satisfy the schema of its version where the example does.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema

FILE = Path(__file__).parents[1] / "data" / "akamai" / "config-gtm-v1.json"
METHODS = ("get", "post", "put", "patch", "delete")


class Description:
    """The description with its objects as JSON schemas."""

    def __init__(self) -> None:
        self.document = json.loads(FILE.read_text(encoding="utf-8"))
        self._schemas = {"components": {"schemas": _as_json_schema(self.document["components"]["schemas"])}}

    def operations(self) -> Iterator[tuple[str, str]]:
        """Every method with its path, `{}` for what is filled in."""
        for path, item in self.document["paths"].items():
            yield from ((method.upper(), re.sub(r"\{[^}]+\}", "{}", path)) for method in METHODS if method in item)

    def example(self, method: str, path: str) -> Any:
        """The published example of an answer that went well: one that was written by people, not made of types."""
        operation = next(
            item[method.lower()]
            for template, item in self.document["paths"].items()
            if method.lower() in item and re.sub(r"\{[^}]+\}", "{}", template) == path
        )
        (answer,) = (held for status, held in operation["responses"].items() if status.startswith("2"))
        return next(media["example"] for media in answer["content"].values() if "example" in media)

    def mistakes(self, kind: str, version: str, value: Any) -> list[str]:
        """What of an object is not as its version's schema says."""
        name = kind if kind in ("status", "status-response") else f"{kind}-vnd-config-gtm.v{version}"
        schema = {"$ref": f"#/components/schemas/{name}", **self._schemas}
        validator = jsonschema.Draft4Validator(schema)
        return [f"{'.'.join(map(str, e.absolute_path))}: {e.message}" for e in validator.iter_errors(value)]


def unlike(example: Any, value: Any, at: str = "") -> list[str]:
    """What of a value has another shape than the example: fields that are missing or new, and other types."""
    if isinstance(example, dict) and isinstance(value, dict):
        found = [f"{at}.{name} is missing" for name in example if name not in value]
        found += [f"{at}.{name} is not in the example" for name in value if name not in example]
        both = [name for name in example if name in value]
        return [*found, *(text for name in both for text in unlike(example[name], value[name], f"{at}.{name}"))]
    if isinstance(example, list) and isinstance(value, list):
        return [text for one in value[:3] for text in unlike(example[0], one, f"{at}[]")] if example else []
    if example is None or value is None or type(example) is type(value):
        return []
    numbers = isinstance(example, int | float) and isinstance(value, int | float)
    return [] if numbers and not isinstance(value, bool) else [f"{at}: {value!r} where the example has {example!r}"]


def _as_json_schema(node: Any) -> Any:
    """OpenAPI 3.0's own words in those of JSON Schema: `nullable` is one more type."""
    if isinstance(node, list):
        return [_as_json_schema(one) for one in node]
    if not isinstance(node, dict):
        return node
    converted = {key: _as_json_schema(value) for key, value in node.items() if key not in ("nullable", "example")}
    if node.get("nullable") is True:
        if "enum" in converted:
            converted["enum"] = [*converted["enum"], None]
        return {"anyOf": [converted, {"type": "null"}]}
    return converted


@cache
def description() -> Description:
    """The one description, read once."""
    return Description()
