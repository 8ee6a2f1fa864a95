"""Whether two JSON files say the same, however they are written. Pure.

Shopify writes JSON templates anew when they are saved: with other spaces and escapes, and a comment at the top. What
such a file says is its values: the order of keys in objects says nothing, and 1.0 is 1.
"""

from __future__ import annotations

import json
import re
from decimal import Decimal, InvalidOperation
from typing import Any

_COMMENTS_FIRST = re.compile(r"\A(?:\ufeff|\s|/\*.*?\*/)*", re.DOTALL)


def is_json(name: str) -> bool:
    """Whether a file holds JSON, by its name."""
    return name.endswith(".json")


def same(name: str, left: bytes, right: bytes) -> bool:
    """Whether two states of a file are the same: JSON by what it says, all else byte for byte."""
    if left == right:
        return True
    if not is_json(name):
        return False
    one, other = canonical(left), canonical(right)
    return one is not None and one == other


def canonical(content: bytes) -> str | None:
    """One text for all ways to write the same; None where it is no JSON."""
    try:
        text = _COMMENTS_FIRST.sub("", content.decode("utf-8"), count=1)
        parsed = json.loads(text, parse_float=_number, parse_int=_number, object_pairs_hook=_no_key_twice)
        return json.dumps(parsed, sort_keys=True, separators=(",", ":"))
    except (ValueError, RecursionError, InvalidOperation):
        return None


def _number(text: str) -> dict[str, str]:
    """A form that no other value has: true is no 1, and large numbers keep their digits."""
    sign, digits, exponent = Decimal(text).as_tuple()
    plain = "".join(map(str, digits)).lstrip("0")
    kept = plain.rstrip("0")
    if not kept:
        return {"\\0number": "-0" if sign else "0"}
    assert isinstance(exponent, int)
    return {"\\0number": f"{'-' if sign else ''}{kept}E{exponent + len(plain) - len(kept)}"}


def _no_key_twice(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """What a key that is there twice says depends on the reader: such files are compared by their bytes."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key is there twice")
    return found
