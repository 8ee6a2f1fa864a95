"""Durations as people type them."""

from __future__ import annotations

import re

from harness.errors import InputError

_UNITS_S = {"": 1.0, "ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_DURATION = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*(ms|s|m|h|)")
_LONGEST_S = 24 * 3600.0


def seconds_of(text: str, option: str) -> float:
    """The seconds of `90`, `60s`, `5m` or `1.5h`. option: for errors. Raises InputError."""
    found = _DURATION.fullmatch(text.strip().lower())
    if found is None:
        raise InputError(f"{option} {text}: must be a duration such as 90, 60s, 5m or 1h")
    seconds = float(found[1]) * _UNITS_S[found[2]]
    if not 0 < seconds <= _LONGEST_S:
        raise InputError(f"{option} {text}: must be more than 0 and at most 24h")
    return seconds
