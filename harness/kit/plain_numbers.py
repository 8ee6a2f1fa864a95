"""Numbers as people type them in options and steps: in the digits 0 to 9, and in nothing else that Python would take.

Python reads `1_0` as 10, `٣` as 3, and `nan` as a number: where somebody typed that, something else was meant.
"""

from __future__ import annotations

import re

_WHOLE = re.compile(r"[+-]?[0-9]+")
_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_LONGEST = 40
"""More digits than any number here has; Python itself refuses thousands of them, with an error of its own."""


def whole(given: object) -> int:
    """A whole number, or the text of one. Raises ValueError."""
    if isinstance(given, int) and not isinstance(given, bool):
        return given
    text = given.strip() if isinstance(given, str) else ""
    if not _WHOLE.fullmatch(text) or len(text) > _LONGEST:
        raise ValueError("must be a whole number, in the digits 0 to 9")
    return int(text)


def number(given: object) -> float:
    """A number, or the text of one. Raises ValueError."""
    if isinstance(given, int | float) and not isinstance(given, bool):
        return float(given)
    text = given.strip() if isinstance(given, str) else ""
    if not _NUMBER.fullmatch(text) or len(text) > _LONGEST:
        raise ValueError("must be a number, in the digits 0 to 9")
    return float(text)
