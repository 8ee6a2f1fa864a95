"""The load balancer's configuration; what is left out has the service's documented default."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from harness.kit.address import ANY_ADDRESS, Address, LoopbackAddress
from harness.kit.config import Count, Seconds, Strict, Text, parsed
from harness.kit.forms import Form
from harness.parts.edge.load_balancer import model
from harness.parts.edge.load_balancer.choosing import Algorithm, Sticky
from harness.units import to_ns

Status = Annotated[int, Field(strict=True, ge=200, le=499)]


HealthPath = Annotated[
    str, Field(strict=True), Form("^/[!-~]*$", "a path begins with /, and has no white space or letters beyond ASCII")
]


CookieName = Annotated[
    str, Field(strict=True), Form("^[A-Za-z0-9_-]{2,40}$", "a cookie's name has 2 to 40 letters, digits, - and _")
]


class Target(Strict):
    """One registered target; its health is asked for at health_path on the port that gets its traffic."""

    id: Text
    address: Address
    health_path: HealthPath = "/"


def _each_once(targets: tuple[Target, ...]) -> tuple[Target, ...]:
    if len({target.id for target in targets}) != len(targets):
        raise ValueError("two targets have the same id")
    return targets


Targets = Annotated[tuple[Target, ...], AfterValidator(_each_once)]


class TargetsBody(Strict):
    """The body of `POST /targets`."""

    targets: Targets


class StickyConfig(Strict):
    """The cookie that keeps a client with its target."""

    cookie_name: CookieName
    cookie_ttl_s: Annotated[int, Field(ge=1, le=34_650)] = 300

    @property
    def sessions(self) -> Sticky:
        """As decisions want it."""
        return Sticky(self.cookie_name, self.cookie_ttl_s)


class LoadBalancerConfig(Strict):
    """region: named in health transitions. events: history file for them. *_s: seconds.

    connect_timeout_s: the service's own, but not longer than the whole answer may take. client_scheme: by which clients
    are said to come; `https` means that TLS ended here. sticky: sessions that stay with a target by a cookie.
    fails_open: when no target is healthy all get requests, else none (503).
    """

    region: Text
    listen: LoopbackAddress
    admin: LoopbackAddress = ANY_ADDRESS
    targets: Targets = ()
    interval_s: Seconds = model.INTERVAL_S
    timeout_s: Seconds = model.TIMEOUT_S
    healthy_threshold: Count = model.HEALTHY_THRESHOLD
    unhealthy_threshold: Count = model.UNHEALTHY_THRESHOLD
    success_codes: Annotated[tuple[Status, ...], Field(min_length=1)] = model.SUCCESS_CODES
    response_timeout_s: Seconds = model.IDLE_TIMEOUT_S
    connect_timeout_s: Seconds = Field(
        default_factory=lambda given: min(model.CONNECT_TIMEOUT_S, given["response_timeout_s"])
    )
    client_scheme: Literal["http", "https"] = "http"
    algorithm: Algorithm = "round_robin"
    sticky: StickyConfig | None = None
    fails_open: bool = True
    events: Path | None = None

    @property
    def health(self) -> model.HealthSettings:
        """How targets are checked."""
        return model.HealthSettings(
            interval_ns=to_ns(self.interval_s),
            timeout_ns=to_ns(self.timeout_s),
            healthy_threshold=self.healthy_threshold,
            unhealthy_threshold=self.unhealthy_threshold,
            success_codes=self.success_codes,
        )


def parse(config: Mapping[str, Any]) -> LoadBalancerConfig:
    """The whole configuration from JSON. Raises InputError."""
    return parsed(LoadBalancerConfig, config, "load_balancer")


def parse_targets(value: object) -> tuple[Target, ...]:
    """The targets of `{"targets": [...]}`, or of the list alone. Raises InputError."""
    body = value if isinstance(value, Mapping) else {"targets": value}
    return parsed(TargetsBody, body, "load_balancer").targets
