"""What the environment file says where no gateway stands between the application and its region's services."""

from __future__ import annotations

from harness.topology.environment import Spec


class NoGateway(Spec):
    """No gateway of ours: the application calls its services as it ever does."""


SPEC = NoGateway
SECTION = "gateway"
PRELOAD: tuple[tuple[str, str], ...] = ()
