"""The reference page of the files that people write, made from the same models as their schemas. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from harness.topology.schema import SCHEMAS, sections

HEAD = """# Reference: subject and environment files

Made from the models by `drill schema reference`; do not edit by hand. Editors check and complete these files with the
schemas that `drill schema subject` and `drill schema environment` print:

```
drill schema subject > subject.schema.json
```

and, as the first line of the file: `# yaml-language-server: $schema=subject.schema.json`.
"""
_LONGEST_DEFAULT = 40


def page() -> str:
    """The whole page."""
    parts = [HEAD]
    for name, schema in SCHEMAS.items():
        parts.append(f"## The {name} file\n")
        made = schema()
        for title, part in sections(made):
            parts += _section(title, part)
        for key, part in made["properties"].items():
            for kind in part.get("anyOf", ()):
                if "const" in kind.get("properties", {}).get("kind", {}):
                    parts += _section(f"{key}: {kind['properties']['kind']['const']}", kind)
    return "\n".join(parts).rstrip() + "\n"


def _section(title: str, part: Mapping[str, Any]) -> Iterator[str]:
    properties = part.get("properties", {})
    if title:
        yield f"### {title}\n"
    if part.get("description"):
        yield f"{part['description']}\n"
    if properties:
        yield "| key | what it may be | left out | |"
        yield "|---|---|---|---|"
        required = part.get("required", ())
        for name, field in properties.items():
            about = _cell(field.get("description", ""))
            yield f"| `{name}` | {_kind(field)} | {_default(name, field, required)} | {about} |"
        yield ""


def _kind(field: Mapping[str, Any]) -> str:
    if field.get("title") == "Statuses":
        return '`200`, `"2xx"`, `"200-299"`, or a list of those'
    if "const" in field:
        return f"`{field['const']}`"
    if "$ref" in field:
        name = field["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "enum" in field:
        return ", ".join(f"`{value}`" for value in field["enum"])
    if "anyOf" in field:
        found = list(dict.fromkeys(_kind(one) for one in field["anyOf"] if one.get("type") != "null"))
        return " or ".join(found)
    kind = field.get("type", "anything")
    if kind == "array":
        return f"list of {_kind(field.get('items') or {'type': 'anything'})}"
    if kind == "object":
        held = field.get("additionalProperties")
        return f"mapping to {_kind(held)}" if isinstance(held, Mapping) and held else "mapping"
    if isinstance(kind, list):
        return " or ".join(_NAMES.get(one, str(one)) for one in kind)
    return _NAMES.get(str(kind), str(kind)) + _bounds(field)


_NAMES = {"string": "text", "integer": "whole number", "number": "number", "boolean": "true or false"}


def _bounds(field: Mapping[str, Any]) -> str:
    low, high = field.get("minimum", field.get("exclusiveMinimum")), field.get("maximum")
    if low is None and high is None:
        return ""
    above = "above " if "exclusiveMinimum" in field else "from "
    return ("" if low is None else f", {above}{low:g}") + ("" if high is None else f", to {high:g}")


def _default(name: str, field: Mapping[str, Any], required: Any) -> str:
    if name in required:
        return "**must be said**"
    if field.get("default") in (None, "", [], {}):
        return ""
    text = json.dumps(field["default"])
    return f"`{_cell(text)}`" if len(text) <= _LONGEST_DEFAULT else "see above"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
