"""JSON as its grammar has it: no NaN, no Infinity, no number that is too large to be one (RFC 8259, section 6).

Python reads them, and hands them on to machines that compare and wait: a time-out of NaN never ends and never passes.
"""

from __future__ import annotations

import json
import math
from typing import Any, NoReturn

_SHOWN_CHARACTERS = 40


def strict_json(text: str | bytes) -> Any:
    """What a JSON text says. Raises ValueError, also for numbers that JSON cannot carry."""
    try:
        return json.loads(text, parse_constant=_refused, parse_float=_finite)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def well_formed_json(text: str | bytes) -> Any:
    """What a JSON text says that holds no half of a character, which nothing that is sent or stored can carry.

    Raises ValueError.
    """
    found = strict_json(text)
    waiting = [found]
    while waiting:
        match waiting.pop():
            case str(one):
                try:
                    one.encode()
                except UnicodeEncodeError:
                    raise ValueError("a text holds half a character") from None
            case list(several):
                waiting += several
            case dict(pairs):
                waiting += (*pairs, *pairs.values())
    return found


def _refused(word: str) -> NoReturn:
    raise ValueError(f"{word} is no number that JSON can carry")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        shown = text if len(text) <= _SHOWN_CHARACTERS else text[:_SHOWN_CHARACTERS] + "…"
        raise ValueError(f"{shown} is larger than any number here can be")
    return value
