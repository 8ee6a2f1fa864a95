"""Where a table keeps what clients sent: which items are theirs, under which key, and where the value stands. Pure.

An item is as DynamoDB's API writes it: attribute -> {type: what it holds}. Items that do not fit the table's key belong
to something else, as in a table that holds several kinds of things, and are left out.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from decimal import Context, Decimal
from functools import lru_cache
from typing import Annotated, Any

from pydantic import AfterValidator, Field

from harness.kit.config import Strict
from harness.wire import json_place

Item = Mapping[str, Mapping[str, Any]]
ID = "{id}"
_PLAIN = re.compile(r"-?[1-9]\d*|0", re.ASCII)
_LARGEST, _EXACT = 130, Context(prec=400)
KEYS_MAX = 2
"""A partition key and a sort key (DynamoDB Developer Guide, "Primary key")."""

Attribute = Annotated[str, Field(min_length=1)]


class StoredValue(Strict):
    """A value within an attribute. at: a field's name or a JSON pointer, in a map or in a text that is JSON."""

    attribute: Attribute
    at: Attribute


def _templates(templates: dict[str, str]) -> dict[str, str]:
    if not 1 <= len(templates) <= KEYS_MAX:
        raise ValueError("a key has a partition key and at most a sort key")
    if not any(ID in template for template in templates.values()):
        raise ValueError("one of the key's attributes must hold {id}")
    if any(template.count(ID) > 1 for template in templates.values()):
        raise ValueError("{id} stands once in an attribute")
    return templates


KeySpec = Attribute | Annotated[dict[Attribute, Attribute], AfterValidator(_templates)]
"""The attribute that is the key; or, by attribute, what the partition key and the sort key hold: `ITEM#{id}`."""
ValueSpec = Attribute | StoredValue
"""The attribute that holds the value (`a.b`: within a map); or where in an attribute it stands."""


def key_attributes(key: KeySpec) -> tuple[str, ...]:
    """The partition key, and the sort key where there is one."""
    return (key,) if isinstance(key, str) else tuple(key)


def attributes(key: KeySpec, value: ValueSpec) -> tuple[str, ...]:
    """The attributes of an item that tell its key and its value, each once."""
    return tuple(dict.fromkeys((*key_attributes(key), *value_attributes(value))))


def key_of(key: KeySpec, item: Item) -> str | None:
    """What clients call the item; None: it is none of theirs."""
    if isinstance(key, str):
        return text_of(item.get(key))
    found: str | None = None
    for name, template in key.items():
        text = text_of(item.get(name))
        if text is None:
            return None
        if ID not in template:
            if text != template:
                return None
            continue
        match = _pattern(template).fullmatch(text)
        if match is None or (found is not None and found != match[1]):
            return None
        found = match[1]
    return found


def keyed(key: KeySpec, name: str, types: Mapping[str, str] | None = None) -> dict[str, dict[str, Any]]:
    """The key of the item that clients call `name`. types: of attributes that are no strings."""
    held = {key: ID} if isinstance(key, str) else key
    return {
        attribute: {(types or {}).get(attribute, "S"): template.replace(ID, name)}
        for attribute, template in held.items()
    }


def value_attributes(value: ValueSpec) -> tuple[str, ...]:
    """The attributes that may hold a value: `a.b` is one of that name, or a map `a`."""
    if isinstance(value, StoredValue):
        return (value.attribute,)
    return (value,) if "." not in value else tuple(dict.fromkeys((value, value.partition(".")[0])))


def value_of(value: ValueSpec, item: Item) -> str | None:
    """The value as text; None: the item has none there."""
    if isinstance(value, StoredValue):
        return _within(item.get(value.attribute), value.at)
    if value in item or "." not in value:
        return text_of(item.get(value))
    attribute, _, path = value.partition(".")
    return _within(item.get(attribute), "/" + path.replace("~", "~0").replace("/", "~1").replace(".", "/"))


def holders(item: Item, text: str) -> Iterator[str]:
    """Where in an item a text stands, in the words of a table's `value:`; for whoever looks for it."""
    for name, attribute in item.items():
        if text_of(attribute) == text:
            yield name
        else:
            yield from (f"{{attribute: {name}, at: {place}}}" for place in places(plain(attribute), text))


def places(held: Any, text: str, place: str = "") -> Iterator[str]:
    """JSON pointers to where a text stands in something that JSON can hold, or in a text that is JSON. place: of it."""
    if isinstance(held, str) and held[:1] in ("{", "["):
        try:
            held = json.loads(held)
        except (ValueError, RecursionError):
            return
    if isinstance(held, Mapping | list):
        children = held.items() if isinstance(held, Mapping) else enumerate(held)
        for name, child in children:
            below = f"{place}/{str(name).replace('~', '~0').replace('/', '~1')}"
            if child == text:
                yield below
            else:
                yield from places(child, text, below)


def _within(attribute: Mapping[str, Any] | None, place: str) -> str | None:
    if attribute is None:
        return None
    try:
        found = json_place.at(plain(attribute), place)
    except json_place.Missing:
        return None
    return None if found is None else json_place.text_of(found)


def text_of(attribute: Mapping[str, Any] | None) -> str | None:
    """An attribute as one text: strings as they are, the rest as JSON. None stays None.

    What is the same to DynamoDB is the same text: the forms of a number (7, 7.0, 70e-1), the order of a set and of a
    map's attributes (Amazon DynamoDB Developer Guide, "Supported data types and naming rules").
    """
    if attribute is None:
        return None
    held = _canonical(attribute)
    return held if isinstance(held, str) else json.dumps(held, sort_keys=True, default=str)


def _canonical(attribute: Mapping[str, Any]) -> Any:
    """What an attribute holds, with the types of what is nested, in the one form that equal ones share."""
    ((kind, held),) = attribute.items()
    if kind == "S":
        return held
    if kind == "N":
        return _digits(str(held))
    if kind in ("SS", "NS", "BS"):
        return sorted(_digits(one) if kind == "NS" else str(one) for one in held)
    if kind == "L":
        return [_nested(one) for one in held]
    return {name: _nested(one) for name, one in held.items()} if kind == "M" else held


def _nested(attribute: Mapping[str, Any]) -> Any:
    return {next(iter(attribute)): _canonical(attribute)}


def _digits(text: str) -> str:
    """A number in plain digits; what is none, or beyond what DynamoDB holds (38 digits, 1e126), as it is."""
    if _PLAIN.fullmatch(text):
        return text
    try:
        number = Decimal(text)
    except ArithmeticError:
        return text
    if not number.is_finite() or abs(number.adjusted()) > _LARGEST:
        return text
    return f"{number.normalize(_EXACT):f}" if number else "0"


def plain(attribute: Mapping[str, Any]) -> Any:
    """What an attribute holds, without the types."""
    ((kind, held),) = attribute.items()
    if kind == "M":
        return {name: plain(one) for name, one in held.items()}
    if kind == "L":
        return [plain(one) for one in held]
    if kind == "N":
        return _number(str(held))
    return None if kind == "NULL" else held


def _number(text: str) -> Any:
    """As JSON would say it: 7 and not 7.0, so that it is the same text as the application's answer."""
    try:
        return json.loads(text)
    except ValueError:
        return text


@lru_cache(maxsize=64)
def _pattern(template: str) -> re.Pattern[str]:
    before, _, after = template.partition(ID)
    return re.compile(f"{re.escape(before)}(.+){re.escape(after)}", re.DOTALL)
