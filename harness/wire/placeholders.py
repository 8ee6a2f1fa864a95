"""Texts of a subject file that are filled in later: `{id}` and its like, and `${env:NAME}` from the environment.

What comes from the environment may be a secret: it stays a name in every file, message and model, and is looked up only
where bytes are made of it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping

_PLACE = re.compile(r"\$\{env:(?P<env>[A-Za-z_][A-Za-z0-9_]*)\}|\{(?P<field>[A-Za-z_]+)\}")
_HIDDEN = "***"
_TELLING = 4
"""Letters from which on a value is found within other words, too."""
WITHHELD = ("AWS_", "MOTO_")
"""Variables with these prefixes are kept from every process of a world: they belong to the user's own account."""


def fill(
    text: str, fields: Mapping[str, str], environ: Mapping[str, str], escape: Callable[[str], str] = str
) -> str:  # fmt: skip
    """The text with every known placeholder replaced, in one pass. Raises KeyError for a variable that is not set."""

    def put(found: re.Match[str]) -> str:
        if found["env"] is not None:
            return escape(environ[found["env"]])
        return escape(fields[found["field"]]) if found["field"] in fields else found[0]

    return _PLACE.sub(put, text)


def variables(text: str) -> Iterator[str]:
    """The names of environment variables that a text takes."""
    return (found["env"] for found in _PLACE.finditer(text) if found["env"] is not None)


def fields(text: str) -> Iterator[str]:
    """The names in braces that a text has."""
    return (found["field"] for found in _PLACE.finditer(text) if found["field"] is not None)


def texts(value: object) -> Iterator[str]:
    """Every text within a value as YAML gives it."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, held in value.items():
            yield str(key)
            yield from texts(held)
    elif isinstance(value, list | tuple):
        for held in value:
            yield from texts(held)


def values(names: Iterable[str], environ: Mapping[str, str]) -> list[str]:
    """What these variables hold."""
    return [environ[name] for name in names if environ.get(name)]


def without(data: bytes, values: Iterable[str]) -> bytes:
    """What a program has printed, without these values; those of a few letters stay, for they are in too many words."""
    for value in sorted({value for value in values if len(value) >= _TELLING}, key=len, reverse=True):
        data = data.replace(value.encode(errors="surrogateescape"), _HIDDEN.encode())
    return data


def hidden(text: str, names: Iterable[str], environ: Mapping[str, str]) -> str:
    """A text for people in which the values of these variables are not shown; short ones where they stand alone."""
    for value in sorted({environ.get(name, "") for name in names}, key=len, reverse=True):
        if len(value) >= _TELLING:
            text = text.replace(value, _HIDDEN)
        elif value:
            text = re.sub(rf"(?<!\w){re.escape(value)}(?!\w)", _HIDDEN, text)
    return text
