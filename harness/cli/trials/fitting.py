"""Which `key:` and `value:` of a table would fit an item that was found otherwise than the subject file says. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from harness import stored
from harness.stored import ID, Item, KeySpec, StoredValue, ValueSpec
from harness.topology.subject import Table

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
"""What YAML takes for text without quotes, as far as names in tables go."""


def holder(item: Item, value: str) -> tuple[str, str] | None:
    """The attribute in which an item holds a text, and where, in the words of a table's `value:`."""
    for name, attribute in item.items():
        for place in stored.holders({name: attribute}, value):
            return name, place
    return None


def offered(table: Table, item: Item, key: str, value: str) -> str:
    """What the subject file would have to say of an item that clients call `key`; empty where nobody can tell."""
    found = holder(item, value)
    if found is None:
        return ""
    held_in, place = found
    right = stored.value_of(table.value, item) == value
    texts = {name: held["S"] for name, held in item.items() if name != held_in and "S" in held}
    templates = {name: text.replace(key, ID) for name, text in texts.items() if text.count(key) == 1}
    if stored.key_of(table.key, item) == key:
        fits: KeySpec | None = table.key
    else:
        fits = _key(templates, {name: text for name, text in texts.items() if key not in text}, table.key)
    if fits is None:
        return ""
    return f"`{written(fits, table.value if right else place)}` would fit it"


def _key(templates: Mapping[str, str], others: Mapping[str, str], said: KeySpec) -> KeySpec | None:
    """The attribute that holds the id, one that the file names before others; and the one that may be the sort key.

    Where several might be the sort key only those count that the file names.
    """
    named = set(stored.key_attributes(said))
    if not templates:
        return None
    name = min(templates, key=lambda one: one not in named)
    beside = [one for one in others if one in named] or (list(others) if len(others) == 1 else [])
    key = {name: templates[name]} | {one: others[one] for one in beside[:1]}
    return name if key == {name: ID} else key


def written(key: KeySpec, value: ValueSpec) -> str:
    """Both as they stand in the file."""
    told = key if isinstance(key, str) else _mapping(key)
    held = _mapping({"attribute": value.attribute, "at": value.at}) if isinstance(value, StoredValue) else value
    return f"key: {told}, value: {held}"


def _mapping(given: Mapping[str, str]) -> str:
    shown = (f"{name}: {text if _PLAIN.fullmatch(text) else json.dumps(text)}" for name, text in given.items())
    return f"{{{', '.join(shown)}}}"
