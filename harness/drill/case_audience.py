"""The audience of a drill, as far as its measuring needs it. Plain values."""

from __future__ import annotations

from dataclasses import dataclass

from harness.topology.environment import Environment
from harness.topology.timing import Timing
from harness.units import to_ns


@dataclass(frozen=True)
class CaseUsers:
    """See harness.topology.audience.Users. words: what such clients do. kept_ns: how long their caches may keep an
    answer, all together, in the profile's wall time."""

    cohort: str
    weight: float
    clients: int
    kept_ns: int
    words: str = ""


@dataclass(frozen=True)
class CaseAudience:
    """users: in the order of the environment file."""

    users: tuple[CaseUsers, ...]


def audience_of(environment: Environment, timing: Timing) -> CaseAudience | None:
    """The audience of an environment; None where it has none."""
    if not environment.audience:
        return None
    ttl_s = environment.edge.ttl_s
    return CaseAudience(
        tuple(
            CaseUsers(one.name, one.weight, one.clients, to_ns(one.kept_s(timing, ttl_s)), one.profiles[0].words)
            for one in environment.audience
        )
    )
