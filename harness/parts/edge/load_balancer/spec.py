"""What the environment file says of load balancers."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from harness.topology.environment import Period, Seconds, Spec


class LoadBalancer(Spec):
    """Target health checks of each region's load balancer (ELB User Guide, "Health checks for your target groups")."""

    interval_s: Period = 10
    timeout_s: Seconds = 5
    healthy_threshold: Annotated[int, Field(ge=2, le=10)] = 2
    unhealthy_threshold: Annotated[int, Field(ge=2, le=10)] = 2
    response_timeout_s: Seconds = 60


SPEC = LoadBalancer
SECTION = "load_balancer"
PRELOAD: tuple[tuple[str, str], ...] = (("net", "harness.parts.edge.load_balancer.server"),)
