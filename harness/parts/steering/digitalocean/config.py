"""The configuration of DigitalOcean's process: checked once, with every problem reported at the same time."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field

from harness.engines.provider.config import ProviderConfig
from harness.kit.address import ANY_ADDRESS, LoopbackAddress
from harness.kit.config import Text
from harness.parts.steering.digitalocean.quota import PER_HOUR, PER_MINUTE

Requests = Annotated[int, Field(ge=1, le=100_000_000)]
Making = Annotated[float, Field(ge=0, le=86_400)]


class DigitalOceanConfig(ProviderConfig):
    """Addresses are [host, port], port 0 = any free one.

    api: of the API. token: the account's own; callers: other tokens that are let in, and whose they are ("": nobody
    need hear of their calls). watch: names whose answer is logged when it changes. edges: region
    -> the address of the first load balancer that is made there. scale: multiplies TTLs, the quota's windows and
    *_making_s, how long a thing takes to be made. healthy_threshold, unhealthy_threshold: what a load balancer has that
    says nothing of its health checks. events: JSON-lines file. testimony: a file in which an intermediary says how it
    finds the `places`; see testimony.py.
    """

    called = "digitalocean"

    token: Text
    api: LoopbackAddress = ANY_ADDRESS
    callers: dict[str, str] = Field(default_factory=dict)
    edges: dict[str, str] = Field(default_factory=dict)
    requests_per_hour: Requests = PER_HOUR
    requests_per_minute: Requests = PER_MINUTE
    balancer_making_s: Making = 60
    droplet_making_s: Making = 30
    cluster_making_s: Making = 240
    healthy_threshold: Annotated[int, Field(ge=2, le=10)] = 3
    unhealthy_threshold: Annotated[int, Field(ge=2, le=10)] = 5
    testimony: Path | None = None
    places: tuple[str, ...] = ()
