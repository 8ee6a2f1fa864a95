"""What the environment file says of the data of an existing stack: nothing; it is read back through the application."""

from __future__ import annotations

from collections.abc import Iterator

from harness.topology.environment import Environment, Spec
from harness.topology.mistakes import Mistake

_BESIDE = "external"


class External(Spec):
    """Databases that nobody here may look into: what the clients have written is read back through each place's own
    address, so that the recovery point is a range."""


SPEC = External
PRELOAD: tuple[tuple[str, str], ...] = ()


def mistakes(environment: Environment) -> Iterator[Mistake]:
    """Only a stack that is not ours has the terms on which it may be read."""
    if environment.platform.kind != _BESIDE:
        text = (
            "region_servers.kind: external is for a stack that runs already: `platform: {kind: external, hosts: ...}`"
        )
        yield Mistake(("region_servers", "kind"), text)
