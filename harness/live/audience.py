"""The audience as the witness is told of it: every duration in the profile of time of the run."""

from __future__ import annotations

from typing import Any

from harness.audience import Cache
from harness.topology.audience import Users
from harness.topology.environment import Environment
from harness.topology.timing import Timing

PERIODS = 2
"""A client of the audience asks half as often as one of the other cohorts: there are more of them."""


def members_of(environment: Environment, timing: Timing) -> list[dict[str, Any]]:
    """See harness.witness.members.Member; none where an environment has no audience."""
    period_s = PERIODS * environment.workload.other_period_s
    return [_member(users, timing, period_s) for users in environment.audience]


def rate_per_s(environment: Environment) -> float:
    """Operations per second of all of them."""
    clients = sum(users.clients for users in environment.audience)
    return clients * 2 / (PERIODS * environment.workload.other_period_s)


def _member(users: Users, timing: Timing, period_s: float) -> dict[str, Any]:
    profile = users.profiles[0]
    return {
        "cohort": users.name,
        "clients": users.clients,
        "period_s": period_s,
        "caches": [_scaled(one.cache, timing) for one in users.profiles],
        "connections": profile.connections,
        "families": list(profile.families),
        "ipv6": users.ipv6,
        "hang_s": timing.timeout_s(profile.hang_s) if profile.hang_s else 0.0,
        "retry": profile.retry,
        "scale": timing.scale,
    }


def _scaled(cache: Cache, timing: Timing) -> dict[str, float | None]:
    def length(seconds: float | None) -> float | None:
        return None if seconds is None else timing.interval_s(seconds)

    return {
        "fixed_s": length(cache.fixed_s),
        "least_s": length(cache.least_s),
        "most_s": length(cache.most_s),
        "negative_s": length(cache.negative_s),
        "negative_most_s": length(cache.negative_most_s),
        "failure_s": length(cache.failure_s),
        "stale_for_s": length(cache.stale_for_s),
        "stale_ttl_s": length(cache.stale_ttl_s),
        "timer_s": timing.timeout_s(cache.timer_s),
    }
