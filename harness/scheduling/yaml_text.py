"""Plain data written as YAML: every text in quotes, so that nothing is taken for a number, a date or a switch. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from harness.storable_text import json_text

_PLAIN_KEY = re.compile(r"[A-Za-z][A-Za-z0-9_./-]*")
_SWITCHES = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})
"""What YAML 1.1 takes for true, false or nothing where it has no quotes, keys too."""
_ESCAPED = {code: f"\\u{code:04x}" for code in (*range(0x7F, 0xA0), 0x2028, 0x2029, 0xFEFF, 0xFFFE, 0xFFFF)}


def document(body: Mapping[str, Any], comment: Sequence[str] = ()) -> str:
    """One document. comment: lines above it."""
    return "".join(f"# {line}\n" for line in comment) + "".join(f"{line}\n" for line in _mapping(body))


def _mapping(body: Mapping[str, Any]) -> Iterator[str]:
    for key, value in body.items():
        name = key if _PLAIN_KEY.fullmatch(key) and key.lower() not in _SWITCHES else _scalar(key)
        yield from _entry(f"{name}:", value)


def _entry(head: str, value: Any) -> Iterator[str]:
    if isinstance(value, Mapping) and value:
        yield head
        yield from (f"  {line}" for line in _mapping(value))
    elif isinstance(value, list | tuple) and value:
        yield head
        for one in value:
            yield from _item(one)
    else:
        yield f"{head} {_scalar(value)}"


def _item(value: Any) -> Iterator[str]:
    if not isinstance(value, Mapping) or not value:
        yield f"  - {_scalar(value)}"
        return
    first, *rest = _mapping(value)
    yield f"  - {first}"
    yield from (f"    {line}" for line in rest)


def _scalar(value: Any) -> str:
    """JSON's scalars are YAML's, and so are its empty list and its empty mapping.

    What YAML takes for an end of a line, or for no text at all, is escaped.
    """
    text = json_text(list(value) if isinstance(value, tuple) else value)
    return text.translate(_ESCAPED)
