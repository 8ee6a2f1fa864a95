"""How documented durations become those of a time profile: the one rule, whoever applies it.

Intervals, lifetimes and hold-downs are multiplied by the profile's scale. Time-outs are too, but never below one
second: a loaded laptop answers late without being broken. A TTL stays a whole number of seconds, as on the wire.
"""

from __future__ import annotations

from harness.units import NS_PER_S

TIMEOUT_FLOOR_NS = NS_PER_S


def interval_ns(documented_ns: int, scale: float) -> int:
    """An interval, a hold-down or a lease in a profile."""
    return round(documented_ns * scale)


def timeout_ns(documented_ns: int, scale: float) -> int:
    """A time-out in a profile: never below a second, unless it is documented to be shorter."""
    return max(min(TIMEOUT_FLOOR_NS, documented_ns), round(documented_ns * scale))


def ttl_s(documented_s: float, scale: float) -> int:
    """A TTL in a profile, in whole seconds: 0 stays 0, nothing else becomes it."""
    return 0 if documented_s == 0 else max(1, round(documented_s * scale))
