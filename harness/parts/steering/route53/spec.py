"""What the environment file says of Route 53 itself: how long an absence is remembered.

Its zone and its health checks are in the sections `edge` and `health_checks`. What Route 53 fixes there may be written
down, but not changed: its checkers and its answers would not follow.
"""

from __future__ import annotations

from collections.abc import Iterator

from harness.engines.dns.lookup import LOAD_BALANCER_TTL_S
from harness.engines.health_checks.checker import HTTP_CONNECT_TIMEOUT_S, STATUS_TIMEOUT_S
from harness.topology.environment import Environment, Seconds, Spec
from harness.topology.mistakes import Mistake


class Route53(Spec):
    """negative_ttl_s: the TTL of the zone's SOA record, so how long others remember that a name does not exist (RFC
    2308); left out: 900 s, which Route 53 gives every new zone (Developer Guide, "NS and SOA records").
    """

    negative_ttl_s: Seconds | None = None


SPEC = Route53
PRELOAD: tuple[tuple[str, str], ...] = (
    ("aws", "harness.engines.moto.server"),
    ("aws", "harness.parts.steering.route53.control_plane"),
    ("net", "harness.parts.steering.route53.server"),
)

_FIXED = (
    ("edge", "ttl_s", LOAD_BALANCER_TTL_S, "what it answers for an alias to a load balancer can be cached"),
    ("health_checks", "connect_timeout_s", HTTP_CONNECT_TIMEOUT_S, "its HTTP checkers wait for a connection"),
    ("health_checks", "status_timeout_s", STATUS_TIMEOUT_S, "its HTTP checkers wait for a status"),
)
"""API Reference, ResourceRecordSet, TTL; Developer Guide, "How Route 53 determines whether a check is healthy"."""


def mistakes(environment: Environment) -> Iterator[Mistake]:
    """Keys that say something else than Route 53 does: only predictions would follow them."""
    for section, key, fixed_s, what in _FIXED:
        given_s = getattr(getattr(environment, section), key)
        if given_s != fixed_s:
            text = f"{section}.{key}: Route 53 fixes how long {what}: {fixed_s} s, not {given_s:g}; leave it out"
            yield Mistake((section, key), text)
