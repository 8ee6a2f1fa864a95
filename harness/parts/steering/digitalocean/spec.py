"""What the environment file says of DigitalOcean: how often its API may be called, and how the intermediary looks.

DigitalOcean's records know nothing of health. Whoever moves them is a component of the subject, the intermediary; what
it is told stands here, since the law of this steering follows from it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Self

from pydantic import Field, model_validator

from harness.topology.environment import Environment, Name, Period, Seconds, Spec
from harness.topology.mistakes import Mistake

TTL_MIN_S = 30
"""Of a record, as the control panel says."""
Times = Annotated[int, Field(ge=1, le=100)]


class DigitalOcean(Spec):
    """vantage_points: where the intermediary looks from, outside of every place; agree: how many of them must say the
    same. look_every_s, look_timeout_s: of each. unhealthy_after, healthy_after: looks in a row that change a vantage
    point's mind. hold_down_s: how long the primary must have been healthy before clients return to it while the other
    side is well. requests_per_hour, requests_per_minute: the API's quota (5,000 and 250).
    """

    vantage_points: Annotated[tuple[Name, ...], Field(min_length=1, max_length=9)] = ("ams3", "fra1", "sgp1")
    agree: Times = 2
    look_every_s: Period = 5
    look_timeout_s: Seconds = 2
    unhealthy_after: Times = 3
    healthy_after: Times = 2
    hold_down_s: Seconds = 60
    requests_per_hour: Annotated[int, Field(ge=1, le=1_000_000)] = 5_000
    requests_per_minute: Annotated[int, Field(ge=1, le=1_000_000)] = 250

    @model_validator(mode="after")
    def _enough(self) -> Self:
        if len(set(self.vantage_points)) < len(self.vantage_points):
            raise ValueError("two vantage points have the same name")
        if not len(self.vantage_points) < 2 * self.agree <= 2 * len(self.vantage_points):
            raise ValueError("agree must be more than half of the vantage points, and no more than all")
        return self


SPEC = DigitalOcean
PRELOAD: tuple[tuple[str, str], ...] = (("net", "harness.parts.steering.digitalocean.server"),)


def mistakes(environment: Environment) -> Iterator[Mistake]:
    """A TTL that the API would refuse."""
    ttl_s = environment.edge.ttl_s
    if ttl_s < TTL_MIN_S or ttl_s != int(ttl_s):
        text = f"edge.ttl_s: DigitalOcean takes whole seconds from {TTL_MIN_S} on for a record, not {ttl_s:g}"
        yield Mistake(("edge", "ttl_s"), text)
