"""What the environment file says of DigitalOcean: how often its API may be called, and how the intermediary looks.

DigitalOcean's records know nothing of health. Whoever moves them is a component of the subject, the intermediary; what
it is told stands here, since the law of this steering follows from it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from pydantic import Field

from harness.topology.environment import Environment
from harness.topology.mistakes import Mistake
from harness.world.intermediary import Watching

TTL_MIN_S = 30
"""Of a record, as the control panel says."""


class DigitalOcean(Watching):
    """Beside what the intermediary is told: requests_per_hour, requests_per_minute: the API's quota (5,000 and 250)."""

    requests_per_hour: Annotated[int, Field(ge=1, le=1_000_000)] = 5_000
    requests_per_minute: Annotated[int, Field(ge=1, le=1_000_000)] = 250


SPEC = DigitalOcean
PRELOAD: tuple[tuple[str, str], ...] = (("net", "harness.parts.steering.digitalocean.server"),)


def mistakes(environment: Environment) -> Iterator[Mistake]:
    """A TTL that the API would refuse."""
    ttl_s = environment.edge.ttl_s
    if ttl_s < TTL_MIN_S or ttl_s != int(ttl_s):
        text = f"edge.ttl_s: DigitalOcean takes whole seconds from {TTL_MIN_S} on for a record, not {ttl_s:g}"
        yield Mistake(("edge", "ttl_s"), text)
