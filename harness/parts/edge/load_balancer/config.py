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
from harness.units import to_ns

Status = Annotated[int, Field(strict=True, ge=200, le=499)]


HealthPath = Annotated[
    str, Field(strict=True), Form("^/[!-~]*$", "a path begins with /, and has no white space or letters beyond ASCII")
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


class LoadBalancerConfig(Strict):
    """region: named in health transitions. events: history file for them. *_s: seconds.

    connect_timeout_s: the service's own, but not longer than the whole answer may take. client_scheme: by which clients
    are said to come; `https` means that TLS ended here.
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
