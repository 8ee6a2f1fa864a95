"""The load balancer's configuration."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.engines.kit.config import Address, address, check_keys, count, seconds, text
from harness.errors import InputError
from harness.parts.edge.load_balancer import model
from harness.units import to_ns


@dataclass(frozen=True)
class Target:
    """One registered target; its health is asked for at health_path on the port that gets its traffic."""

    id: str
    address: Address
    health_path: str


@dataclass(frozen=True)
class LoadBalancerConfig:
    """region: named in health transitions. events: history file for them. *_s: seconds."""

    region: str
    listen: Address
    admin: Address
    targets: tuple[Target, ...]
    health: model.HealthSettings
    response_timeout_s: float
    connect_timeout_s: float
    events: Path | None


_OPTIONAL = (
    "admin",
    "targets",
    "interval_s",
    "timeout_s",
    "healthy_threshold",
    "unhealthy_threshold",
    "success_codes",
    "response_timeout_s",
    "connect_timeout_s",
    "events",
)


def parse(config: Mapping[str, Any]) -> LoadBalancerConfig:
    """The whole configuration from JSON; what is left out has the service's documented default. Raises InputError."""
    body = check_keys(config, "load_balancer", required=("region", "listen"), optional=_OPTIONAL)
    response_timeout_s = _seconds(body, "response_timeout_s", model.IDLE_TIMEOUT_S)
    return LoadBalancerConfig(
        region=text(body["region"], "load_balancer.region"),
        listen=address(body["listen"], "load_balancer.listen"),
        admin=address(body.get("admin", ["127.0.0.1", 0]), "load_balancer.admin"),
        targets=parse_targets(body.get("targets", [])),
        health=_health(body),
        response_timeout_s=response_timeout_s,
        connect_timeout_s=_seconds(body, "connect_timeout_s", min(model.CONNECT_TIMEOUT_S, response_timeout_s)),
        events=Path(text(body["events"], "load_balancer.events")) if body.get("events") is not None else None,
    )


def parse_targets(value: object) -> tuple[Target, ...]:
    """A list of targets from JSON. Raises InputError."""
    if not isinstance(value, (list, tuple)):
        raise InputError(f"load_balancer.targets: a list is wanted, not {value!r}")
    targets = tuple(_target(item, f"load_balancer.targets[{n}]") for n, item in enumerate(value))
    ids = [target.id for target in targets]
    if len(set(ids)) != len(ids):
        raise InputError("load_balancer.targets: two targets have the same id")
    return targets


def _target(value: object, place: str) -> Target:
    body = check_keys(value, place, required=("id", "address"), optional=("health_path",))
    path = text(body.get("health_path", "/"), f"{place}.health_path")
    if not path.startswith("/") or any(not "!" <= character <= "~" for character in path):
        raise InputError(f"{place}.health_path: a path starts with / and has no spaces, not {path!r}")
    return Target(text(body["id"], f"{place}.id"), address(body["address"], f"{place}.address"), path)


def _health(body: Mapping[str, Any]) -> model.HealthSettings:
    codes = body.get("success_codes", list(model.SUCCESS_CODES))
    if not isinstance(codes, (list, tuple)) or not codes or not all(code in range(200, 500) for code in codes):
        raise InputError(f"load_balancer.success_codes: a list of statuses from 200 to 499 is wanted, not {codes!r}")
    return model.HealthSettings(
        interval_ns=to_ns(_seconds(body, "interval_s", model.INTERVAL_S)),
        timeout_ns=to_ns(_seconds(body, "timeout_s", model.TIMEOUT_S)),
        healthy_threshold=_count(body, "healthy_threshold", model.HEALTHY_THRESHOLD),
        unhealthy_threshold=_count(body, "unhealthy_threshold", model.UNHEALTHY_THRESHOLD),
        success_codes=tuple(codes),
    )


def _seconds(body: Mapping[str, Any], key: str, default: float) -> float:
    return seconds(body.get(key, default), f"load_balancer.{key}")


def _count(body: Mapping[str, Any], key: str, default: int) -> int:
    return count(body.get(key, default), f"load_balancer.{key}")
