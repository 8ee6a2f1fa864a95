"""Leaky buckets: how much of the Admin API may be used now. Pure.

A bucket holds points, which come back at a steady rate. A request is let in when what it may cost at most is there, and
pays what it did cost. `Drain` is a disaster's: so few points are left, and none come back for a while.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

_SECOND_NS = 1_000_000_000


@dataclass(frozen=True)
class Bucket:
    """points: how many are there, at `at_ns`. until_ns: none come back before."""

    points_max: float
    per_s: float
    points: float
    at_ns: int = 0
    until_ns: int = 0


@dataclass(frozen=True)
class Ask:
    """Event: somebody wants to spend at most so many points."""

    points: float


@dataclass(frozen=True)
class Spend:
    """Event: so many were spent."""

    points: float


@dataclass(frozen=True)
class Drain:
    """Event: only so many are left, and none come back for so long."""

    points: float
    for_s: float


Event = Ask | Spend | Drain


@dataclass(frozen=True)
class Granted:
    """Effect: go on."""


@dataclass(frozen=True)
class Throttled:
    """Effect: not now; in so many seconds there will be enough."""

    retry_after_s: float


Effect = Granted | Throttled


def full(points_max: float, per_s: float) -> Bucket:
    """A bucket of which nothing was used yet."""
    return Bucket(points_max, per_s, points_max)


def step(state: Bucket, event: Event, now_ns: int) -> tuple[Bucket, tuple[Effect, ...]]:
    """What happens to the bucket, and what is to be said."""
    now = _refilled(state, now_ns)
    match event:
        case Ask(points):
            return (now, (Granted(),)) if points <= now.points else (now, (Throttled(_wait(now, points, now_ns)),))
        case Spend(points):
            return replace(now, points=max(0.0, now.points - points)), ()
        case Drain(points, for_s):
            left = min(max(0.0, points), now.points)
            return replace(now, points=left, until_ns=now_ns + round(for_s * _SECOND_NS)), ()


def available(state: Bucket, now_ns: int) -> int:
    """How many whole points are there."""
    return math.floor(_refilled(state, now_ns).points)


def _refilled(state: Bucket, now_ns: int) -> Bucket:
    since = max(state.at_ns, state.until_ns)
    passed_s = max(0, now_ns - since) / _SECOND_NS
    return replace(
        state, points=min(state.points_max, state.points + passed_s * state.per_s), at_ns=max(state.at_ns, now_ns)
    )


def _wait(state: Bucket, points: float, now_ns: int) -> float:
    missing = min(points, state.points_max) - state.points
    return max(0, state.until_ns - now_ns) / _SECOND_NS + missing / state.per_s
