"""What the environment file says of the gateway: nothing can be set."""

from __future__ import annotations

from harness.topology.environment import Spec


class Gateway(Spec):
    """No settings."""


SPEC = Gateway
SECTION = "gateway"
PRELOAD: tuple[tuple[str, str], ...] = (("net", "harness.parts.edge.gateway.server"),)
