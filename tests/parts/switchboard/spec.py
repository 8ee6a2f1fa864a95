"""What the environment file says of the switchboard."""

from __future__ import annotations

from harness.topology.environment import Seconds, Spec


class Switchboard(Spec):
    """look_every_s: wall seconds between two looks. misses: how many in a row move the clients."""

    look_every_s: Seconds = 0.5
    misses: int = 3


SPEC = Switchboard
PRELOAD = (("net", "switchboard.server"),)
