"""The little statistics that measurements need, exact and without dependencies."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache

CHANCE = 0.01
"""An event rarer than this under the steady-state failure rate is not put down to chance."""


def quantile(ordered: Sequence[int], q: float) -> int:
    """The smallest value that at least a share q of the values do not exceed (nearest rank); ordered: ascending.

    Raises ValueError for no values, or q outside 0..1.
    """
    if not ordered or not 0 <= q <= 1:
        raise ValueError(f"no quantile {q} of {len(ordered)} values")
    return ordered[max(0, math.ceil(q * len(ordered)) - 1)]


@lru_cache(maxsize=65536)
def tolerated_failures(operations: int, rate: float) -> int:
    """The largest number of failures among `operations` that a failure rate of `rate` explains by chance.

    It is the largest k with P(Binomial(operations, rate) >= k) >= CHANCE. A rate of 0 explains none.
    """
    if rate <= 0 or operations == 0:
        return 0
    if rate >= 1:
        return operations
    at_least, tolerated = 1.0, 0
    log_p, log_q = math.log(rate), math.log1p(-rate)
    for count in range(operations):
        log_choose = math.lgamma(operations + 1) - math.lgamma(count + 1) - math.lgamma(operations - count + 1)
        at_least -= math.exp(log_choose + count * log_p + (operations - count) * log_q)
        if at_least < CHANCE:
            break
        tolerated = count + 1
    return tolerated


def binomial_interval(successes: int, trials: int, z: float = 2.576) -> tuple[float, float]:
    """Wilson's score interval for a share; z 2.576 is 99 %. No trials: (0, 1), nothing is known."""
    if trials == 0:
        return 0.0, 1.0
    share = successes / trials
    centre = share + z * z / (2 * trials)
    spread = z * math.sqrt(share * (1 - share) / trials + z * z / (4 * trials * trials))
    scale = 1 + z * z / trials
    return max(0.0, (centre - spread) / scale), min(1.0, (centre + spread) / scale)
