"""Reads the JSON-able configuration of the HTTP stand-ins; every mistake is an InputError that names its key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from harness.errors import InputError

Address = tuple[str, int]


def check_keys(value: object, place: str, required: Sequence[str], optional: Sequence[str] = ()) -> Mapping[str, Any]:
    """A mapping that has every required key and no unknown one. place: how the message calls it."""
    if not isinstance(value, Mapping):
        raise InputError(f"{place}: a mapping is wanted, not {value!r}")
    problems = [f"{place}: {key} is missing" for key in required if key not in value]
    allowed = {*required, *optional}
    problems += [
        f"{place}: unknown key {key!r}; allowed: {', '.join(sorted(allowed))}" for key in value if key not in allowed
    ]
    if problems:
        raise InputError(*problems)
    return value


def address(value: object, place: str) -> Address:
    """A `[host, port]` pair; port 0 means any."""
    if isinstance(value, (list, tuple)) and len(value) == 2:
        host, port = value
        if isinstance(host, str) and isinstance(port, int) and not isinstance(port, bool) and 0 <= port <= 65535:
            return host, port
    raise InputError(f"{place}: an address is [host, port], not {value!r}")


def text(value: object, place: str) -> str:
    """A string that is not empty."""
    if not isinstance(value, str) or not value:
        raise InputError(f"{place}: a text is wanted, not {value!r}")
    return value


def seconds(value: object, place: str) -> float:
    """A duration in seconds, above 0."""
    if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 < value < 1e9:
        return float(value)
    raise InputError(f"{place}: seconds above 0 are wanted, not {value!r}")


def count(value: object, place: str) -> int:
    """A whole number, 1 or more."""
    if isinstance(value, int) and not isinstance(value, bool) and value >= 1:
        return value
    raise InputError(f"{place}: a whole number above 0 is wanted, not {value!r}")
