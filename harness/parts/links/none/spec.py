"""What the environment file says where there are no links of ours: nothing."""

from __future__ import annotations

from harness.topology.environment import Spec


class NoLinks(Spec):
    """No links of ours: everybody dials what is there, and only the user's own commands break it."""


SPEC = NoLinks
PRELOAD: tuple[tuple[str, str], ...] = ()
