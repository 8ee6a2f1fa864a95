"""Sets of HTTP statuses as people write them: `200`, `"2xx"`, `"200-299"`, `"200,202"`, or a list of those."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Annotated, Any

from pydantic import BeforeValidator

_LOWEST, _HIGHEST = 100, 599
_CLASS = re.compile(r"([1-5])xx", re.IGNORECASE)
_RANGE = re.compile(r"(\d{3})(?:\s*-\s*(\d{3}))?")


def _given(value: object) -> Iterable[object]:
    if isinstance(value, str):
        return value.split(",")
    return value if isinstance(value, list | tuple) else (value,)


def _words(value: object) -> tuple[str, ...]:
    """The set as words of one status, class or range each. Raises ValueError."""
    words = tuple(str(word).strip() for one in _given(value) for word in _given(one))
    for word in words:
        low, high = _bounds(word)
        if not _LOWEST <= low <= high <= _HIGHEST:
            raise ValueError(f"{word}: a status lies between {_LOWEST} and {_HIGHEST}, the lower one first")
    if not words:
        raise ValueError("names no status")
    return words


def _bounds(word: str) -> tuple[int, int]:
    if (found := _CLASS.fullmatch(word)) is not None:
        low = int(found[1]) * 100
        return low, low + 99
    if (found := _RANGE.fullmatch(word)) is None:
        raise ValueError(f'{word!r} is no status; write 200, "2xx", "200-299", or a list of those')
    return int(found[1]), int(found[2] or found[1])


def _valid(value: Any) -> tuple[str, ...]:
    if isinstance(value, bool) or value is None:
        raise ValueError('write 200, "2xx", "200-299", or a list of those')
    return _words(value)


Statuses = Annotated[tuple[str, ...], BeforeValidator(_valid)]


@lru_cache(maxsize=256)
def _ranges(statuses: tuple[str, ...]) -> tuple[tuple[int, int], ...]:
    return tuple(_bounds(word) for word in statuses)


def within(statuses: tuple[str, ...], status: int) -> bool:
    """Whether a status belongs to the set."""
    return any(low <= status <= high for low, high in _ranges(statuses))


def codes(statuses: tuple[str, ...]) -> tuple[int, ...]:
    """Every status of the set, in order."""
    return tuple(sorted({code for low, high in _ranges(statuses) for code in range(low, high + 1)}))
