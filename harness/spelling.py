"""How lengths of time are written for people: one rounding, for sentences of checkers and for every report alike.

Brackets are rounded outwards, so that reading never claims more than was measured.
"""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal

from harness.outcome import Bracket
from harness.units import NS_PER_S

_CENTI = Decimal("0.01")


def seconds(value_ns: int) -> str:
    """`8.14 s`: a length that is known, to the nearest hundredth."""
    return f"{_rounded(value_ns, ROUND_HALF_EVEN)} s"


def bracket(value: Bracket) -> str:
    """`7.94 – 8.36 s`, or `over 7.94 s` where no end was seen."""
    low = _rounded(value.low_ns, ROUND_FLOOR)
    if value.high_ns is None:
        return f"over {low} s"
    high = _rounded(value.high_ns, ROUND_CEILING)
    return f"{low} s" if low == high else f"{low} – {high} s"


def _rounded(value_ns: int, how: str) -> Decimal:
    return (Decimal(value_ns) / NS_PER_S).quantize(_CENTI, rounding=how)
