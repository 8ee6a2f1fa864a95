"""What the environment file says of the platform of plain processes: nothing can be set."""

from __future__ import annotations

from harness.topology.environment import Spec


class Processes(Spec):
    """No settings."""


SPEC = Processes
PRELOAD: tuple[tuple[str, str], ...] = ()
