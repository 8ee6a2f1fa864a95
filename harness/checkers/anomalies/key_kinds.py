"""Which keys are of the kind that items have: as those of the acknowledged writes are, part by part.

An application keeps more than items: outboxes, idempotency records, indexes. Their keys are made otherwise (`outbox#17`
beside `17`), and that is all that can be seen of it from outside.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

_PARTS = re.compile(r"[0-9A-Za-z]+")
_HEX = re.compile(r"[0-9a-f]+")
_LETTERS = re.compile(r"^[A-Za-z]*")


def mentions(key: str, text: str) -> bool:
    """Whether a key is made from a text: it holds it whole (`outbox#17` holds `17`, and `170` does not)."""
    return re.search(rf"(?<![0-9A-Za-z]){re.escape(text)}(?![0-9A-Za-z])", key) is not None


class Kinds:
    """The kinds of some keys: those with the same separators are of one kind."""

    def __init__(self, keys: Iterable[str]) -> None:
        self._shapes: dict[tuple[str, ...], _Shape] = {}
        for key in keys:
            separators, parts = tuple(_PARTS.split(key)), _PARTS.findall(key)
            if separators not in self._shapes:
                self._shapes[separators] = _Shape([_Part() for _ in parts], _letters(key))
            self._shapes[separators].take(key, parts)

    def __bool__(self) -> bool:
        return bool(self._shapes)

    def __contains__(self, key: object) -> bool:
        if not isinstance(key, str):
            return False
        shape = self._shapes.get(tuple(_PARTS.split(key)))
        return shape is not None and shape.fits(key)


@dataclass
class _Shape:
    """parts: between the separators, in their order. prefix: letters that every key begins with."""

    parts: list[_Part]
    prefix: str

    def take(self, key: str, parts: list[str]) -> None:
        while not key.startswith(self.prefix):
            self.prefix = self.prefix[:-1]
        for part, text in zip(self.parts, parts, strict=True):
            part.take(text)

    def fits(self, key: str) -> bool:
        return key.startswith(self.prefix) and all(
            part.fits(text) for part, text in zip(self.parts, _PARTS.findall(key), strict=True)
        )


@dataclass
class _Part:
    """What stood in one place: words (letters alone), numbers (the longest has `digits`), or a mixture of both."""

    words: set[str] = field(default_factory=set)
    digits: int = 0
    lengths: set[int] = field(default_factory=set)
    mixed: bool = False
    hexadecimal: bool = True

    def take(self, text: str) -> None:
        if text.isalpha():
            self.words.add(text)
        elif text.isdigit():
            self.digits = max(self.digits, len(text))
        else:
            self.mixed = True
        self.lengths.add(len(text))
        self.hexadecimal = self.hexadecimal and _HEX.fullmatch(text) is not None

    def fits(self, text: str) -> bool:
        if text in self.words or (text.isdigit() and len(text) <= self.digits + (self.digits > 0)):
            return True  # numbers grow
        grown = len(self.lengths) > 1
        right = min(self.lengths) <= len(text) <= max(self.lengths) + grown
        return self.mixed and right and (not self.hexadecimal or _HEX.fullmatch(text) is not None)


def _letters(key: str) -> str:
    found = _LETTERS.match(key)
    return found[0] if found else ""
