"""Fields of a body, each of its type and within its limits. All raise Refusal, with the words of the service."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from harness.engines.provider.values import Json
from harness.parts.steering.cloudflare.values import invalid

_KINDS: Mapping[type, str] = {
    int: "an integer",
    str: "a string",
    bool: "a boolean",
    list: "an array",
    dict: "an object",
}
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_HEADER_VALUE = re.compile(r"[\t\x20-\x7e]*")


class Fields:
    """A body over what it changes: what it does not say is as it was, or as the service has it by default."""

    def __init__(self, body: Json, before: Json) -> None:
        self._body = body
        self._before = before

    def of(self, name: str, kind: type, default: Any = None) -> Any:
        """A field of one type; null and nothing are the default."""
        value = self._body.get(name) if name in self._body else self._before.get(name)
        if value is None:
            return default
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            raise invalid(f"{name} must be {_KINDS[kind]}")
        return value

    def wanted(self, name: str, kind: type) -> Any:
        """A field that there must be."""
        value = self.of(name, kind)
        if value is None or value == "":
            raise invalid(f"{name} is required")
        return value

    def within(self, name: str, least: int, most: int, default: int) -> int:
        """A whole number within limits."""
        value: int = self.of(name, int, default)
        if not least <= value <= most:
            raise invalid(f"{name} is not in range [{least}, {most}]")
        return value

    def number(self, name: str, least: float, most: float, default: float | None) -> float | None:
        """A number within limits."""
        value = self._body.get(name) if name in self._body else self._before.get(name)
        if value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise invalid(f"{name} must be a number")
        if not least <= value <= most:
            raise invalid(f"{name} is not in range [{least:g}, {most:g}]")
        return value

    def among(self, name: str, words: Iterable[str], default: str) -> str:
        """One of several words."""
        value: str = self.of(name, str, default) or default
        known = tuple(words)
        if value not in known:
            raise invalid(f"{name} must be one of {', '.join(known)}")
        return value

    def texts(self, name: str) -> list[str]:
        """A list of texts."""
        found: list[Any] = self.of(name, list, [])
        if not all(isinstance(one, str) and one for one in found):
            raise invalid(f"{name} must be an array of strings")
        return list(found)

    def lists_by_name(self, name: str) -> dict[str, list[str]]:
        """An object whose values are lists of texts."""
        found: dict[str, Any] = self.of(name, dict, {})
        return {key: Fields(found, {}).texts(key) for key in found}

    def headers(self, name: str) -> dict[str, list[str]]:
        """Headers of HTTP, each with one value or more, that can stand in a request."""
        found = self.lists_by_name(name)
        if any(not _HEADER_NAME.fullmatch(key) for key in found):
            raise invalid(f"{name} has a name that no header can have")
        if any(not values or not all(map(_HEADER_VALUE.fullmatch, values)) for values in found.values()):
            raise invalid(f"{name} needs values of one line each")
        return found

    def objects(self, name: str) -> list[Any] | None:
        """A list of objects; None where there is none."""
        found: list[Any] | None = self.of(name, list)
        if found is not None and not all(isinstance(one, Mapping) for one in found):
            raise invalid(f"{name} must be an array of objects")
        return found
