"""What the environment file says of ministack."""

from __future__ import annotations

from harness.topology.environment import Spec


class Ministack(Spec):
    """LocalStack's API without Docker, one process for each region: what `drill install ministack` installed. It keeps
    its data in memory.

    services: beside `dynamodb` and `dynamodbstreams`, which of its services each region has, by the names that it
    gives them; none more unless the subject needs some.
    """

    services: tuple[str, ...] = ()


SPEC = Ministack
PRELOAD: tuple[tuple[str, str], ...] = ()
