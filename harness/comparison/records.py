"""From items as they are read to records that can be compared: where the key stands, and the item's one form. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

from harness.comparison import canonical
from harness.comparison.canonical import Malformed, Rules
from harness.comparison.item_text import item_text
from harness.comparison.selection import Selection, chooser


class Record(NamedTuple):
    """place: of the key, 32 hexadecimal digits; text: the canonical item, "" where it was deleted."""

    place: str
    text: str


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
        return Record(place, "" if item is None else item_text(item, self.rules, self.names))
