"""Which keys are compared: all, those of a range, or a sample of them, and what a sample says of all. Pure.

A sample is chosen by the key alone (its place, an even hash), so both sides have the same keys in it without a word to
each other, and each key is in it with the same chance. So the number of keys that differ in the sample is binomial, and
the bounds are exact ones for that (Clopper and Pearson, Biometrika 26, 1934), with a share of 95 % of samples inside.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from harness.comparison.canonical import Malformed, binary, number

_PLACES = 1 << 128
_TAIL = 0.025
_Z = 1.959963984540054
_EXACT_UP_TO = 400


@dataclass(frozen=True)
class Selection:
    """partition: one value of the partition key, None for all. low (included), high (left out): of the sort key where a
    partition is given, of the partition key where not; None for open. fraction: of the keys, 1.0 for all."""

    partition: str | None = None
    low: str | None = None
    high: str | None = None
    fraction: float = 1.0

    @property
    def is_ranged(self) -> bool:
        """Whether only some keys can be of interest, sample or not."""
        return self.partition is not None or self.low is not None or self.high is not None

    @property
    def limit(self) -> str | None:
        """The place at which the sample ends; None where there is no sample."""
        return None if self.fraction >= 1.0 else f"{int(self.fraction * _PLACES):032x}"


def chooser(selection: Selection, names: Sequence[str]) -> Callable[[Mapping[str, Any]], bool] | None:
    """Whether an item's key is in the range; None where every one is. names: of the key. Raises Malformed."""
    if not selection.is_ranged:
        return None
    if selection.partition is not None and len(names) < 2 and (selection.low or selection.high):
        raise Malformed("a range within one partition needs a sort key, and the key has none")
    ranged = names[0] if selection.partition is None else names[-1]

    def chosen(item: Mapping[str, Any]) -> bool:
        if selection.partition is not None and not _equals(item[names[0]], selection.partition):
            return False
        return _within(item[ranged], selection.low, selection.high)

    return chosen


def _equals(given: Mapping[str, Any], said: str) -> bool:
    ((kind, inner),) = given.items()
    same: bool = _ordered(kind, inner) == _ordered(kind, said)
    return same


def _within(given: Mapping[str, Any], low: str | None, high: str | None) -> bool:
    if low is None and high is None:
        return True
    ((kind, inner),) = given.items()
    at = _ordered(kind, inner)
    return bool((low is None or _ordered(kind, low) <= at) and (high is None or at < _ordered(kind, high)))


def _ordered(kind: str, text: str) -> Any:
    """As DynamoDB orders sort keys: numbers by value, strings by their UTF-8 bytes, binary by its bytes."""
    if kind == "N":
        return Decimal(number(text))
    return base64.b64decode(binary(text)) if kind == "B" else text.encode("utf-8", "surrogatepass")


def bounds(found: int, fraction: float) -> tuple[int, int]:
    """How many there are in all, where a sample of `fraction` shows `found`: bounds, right for 95 % of samples."""
    if fraction >= 1.0:
        return found, found
    if found > _EXACT_UP_TO:
        middle, width = found + _Z**2 / 2, _Z * math.sqrt(found * (1 - fraction) + _Z**2 / 4)
        return max(found, math.floor((middle - width) / fraction)), math.ceil((middle + width) / fraction)
    return _fewest(found, fraction), _most(found, fraction)


def _most(found: int, fraction: float) -> int:
    low, high = found, found + 1
    while _at_most(found, high, fraction) > _TAIL:
        low, high = high, high * 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if _at_most(found, middle, fraction) > _TAIL else (low, middle)
    return low


def _fewest(found: int, fraction: float) -> int:
    if not found:
        return 0
    low, high = found - 1, found
    while 1 - _at_most(found - 1, high, fraction) < _TAIL:
        low, high = high, high * 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if 1 - _at_most(found - 1, middle, fraction) >= _TAIL else (middle, high)
    return high


def _at_most(found: int, total: int, fraction: float) -> float:
    """The chance of at most `found` out of `total`."""
    if found >= total:
        return 1.0
    yes, no = math.log(fraction), math.log1p(-fraction)
    terms = (
        math.lgamma(total + 1) - math.lgamma(n + 1) - math.lgamma(total - n + 1) + n * yes + (total - n) * no
        for n in range(found + 1)
    )
    return math.fsum(math.exp(term) for term in terms)
