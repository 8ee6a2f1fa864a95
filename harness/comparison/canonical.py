"""When two DynamoDB values are the same: one form for every value, so that equal values are equal texts.

Values stay DynamoDB JSON (Amazon DynamoDB API Reference, "AttributeValue"): a canonical item can be shown and written
back. What is made the same: the forms of a number (1, 1.0, 10e-1), the order of sets and of attributes, the spelling
of binary. What stays different: a missing attribute, NULL, and an empty string, list or map; the order of lists; a
string and a number of the same look; a set and a list.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Context, Decimal
from typing import Any

Value = Mapping[str, Any]
"""An attribute's value: one type letter, and what it says."""
Item = Mapping[str, Value]

_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,6})?", re.ASCII)
_WHOLE = re.compile(r"-?[1-9]\d{0,30}|0", re.ASCII)
_EXACT = Context(prec=1_000, Emin=-1_000_000, Emax=1_000_000)
"""DynamoDB keeps 38 digits (Developer Guide, "Data types"); far more are compared exactly, in case."""
_PLAIN_EXPONENT_MAX = 40
DEPTH_MAX = 64
"""Nesting is documented up to 32 levels (Developer Guide, "Constraints")."""
_encode: Callable[[Any], str] = json.JSONEncoder(sort_keys=True, separators=(",", ":")).encode
KEY_TYPES = ("S", "N", "B")


class Malformed(ValueError):
    """A value, an item or a key that no table can hold. The text says what is wrong with it."""


@dataclass(frozen=True)
class Rules:
    """What counts as the same. ignore: attributes that are not compared; null_is_missing: NULL is as no attribute."""

    ignore: frozenset[str] = frozenset()
    null_is_missing: bool = False


def number(text: str) -> str:
    """The one form of a number: plain digits, or with an exponent where it is very large or small. Raises Malformed."""
    if not isinstance(text, str):
        raise Malformed(f"{_shown(text)} is no number: numbers are written as strings")
    if _WHOLE.fullmatch(text):
        return text
    if not _NUMBER.fullmatch(text):
        raise Malformed(f"{_shown(text)} is no number")
    value = _decimal(text)
    if not value:
        return "0"
    exponent = value.adjusted()
    return f"{value:f}" if abs(exponent) <= _PLAIN_EXPONENT_MAX else str(value)


def _decimal(text: str) -> Decimal:
    try:
        return _EXACT.create_decimal(text).normalize(_EXACT)
    except ArithmeticError:
        raise Malformed(f"{_shown(text)} is no number that any table can hold") from None


def binary(text: str) -> str:
    """The one base64 spelling of binary data. Raises Malformed."""
    try:
        return base64.b64encode(base64.b64decode(text, validate=True)).decode("ascii")
    except (binascii.Error, TypeError, ValueError):
        raise Malformed(f"{_shown(text)} is no base64") from None


def _text(given: Any) -> str:
    if not isinstance(given, str):
        raise Malformed(f"{_shown(given)} is no string")
    return given


def _bool(given: Any) -> bool:
    if not isinstance(given, bool):
        raise Malformed(f"{_shown(given)} is neither true nor false")
    return given


def _set_of(one: Callable[[str], str], order: Callable[[str], Any]) -> Callable[[Any], list[str]]:
    def canonical(given: Any) -> list[str]:
        if not isinstance(given, list) or not given:
            raise Malformed(f"{_shown(given)} is no set: it must be a list with something in it")
        members = {one(member) for member in given}
        if len(members) != len(given):
            raise Malformed(f"{_shown(given)} is no set: a value is in it twice")
        return sorted(members, key=order)

    return canonical


_SCALARS: Mapping[str, Callable[[Any], Any]] = {
    "S": _text,
    "N": number,
    "B": binary,
    "BOOL": _bool,
    "NULL": _bool,
    "SS": _set_of(_text, str),
    "NS": _set_of(number, Decimal),
    "BS": _set_of(binary, str),
}


def value(given: Any, rules: Rules = Rules(), depth: int = 0) -> Value:
    """The one form of an attribute's value. Raises Malformed."""
    if not isinstance(given, dict) or len(given) != 1:
        raise Malformed(f"{_shown(given)} is no attribute value: it must name one type")
    ((kind, inner),) = given.items()
    if kind == "S" and isinstance(inner, str):
        return given
    if (scalar := _SCALARS.get(kind)) is not None:
        return {kind: scalar(inner)}
    if depth >= DEPTH_MAX:
        raise Malformed(f"values are nested more than {DEPTH_MAX} deep")
    if kind == "L" and isinstance(inner, list):
        return {"L": [value(one, rules, depth + 1) for one in inner]}
    if kind == "M" and isinstance(inner, dict):
        return {"M": _attributes(inner, rules, depth + 1)}
    raise Malformed(f"{_shown(given)} is of no type that DynamoDB has")


def _attributes(given: Mapping[str, Any], rules: Rules, depth: int) -> dict[str, Value]:
    if not rules.null_is_missing:
        return {name: value(one, rules, depth) for name, one in given.items()}
    found = ((name, value(one, rules, depth)) for name, one in given.items())
    return {name: one for name, one in found if "NULL" not in one}


def item(given: Any, rules: Rules = Rules(), keep: Sequence[str] = ()) -> Item:
    """The one form of an item, without what is ignored. keep: attributes that stay all the same. Raises Malformed."""
    if not isinstance(given, dict):
        raise Malformed(f"{_shown(given)} is no item")
    if not rules.ignore:
        return _attributes(given, rules, 0)
    kept = {name: one for name, one in given.items() if name not in rules.ignore or name in keep}
    return _attributes(kept, rules, 0)


def text_of(canonical: Mapping[str, Any]) -> str:
    """A canonical item or value as text: ASCII, one line, attributes in order. Equal texts are equal values."""
    return _encode(canonical)


def key_of(names: Sequence[str], given: Mapping[str, Any]) -> str:
    """The key of an item as one text: for each attribute its type's letter and its value. Raises Malformed.

    Numbers are spelt sign, digits, `e`, exponent (-15e-1), which SQL can make as well.
    """
    parts = []
    for name in names:
        found = given.get(name)
        if found is None:
            raise Malformed(f"it has no attribute {name}, which is named as the key; it has {_names(given)}")
        if not isinstance(found, dict) or len(found) != 1:
            raise Malformed(f"{_shown(found)} is no attribute value: it must name one type")
        ((kind, inner),) = found.items()
        if kind not in KEY_TYPES or not isinstance(inner, str):
            raise Malformed(f"{name} is named as the key, and is {_shown(found)}: keys are strings, numbers or binary")
        if not inner:
            raise Malformed(f"{name} is named as the key, and is {_shown(found)}: no key is empty")
        parts.append(kind + _KEY_FORMS[kind](inner))
    return "\x1f".join(parts)


def _key_number(text: str) -> str:
    if _WHOLE.fullmatch(text) and text[-1] != "0":
        return text + "e0"
    if not _NUMBER.fullmatch(text):
        raise Malformed(f"{_shown(text)} is no number")
    sign, digits, exponent = _decimal(text).as_tuple()
    told = "".join(map(str, digits))
    return "0e0" if told == "0" else f"{'-' if sign else ''}{told}e{exponent}"


_KEY_FORMS: Mapping[str, Callable[[str], str]] = {"S": str, "N": _key_number, "B": binary}


def place_of(key: str) -> str:
    """Where a key stands in the order of results, and in which bucket: 32 hexadecimal digits, MD5 of the key's text.

    Not for security: for an order that every engine can make and that spreads keys evenly.
    """
    return hashlib.md5(key.encode("utf-8", "surrogatepass"), usedforsecurity=False).hexdigest()


def key_text(names: Sequence[str], canonical: Mapping[str, Any]) -> str:
    """The key of a canonical item as DynamoDB JSON."""
    return text_of({name: value(canonical[name]) for name in names})


def _names(given: Mapping[str, Any]) -> str:
    return ", ".join(sorted(map(str, given))[:8]) or "none at all"


def _shown(given: Any) -> str:
    try:
        told = json.dumps(given)
    except (TypeError, ValueError):
        told = str(type(given).__name__)
    return told if len(told) <= 80 else told[:79] + "…"
