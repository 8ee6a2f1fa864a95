"""What is wrong with a value in a file, in plain words: what is wanted there, and what was given. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sized
from typing import Any

_SHOWN_CHARACTERS = 100
_WANTED: Mapping[str, str] = {
    "missing": "is missing",
    "extra_forbidden": "unknown key",
    "string_type": "must be text",
    "string_sub_type": "must be text",
    "string_unicode": "must be text",
    "string_too_short": "must have at least {min_length} {character}",
    "string_too_long": "must have at most {max_length} {character}",
    "string_pattern_mismatch": "has a form that is not allowed here; wanted: {pattern}",  # in words: harness.kit.forms
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_parsing_size": "must be a smaller number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "finite_number": "must be a finite number",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "list_type": "must be a list",
    "tuple_type": "must be a list",
    "iterable_type": "must be a list",
    "dict_type": "must be a mapping of keys to values",
    "mapping_type": "must be a mapping of keys to values",
    "model_type": "must be a mapping of keys to values",
    "model_attributes_type": "must be a mapping of keys to values",
    "dataclass_type": "must be a mapping of keys to values",
    "too_short": "must have at least {min_length} {entry}",
    "too_long": "must have at most {max_length} {entry}",
    "greater_than": "must be greater than {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than": "must be less than {lt}",
    "less_than_equal": "must be at most {le}",
    "literal_error": "must be one of: {expected}",
    "enum": "must be one of: {expected}",
    "none_required": "must be left empty",
    "path_type": "must be a path",
    "union_tag_invalid": "must have {discriminator} as one of: {expected_tags}",
    "union_tag_not_found": "must say {discriminator}",
}
_WITHOUT_INPUT = frozenset({"missing", "extra_forbidden"})


def is_consequence(item: Any) -> bool:
    """Whether pydantic tells only what follows from another mistake: it counts sound entries alone, for example."""
    if item["type"] == "default_factory_not_called":
        return True
    given = item.get("input")
    return item["type"] == "too_short" and isinstance(given, Sized) and len(given) >= item["ctx"]["min_length"]


def wording(item: Any) -> str:
    """One mistake that pydantic found, in words."""
    text = wanted(item)
    if item["type"] in _WITHOUT_INPUT or isinstance(item["input"], Mapping):
        return text
    given = str(item["input"]).lower() if isinstance(item["input"], bool) else repr(item["input"])
    return f"{text} (got {given if len(given) <= _SHOWN_CHARACTERS else given[:_SHOWN_CHARACTERS] + '…'})"


def wanted(item: Any) -> str:
    """What is wanted, without what was given."""
    given = dict(item.get("ctx") or {})
    context = {name: f"{value:g}" if isinstance(value, float) else value for name, value in given.items()}
    template = _WANTED.get(item["type"])
    if template is None:
        text = str(item["msg"]).removeprefix("Value error, ").removeprefix("Assertion failed, ")
        return text.replace("Input should be", "must be").replace("Input should", "must")
    for word, plural in (("character", "characters"), ("entry", "entries")):
        count = context.get("min_length", context.get("max_length"))
        context[word] = word if count == 1 else plural
    return template.format(**context)
