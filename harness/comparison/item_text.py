"""The canonical text of an item in one pass: the same letters as `canonical` makes, in two thirds of the time. Pure.

A comparison of exports makes one such text for every item of both sides; most are strings, numbers and maps, which need
no second copy of the item. Whatever else there is, and whatever is wrong, is left to `canonical`.
"""

from __future__ import annotations

from collections.abc import Sequence
from json.encoder import encode_basestring_ascii as quoted
from typing import Any

from harness.comparison.canonical import DEPTH_MAX, Rules, item, number, text_of, value

_PLAIN = Rules()


def item_text(given: Any, rules: Rules = _PLAIN, keep: Sequence[str] = ()) -> str:
    """`text_of(item(given, rules, keep))`. Raises Malformed."""
    if rules != _PLAIN or type(given) is not dict:
        return text_of(item(given, rules, keep))
    return _map(given, 0)


def _map(given: dict[str, Any], depth: int) -> str:
    parts = []
    for name in sorted(given):
        one = given[name]
        # A string, as most attributes are, is not worth a call.
        if type(one) is dict and len(one) == 1 and type(text := one.get("S")) is str:
            parts.append(f'{quoted(name)}:{{"S":{quoted(text)}}}')
        else:
            parts.append(f"{quoted(name)}:{_value(one, depth)}")
    return "{" + ",".join(parts) + "}"


def _value(given: Any, depth: int) -> str:
    if type(given) is dict and len(given) == 1:
        ((kind, inner),) = given.items()
        if kind == "N":
            return f'{{"N":"{number(inner)}"}}'
        if kind == "S" and type(inner) is str:
            return f'{{"S":{quoted(inner)}}}'
        if kind == "BOOL" and type(inner) is bool:
            return '{"BOOL":true}' if inner else '{"BOOL":false}'
        if kind == "M" and type(inner) is dict and depth < DEPTH_MAX:
            return f'{{"M":{_map(inner, depth + 1)}}}'
        if type(inner) is list and inner:
            if kind == "SS" and all(type(one) is str for one in inner) and len(set(inner)) == len(inner):
                return f'{{"SS":[{",".join([quoted(one) for one in sorted(inner)])}]}}'
            if kind == "L" and depth < DEPTH_MAX:
                return f'{{"L":[{",".join([_value(one, depth + 1) for one in inner])}]}}'
    return text_of(value(given, _PLAIN, depth))
