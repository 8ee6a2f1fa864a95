"""What the environment file says of moto's region servers: nothing can be set."""

from __future__ import annotations

from harness.topology.environment import Spec


class Moto(Spec):
    """No settings."""


SPEC = Moto
PRELOAD: tuple[tuple[str, str], ...] = (("aws", "harness.engines.moto.server"),)
