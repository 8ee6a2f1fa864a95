"""What the environment file says of dynoxide."""

from __future__ import annotations

from typing import Literal

from harness.topology.environment import Spec


class Dynoxide(Spec):
    """A DynamoDB-compatible server that is not Amazon's, one process for each region: `dynoxide` on the PATH, or what
    `drill install dynoxide` built.

    data: `disk`, an SQLite file for each region in the world's own folder, which survives a restart of the server;
    `memory`.
    """

    data: Literal["disk", "memory"] = "disk"


SPEC = Dynoxide
PRELOAD: tuple[tuple[str, str], ...] = ()
