"""Attributes of another package that are replaced for as long as this process wants, and the way back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class Patches:
    """Replaced and added attributes, and the way back."""

    def __init__(self) -> None:
        self._undo: list[Callable[[], None]] = []

    def wrap(self, owner: Any, name: str, make: Callable[[Any], Any]) -> None:
        """Replace `owner.name` by `make(original)`. Raises AttributeError when there is no such attribute."""
        original = getattr(owner, name)
        setattr(owner, name, make(original))
        self._undo.append(lambda: setattr(owner, name, original))

    def add(self, owner: Any, name: str, value: Any) -> None:
        """Give `owner` an attribute of its own."""
        setattr(owner, name, value)
        self._undo.append(lambda: delattr(owner, name))

    def undo(self) -> None:
        """Put everything back, last replaced first."""
        while self._undo:
            self._undo.pop()()
