"""From items as they are read to records that can be compared: where the key stands, and the item's one form. Pure."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

from harness.comparison import canonical
from harness.comparison.canonical import Malformed, Rules
from harness.comparison.item_text import item_text
from harness.comparison.selection import Selection, chooser
from harness.errors import InputError


class Record(NamedTuple):
    """place: of the key, 32 hexadecimal digits; text: the canonical item, "" where it was deleted.

    kinds: the letters of the types of the key's attributes.
    """

    place: str
    text: str
    kinds: str = ""


@dataclass(frozen=True)
class Shape:
    """What is compared of each item. names: the attributes of the key, partition key first."""

    names: tuple[str, ...]
    rules: Rules = field(default_factory=Rules)
    selection: Selection = field(default_factory=Selection)

    @cached_property
    def _chosen(self) -> Callable[[Mapping[str, Any]], bool] | None:
        return chooser(self.selection, self.names)

    @cached_property
    def _limit(self) -> str | None:
        return self.selection.limit

    def record(self, identity: Mapping[str, Any], item: Mapping[str, Any] | None) -> Record | None:
        """The record of an item, None where it is not to be compared. identity: attributes with the key among them.

        Raises Malformed.
        """
        if not isinstance(identity, dict):
            raise Malformed("it is no item")
        place = canonical.place_of(canonical.key_of(self.names, identity))
        if self._limit is not None and place >= self._limit:
            return None
        if self._chosen is not None and not self._chosen(identity):
            return None
        kinds = "".join([next(iter(identity[name])) for name in self.names])
        return Record(place, "" if item is None else item_text(item, self.rules, self.names), kinds)


def of_one_table(side: str, names: Sequence[str], known: str, kinds: str) -> None:
    """Refuse a key of other types than one before it. known, kinds: see Record. Raises InputError."""
    for name, one, other in zip(names, known, kinds, strict=True):
        if one != other:
            first, second = sorted((one, other), reverse=True)
            text = f"{name}, named as the key, is of type {first} in one item and {second} in another"
            raise InputError(f"{side}: {text}. It is not of one table")


def there_twice(side: str, names: Sequence[str], item: str) -> str:
    """What is wrong with a side that has two items of one key. item: one of them, as JSON."""
    return f"{side}: a key is there twice: {canonical.key_text(names, json.loads(item))[:200]}. It is not of one table"
