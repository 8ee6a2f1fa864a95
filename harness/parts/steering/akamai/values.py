"""What an Akamai account holds of Global Traffic Management, and questions and answers of its API, as frozen values.

Problems, links and dates: Akamai's OpenAPI description of config-gtm v1 (github.com/akamai/akamai-apis) and its
examples; the texts of problems as Akamai's own clients record them (github.com/akamai/AkamaiOPEN-edgegrid-golang).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from harness.engines.provider.values import NOTHING, Json, nothing
from harness.units import NS_PER_S

PROBLEMS = "https://problems.luna.akamaiapis.net"
DEFAULT_VERSION = "1.0"
"""Of what is answered to somebody who names no version."""


class Refusal(Exception):
    """The API refuses a request. kind: the end of the problem's type; errors: of a validation, one text each."""

    def __init__(
        self,
        status: int,
        kind: str,
        title: str,
        detail: str = "",
        errors: tuple[str, ...] = (),
        headers: Mapping[str, str] = NOTHING,
    ) -> None:
        super().__init__(detail or title)
        self.status = status
        self.kind = kind
        self.title = title
        self.detail = detail
        self.errors = errors
        self.headers = headers


def not_found(what: str) -> Refusal:
    """What was asked for is not there."""
    return Refusal(404, "config-gtm/v1/notFound", "Not Found", f"{what} could not be found.")


def invalid(what: str, errors: list[str]) -> Refusal:
    """A property, domain or datacenter cannot be as it was sent. what: which of them, in lower case."""
    title = f"{what.capitalize()} Validation Failure"
    return Refusal(400, f"config-gtm/v1/{what}ValidationFailed", title, "", tuple(errors))


@dataclass(frozen=True)
class Request:
    """One call of the API as it came in. target: path and query as they were sent; headers: by lower-case name.

    too_large: the body is longer than anything that is read.
    """

    method: str
    target: str
    headers: Mapping[str, str] = field(default_factory=nothing)
    body: bytes = b""
    scheme: str = "http"
    client: str = "127.0.0.1"
    too_large: bool = False

    @property
    def path(self) -> str:
        """Without the query."""
        return self.target.partition("?")[0]


@dataclass(frozen=True)
class Reply:
    """Effect: what is answered. content_type: of the body. silent: nothing is, the caller waits."""

    status: int
    body: Json
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=nothing)
    silent: bool = False


@dataclass(frozen=True)
class Change:
    """One change of a domain. due_ns: when all name servers answer by it; comment: of whoever made it."""

    id: str
    made_ns: int
    due_ns: int
    by: str = ""
    comment: str = ""


@dataclass(frozen=True)
class Domain:
    """A domain as it was last written. body: its own fields; data centres by id, properties by name.

    change: the last one; changes: all of them, newest first.
    """

    name: str
    body: Json
    change: Change
    datacenters: Mapping[int, Json] = field(default_factory=nothing)
    properties: Mapping[str, Json] = field(default_factory=nothing)
    changes: tuple[Change, ...] = ()


@dataclass(frozen=True)
class Account:
    """Everything of one account. made: how many changes there ever were, from which new ids follow."""

    domains: Mapping[str, Domain] = field(default_factory=nothing)
    made: int = 0


def uuid_of(seed: int, number: int) -> str:
    """The id of the `number`-th change: as random ones look, and the same in every run of a seed."""
    hexed = hashlib.sha256(f"akamai/{seed}/{number}".encode()).hexdigest()
    return f"{hexed[:8]}-{hexed[8:12]}-4{hexed[13:16]}-a{hexed[17:20]}-{hexed[20:32]}"


def written(wall_ns: int) -> str:
    """A moment as the API writes it. wall_ns: since 1970."""
    moment = datetime.fromtimestamp(wall_ns // NS_PER_S, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{wall_ns % NS_PER_S // 1_000_000:03d}+0000"


def without(mapping: Mapping[Any, Any], key: Any) -> dict[Any, Any]:
    """A copy that lacks one key."""
    return {name: value for name, value in mapping.items() if name != key}
