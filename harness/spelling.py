"""How lengths of time and shares are written for people: one rounding, for checkers and for every report alike.

Brackets are rounded outwards, so that reading never claims more than was measured. Whole numbers alone, so that a
length of any size can be written.
"""

from __future__ import annotations

from harness.outcome import Bracket
from harness.units import NS_PER_S

_CENTI_NS = NS_PER_S // 100


def seconds(value_ns: int) -> str:
    """`8.14 s`: a length that is known, to the nearest hundredth."""
    whole, rest_ns = divmod(value_ns, _CENTI_NS)
    up = 2 * rest_ns > _CENTI_NS or (2 * rest_ns == _CENTI_NS and whole % 2 == 1)
    return f"{_written(whole + up)} s"


def bracket(value: Bracket) -> str:
    """`7.94 – 8.36 s`, or `over 7.94 s` where no end was seen."""
    low = _written(value.low_ns // _CENTI_NS)
    if value.high_ns is None:
        return f"over {low} s"
    high = _written(-(-value.high_ns // _CENTI_NS))
    return f"{low} s" if low == high else f"{low} – {high} s"


def percent(share: float) -> str:
    """A share between 0 and 1 with at most two decimals; anything short of all is never printed as 100 %."""
    value = share * 100
    if 0 < share < 1:
        value = min(max(value, 0.01), 99.99)
    return f"{value:.2f}".rstrip("0").rstrip(".") + " %"


def _written(hundredths: int) -> str:
    whole, rest = divmod(abs(hundredths), 100)
    return f"{'-' if hundredths < 0 else ''}{whole}.{rest:02d}"
