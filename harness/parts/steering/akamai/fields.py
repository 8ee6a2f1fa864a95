"""What the body of a property, a data centre or a domain may say: every mistake is told, each in a sentence.

Ranges and words: the API's description (property, data centre and domain objects). What is left out gets the value that
Akamai documents as the default, or the one that its examples have.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.engines.dns.names import is_host_name
from harness.engines.provider.values import Json
from harness.parts.steering.akamai import media
from harness.parts.steering.akamai.values import Refusal

Check = Callable[[Any], str | None]
"""What is wrong with a value, "" for nothing to say; None: nothing is."""


def text(value: Any) -> str | None:
    """A string."""
    return None if isinstance(value, str) else "must be a string"


def name(value: Any) -> str | None:
    """A string that says something."""
    return None if isinstance(value, str) and value.strip() else "must not be empty"


def host(value: Any) -> str | None:
    """A host name, or an empty string."""
    good = isinstance(value, str) and (not value or is_host_name(value))
    return None if good else "must be a host name"


def flag(value: Any) -> str | None:
    """True or false."""
    return None if isinstance(value, bool) else "must be true or false"


def objects(value: Any) -> str | None:
    """A list of objects."""
    good = isinstance(value, list) and all(isinstance(one, Mapping) for one in value)
    return None if good else "must be an array of objects"


def texts(value: Any) -> str | None:
    """A list of strings."""
    good = isinstance(value, list) and all(isinstance(one, str) and one for one in value)
    return None if good else "must be an array of strings"


def anything(_: Any) -> str | None:
    """Whatever it is, it is kept."""
    return None


def whole(least: int, most: int | None = None) -> Check:
    """A whole number within limits."""

    def check(value: Any) -> str | None:
        if type(value) is not int:
            return "must be an integer"
        return _within(value, least, most)

    return check


def number(least: float, most: float | None = None) -> Check:
    """A number within limits."""

    def check(value: Any) -> str | None:
        if type(value) not in (int, float) or not math.isfinite(value):
            return "must be a number"
        return _within(value, least, most)

    return check


def one_of(words: Collection[str]) -> Check:
    """One of several words."""

    def check(value: Any) -> str | None:
        return None if isinstance(value, str) and value in words else f"must be one of: {', '.join(words)}"

    return check


def _within(value: float, least: float, most: float | None) -> str | None:
    if value < least:
        return f"must be at least {least:g}"
    return f"must be at most {most:g}" if most is not None and value > most else None


@dataclass(frozen=True)
class Field:
    """One field of an object. required: it must be there, and not null. default: where it is not; null is kept."""

    check: Check = anything
    default: Any = None
    required: bool = False


@dataclass(frozen=True)
class Shape:
    """What an object may say. kind: as harness.parts.steering.akamai.media knows it; read_only: fields that are sent
    back as they were told, and left alone."""

    kind: str
    fields: Mapping[str, Field]
    read_only: frozenset[str] = field(default=frozenset({"links", "lastModified", "status"}))

    def filled(self, body: Json, version: str, label: str, errors: list[str]) -> dict[str, Any]:
        """The body with every field it has not; what is wrong with it is added to `errors`. label: what it is."""
        given = {key: value for key, value in body.items() if key not in self.read_only}
        for key in given:
            if key not in self.fields:
                errors.append(f'{label}: "{key}" is not a known field')
        for key in media.newer(self.kind, {key: given[key] for key in given if key in self.fields}, version):
            errors.append(f'{label}: "{key}" is not a field of version {version}')
        return {key: self._value(key, known, given, label, errors) for key, known in self.fields.items()}

    def _value(self, key: str, known: Field, given: Json, label: str, errors: list[str]) -> Any:
        value = given.get(key)
        if value is None:
            if known.required:
                errors.append(f'{label}: "{key}" is required')
            return known.default
        wrong = known.check(value)
        if wrong is not None:
            errors.append(f'{label}: "{key}" {wrong}')
            return known.default
        return value


def object_of(body: Any) -> Json:
    """What a body says. Raises Refusal for what is no JSON object."""
    if not isinstance(body, Mapping):
        raise Refusal(400, "config-gtm/v1/badRequest", "Bad Request", "Could not read JSON: an object is expected")
    return body


def repeated(names: Iterable[Any]) -> list[Any]:
    """What is there more than once."""
    seen: set[Any] = set()
    twice: list[Any] = []
    for one in names:
        if one in seen and one not in twice:
            twice.append(one)
        seen.add(one)
    return twice
