"""What the environment file says of Route 53 itself: nothing.

Its zone and its health checks are in the sections `edge` and `health_checks`.
"""

from __future__ import annotations

from harness.topology.environment import Spec


class Route53(Spec):
    """No settings."""


SPEC = Route53
PRELOAD: tuple[tuple[str, str], ...] = (
    ("aws", "harness.engines.moto.server"),
    ("aws", "harness.parts.steering.route53.control_plane"),
    ("net", "harness.parts.steering.route53.server"),
)
