"""How long a change takes to another region, and what a lost region must be expected to take with it. Pure.

AWS states no distribution and no bound: "usually within a second" ("Using DynamoDB global tables", Amazon DynamoDB
Developer Guide), with 0.5 to 2.5 s named as common within a geography. Here it is a lognormal one, right-skewed as
replication is, which a seed draws from: the same seed gives the same delays.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass

from harness.units import NS_PER_S

_WORDS = 1 << 53


@dataclass(frozen=True, slots=True)
class LagLaw:
    """A lognormal distribution. median_ns: half of the changes take longer; sigma: spread of the logarithm."""

    median_ns: int
    sigma: float

    def draw_ns(self, seed: int, *change: object) -> int:
        """How long one change takes. change: what tells it from every other one."""
        share = _uniform(seed, *change)
        return round(self.median_ns * math.exp(self.sigma * normal_quantile(share)))

    @property
    def mean_ns(self) -> float:
        """The mean, which lies above the median."""
        return self.median_ns * math.exp(self.sigma**2 / 2)

    def above(self, lag_ns: float) -> float:
        """The share of changes that take longer than that."""
        if lag_ns <= 0:
            return 1.0
        if self.sigma == 0:
            return float(lag_ns < self.median_ns)
        return 1 - _normal(math.log(lag_ns / self.median_ns) / self.sigma)

    def excess_ns(self, lag_ns: float) -> float:
        """The integral of `above` from there on: the mean of what lies beyond, 0 where a change is quicker."""
        if lag_ns <= 0:
            return self.mean_ns - lag_ns
        if self.sigma == 0:
            return max(self.median_ns - lag_ns, 0.0)
        at = math.log(self.median_ns / lag_ns) / self.sigma
        return self.mean_ns * _normal(at + self.sigma) - lag_ns * _normal(at)


@dataclass(frozen=True, slots=True)
class Expected:
    """What the loss of a region takes along, where every write is one of a key of its own and delays are independent.

    rate_per_s: acknowledged writes there. The number that is lost follows a Poisson distribution, and the age of the
    oldest one has P(age <= x) = exp(-rate * integral from x of P(lag > t)).
    """

    lag: LagLaw
    rate_per_s: float

    @property
    def items(self) -> float:
        """The mean number of writes that are lost."""
        return self.rate_per_s * self.lag.mean_ns / NS_PER_S

    def within(self, age_ns: float) -> float:
        """The probability that the oldest lost write is no older than that."""
        return math.exp(-self.rate_per_s * self.lag.excess_ns(age_ns) / NS_PER_S)

    def quantile_ns(self, share: float) -> float:
        """The age that the oldest lost write keeps within, in that share of losses."""
        low, high = 0.0, float(self.lag.median_ns)
        if self.within(low) >= share:
            return 0.0
        while self.within(high) < share:
            high *= 2
        for _ in range(60):
            middle = (low + high) / 2
            low, high = (middle, high) if self.within(middle) < share else (low, middle)
        return high


def _uniform(seed: int, *what: object) -> float:
    """Within (0, 1), told from a text alone."""
    text = "|".join(map(str, (seed, *what)))
    digest = hashlib.blake2b(text.encode(), digest_size=8).digest()
    return ((int.from_bytes(digest, "big") >> 11) + 0.5) / _WORDS


def _normal(x: float) -> float:
    return 0.5 * math.erfc(-x / math.sqrt(2))


def normal_quantile(share: float) -> float:
    """The inverse of the normal distribution, by a rational estimate and Newton's steps. share: within (0, 1)."""
    if share > 0.5:
        return -normal_quantile(1 - share)
    t = math.sqrt(-2 * math.log(share))
    x = -(t - (2.515517 + t * (0.802853 + t * 0.010328)) / (1 + t * (1.432788 + t * (0.189269 + t * 0.001308))))
    for _ in range(3):
        density = math.exp(-x * x / 2) / math.sqrt(2 * math.pi)
        x -= (_normal(x) - share) / density
    return x
