"""The heart that all engines share: two canonical items of one place become a difference, or nothing. Pure."""

from __future__ import annotations

import json
from collections.abc import Sequence

from harness.comparison import canonical, differences
from harness.comparison.differences import CHANGED, ONLY_LEFT, ONLY_RIGHT, Difference


def difference(names: Sequence[str], place: str, left: str, right: str) -> Difference | None:
    """left, right: canonical texts, "" where there is no item. None: they are the same."""
    if left == right:
        return None
    a, b = (json.loads(text) if text else None for text in (left, right))
    key = canonical.key_text(names, a or b or {})
    if a is None or b is None:
        return Difference(place, key, ONLY_RIGHT if a is None else ONLY_LEFT, left or None, right or None)
    if key != canonical.key_text(names, b):
        raise ArithmeticError(f"two keys stand at one place: {key} and {canonical.key_text(names, b)}")
    return Difference(place, key, CHANGED, left, right, tuple(differences.changes(a, b)))
