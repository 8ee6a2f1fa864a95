"""The data plane's configuration: checked once, at the edge, with every problem reported at the same time."""

from __future__ import annotations

import ipaddress
from typing import Annotated

from pydantic import AfterValidator, Field

from harness.engines.dns.geography import located
from harness.engines.provider.config import ProviderConfig
from harness.kit.address import Address
from harness.kit.config import Strict


def _place(text: str) -> str:
    located(text)
    return text


def _network(text: str) -> str:
    return str(ipaddress.ip_network(text))


Place = Annotated[str, AfterValidator(_place)]
Network = Annotated[str, AfterValidator(_network)]


class LoadBalancerConfig(Strict):
    """address: what the alias answers with. admin: where `GET /targets` says which targets are healthy; None: nobody
    says, and the load balancer counts as healthy."""

    address: str
    admin: Address | None = None


class DataPlaneConfig(ProviderConfig):
    """Configuration of the Route 53 data plane; addresses are [host, port], port 0 = any free one.

    control_plane: Route 53 API that is followed. address_book: answered address -> where checkers dial for it.
    regions: answered address -> region that it is the edge of. watch: names whose answer is logged when it changes.
    checkers: per health check. scale: multiplies intervals and TTLs. poll_interval_s: between two readings of the
    control plane. clients_at: where clients are, as in
    harness.engines.dns.geography; locations: the same by network, for resolvers and client subnets. routing_controls:
    the admin address of who says which are on. cloudwatch: region -> where its CloudWatch is dialled, for checks of
    metrics and for what is told of health checks in us-east-1. alarms: alarm -> region whose health it is, as regions
    are. events: JSON-lines file.
    """

    called = "route53"

    control_plane: Address
    address_book: dict[str, Address] = Field(default_factory=dict)
    load_balancers: dict[str, LoadBalancerConfig] = Field(default_factory=dict)
    regions: dict[str, str] = Field(default_factory=dict)
    checkers: Annotated[int, Field(ge=1, le=256)] = 16
    poll_interval_s: Annotated[float, Field(gt=0)] = 0.25
    target_poll_interval_s: Annotated[float, Field(gt=0)] = 0.25
    clients_at: Place | None = None
    locations: dict[Network, Place] = Field(default_factory=dict)
    routing_controls: Address | None = None
    cloudwatch: dict[str, Address] = Field(default_factory=dict)
    alarms: dict[str, str] = Field(default_factory=dict)
