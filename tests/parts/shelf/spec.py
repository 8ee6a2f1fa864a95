"""What the environment file says of shelves."""

from __future__ import annotations

from harness.topology.environment import Spec


class Shelf(Spec):
    """label: what `drill env status` calls them."""

    label: str = "shelf"


SPEC = Shelf
PRELOAD = (("aws", "harness.engines.moto.server"),)
