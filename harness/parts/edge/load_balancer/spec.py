"""What the environment file says of load balancers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from harness.parts.edge.load_balancer.choosing import Algorithm
from harness.parts.edge.load_balancer.config import StickyConfig
from harness.topology.environment import Period, Seconds, Spec

_LIKE: Mapping[str, Mapping[str, Any]] = {
    "elb": {},
    "digitalocean": {"unhealthy_threshold": 3, "healthy_threshold": 5},
    "digitalocean-schema": {"unhealthy_threshold": 5, "healthy_threshold": 3},
}


class LoadBalancer(Spec):
    """Target health checks of each place's load balancer, and how it chooses among its targets.

    like: whose defaults it has. `elb`: an Application Load Balancer ("Health checks for your target groups"), which
    sends requests to every target when none is healthy. `digitalocean`: unhealthy after 3 and healthy after 5 checks
    (examples of the API, Terraform, cloud controller manager); `digitalocean-schema`: 5 and 3 (the schema of the API);
    both answer 503 when no target is healthy. sticky: a cookie that keeps a client with its target.
    """

    like: Literal["elb", "digitalocean", "digitalocean-schema"] = "elb"
    interval_s: Period = 10
    timeout_s: Seconds = 5
    healthy_threshold: Annotated[int, Field(ge=2, le=10)] = 2
    unhealthy_threshold: Annotated[int, Field(ge=2, le=10)] = 2
    response_timeout_s: Seconds = 60
    algorithm: Algorithm = "round_robin"
    sticky: StickyConfig | None = None

    @model_validator(mode="before")
    @classmethod
    def _defaults(cls, given: Any) -> Any:
        """What is left out is as documented for whoever it is like."""
        if not isinstance(given, Mapping) or not isinstance(given.get("like"), str):
            return given
        return {**_LIKE.get(given["like"], {}), **given}

    @property
    def fails_open(self) -> bool:
        """Whether all targets get requests when none is healthy."""
        return self.like == "elb"


SPEC = LoadBalancer
SECTION = "load_balancer"
PRELOAD: tuple[tuple[str, str], ...] = (("net", "harness.parts.edge.load_balancer.server"),)
