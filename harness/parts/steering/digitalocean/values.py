"""What a DigitalOcean account holds, and the questions and answers of its API, as frozen values.

Statuses, error bodies, pagination and headers: DigitalOcean's OpenAPI description (github.com/digitalocean/openapi).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from harness.engines.provider.values import NOTHING, Json, nothing
from harness.units import NS_PER_S


class Refusal(Exception):
    """The API refuses a request. id: the service's own identifier of it; headers: beside those of the quota."""

    def __init__(self, status: int, id_: str, message: str, headers: Mapping[str, str] = NOTHING) -> None:
        super().__init__(message)
        self.status = status
        self.id = id_
        self.headers = headers


def not_found() -> Refusal:
    """What was asked for is not there."""
    return Refusal(404, "not_found", "The resource you requested could not be found.")


def unprocessable(message: str) -> Refusal:
    """The request is well-formed, and what it says cannot be done."""
    return Refusal(422, "unprocessable_entity", message)


@dataclass(frozen=True)
class Request:
    """One call of the API. path: without its query. body: what its JSON says, None without one.

    broken: the body is no JSON.
    """

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=nothing)
    body: Any = None
    token: str | None = None
    broken: bool = False


@dataclass(frozen=True)
class Reply:
    """Effect: what is answered. body None: none. text: a body that is no JSON. lost: done, and never answered."""

    status: int
    body: Json | None = None
    headers: Mapping[str, str] = field(default_factory=nothing)
    text: str | None = None
    lost: bool = False


@dataclass(frozen=True)
class Record:
    """One record of a domain, with the fields of the API. name: relative to the domain, `@` for the domain itself."""

    id: int
    type: str
    name: str
    data: str
    priority: int | None = None
    port: int | None = None
    ttl: int = 1800
    weight: int | None = None
    flags: int | None = None
    tag: str | None = None

    def as_json(self) -> dict[str, Any]:
        """As the API tells it."""
        return {
            "id": self.id, "type": self.type, "name": self.name, "data": self.data, "priority": self.priority,
            "port": self.port, "ttl": self.ttl, "weight": self.weight, "flags": self.flags, "tag": self.tag,
        }  # fmt: skip


@dataclass(frozen=True)
class Domain:
    """A domain. ttl: of its SOA and NS records; serial: grows with every change."""

    name: str
    ttl: int
    serial: int
    records: tuple[Record, ...] = ()


@dataclass(frozen=True)
class Thing:
    """Anything else that takes time to be made. body: what the API tells of it, without what depends on its age."""

    id: str
    body: Json
    created_ns: int


@dataclass(frozen=True)
class Account:
    """Everything of one account. made: how many things were ever made, from which new ids follow."""

    domains: Mapping[str, Domain] = field(default_factory=nothing)
    balancers: Mapping[str, Thing] = field(default_factory=nothing)
    droplets: Mapping[str, Thing] = field(default_factory=nothing)
    reserved_ips: Mapping[str, Thing] = field(default_factory=nothing)
    clusters: Mapping[str, Thing] = field(default_factory=nothing)
    actions: Mapping[str, Thing] = field(default_factory=nothing)
    made: int = 0

    def counted(self) -> Account:
        """The account after one more thing was made."""
        return replace(self, made=self.made + 1)


def uuid_of(seed: int, number: int) -> str:
    """The id of the `number`-th thing: as random ones look, and the same in every run of a seed."""
    hexed = hashlib.sha256(f"{seed}/{number}".encode()).hexdigest()
    return f"{hexed[:8]}-{hexed[8:12]}-4{hexed[13:16]}-a{hexed[17:20]}-{hexed[20:32]}"


def rfc3339(wall_ns: int) -> str:
    """A moment as the API writes it. wall_ns: since 1970."""
    return datetime.fromtimestamp(wall_ns // NS_PER_S, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def without(mapping: Mapping[str, Any], key: str) -> dict[str, Any]:
    """A copy that lacks one key."""
    return {name: value for name, value in mapping.items() if name != key}
