"""A place in a document: a field's name, or a JSON pointer (RFC 6901)."""

from __future__ import annotations

import json
from typing import Any

NOTHING: tuple[object, ...] = (None, {}, [], "")
"""What holds nothing: where it is found on the way to a place, nothing is there."""


class Missing(Exception):
    """There is no such place. empty: what was found on the way holds nothing at all."""

    def __init__(self, *, empty: bool) -> None:
        super().__init__("nothing is there")
        self.empty = empty


def at(document: Any, place: str) -> Any:
    """What stands at a place. A text on the way that is JSON itself is looked into. Raises Missing."""
    for name in _tokens(place):
        if isinstance(document, str) and document:
            try:
                document = json.loads(document)
            except (ValueError, RecursionError):
                raise Missing(empty=False) from None
        try:
            document = document[int(name)] if isinstance(document, list) else document[name]
        except (KeyError, IndexError, TypeError, ValueError):
            raise Missing(empty=any(document is one or document == one for one in NOTHING)) from None
    return document


def _tokens(place: str) -> list[str]:
    if not place.startswith("/"):
        return [place]
    return [token.replace("~1", "/").replace("~0", "~") for token in place[1:].split("/")]


def text_of(found: Any) -> str:
    """What was found as one text: texts as they are, the rest as JSON."""
    return found if isinstance(found, str) else json.dumps(found)
