"""What the environment file says of the data of an existing stack: nothing; it is read back through the application."""

from __future__ import annotations

from harness.topology.environment import Spec


class External(Spec):
    """Databases that nobody here may look into: what the clients have written is read back through each place's own
    address, so that the recovery point is a range."""


SPEC = External
PRELOAD: tuple[tuple[str, str], ...] = ()
