"""What a Cloudflare account holds, and the questions and answers of its API, as frozen values.

Every answer is an envelope: {"success", "errors": [{"code", "message"}], "messages", "result"}, lists with
"result_info". Statuses and codes: what Cloudflare's service answers (docs/CLOUDFLARE.md has where each was seen).
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
    """The API refuses a request. errors: (code, message) of each; chain: what the first one follows from."""

    def __init__(
        self,
        status: int,
        *errors: tuple[int, str],
        chain: tuple[int, str] | None = None,
        headers: Mapping[str, str] = NOTHING,
    ) -> None:
        super().__init__("; ".join(message for _, message in errors))
        self.status = status
        self.errors = errors
        self.chain = chain
        self.headers = headers

    def body(self) -> dict[str, Any]:
        """As the API tells it."""
        told: list[dict[str, Any]] = [{"code": code, "message": message} for code, message in self.errors]
        if self.chain is not None:
            told[0]["error_chain"] = [{"code": self.chain[0], "message": self.chain[1]}]
        return {"success": False, "errors": told, "messages": [], "result": None}


def invalid(what: str) -> Refusal:
    """The request is well-formed, and what it says cannot be done."""
    return Refusal(400, (1002, f"{what}: validation failed"))


def not_found(what: str) -> Refusal:
    """A monitor, a pool or the like that is not there."""
    return Refusal(404, (1001, f"{what} not found"))


def in_use() -> Refusal:
    """Something else refers to what is to be deleted."""
    return Refusal(412, (1005, "This object is referenced by other objects, delete them first."))


def no_route(path: str) -> Refusal:
    """An identifier in the path cannot be one."""
    text = f"Could not route to {path}, perhaps your object identifier is invalid?"
    return Refusal(404, (7003, text), (7000, "No route for that URI"))


@dataclass(frozen=True)
class Request:
    """One call of the API. path: without its query. body: what its JSON says, None without one; broken: it is no JSON,
    or too_large: longer than anything that is read.

    authorization: the header of that name, None without it. key: it has X-Auth-Key instead. content_type: of the body.
    """

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=nothing)
    body: Any = None
    authorization: str | None = None
    key: bool = False
    broken: bool = False
    too_large: bool = False
    content_type: str = ""


@dataclass(frozen=True)
class Reply:
    """Effect: what is answered. lost: never answered."""

    status: int
    body: Json
    headers: Mapping[str, str] = field(default_factory=nothing)
    lost: bool = False


def result(found: Any, status: int = 200) -> Reply:
    """A success with one thing."""
    return Reply(status, {"success": True, "errors": [], "messages": [], "result": found})


@dataclass(frozen=True)
class Account:
    """Everything of one account, by id, each as the API tells it. made: how many things were ever made, from which new
    ids follow."""

    monitors: Mapping[str, Json] = field(default_factory=nothing)
    pools: Mapping[str, Json] = field(default_factory=nothing)
    balancers: Mapping[str, Json] = field(default_factory=nothing)
    previews: Mapping[str, tuple[str, ...]] = field(default_factory=nothing)
    made: int = 0

    def counted(self) -> Account:
        """The account after one more thing was made."""
        return replace(self, made=self.made + 1)


def identifier(seed: int, number: int | str) -> str:
    """The id of the `number`-th thing: as random ones look, and the same in every run of a seed."""
    return hashlib.sha256(f"{seed}/{number}".encode()).hexdigest()[:32]


def rfc3339(wall_ns: int) -> str:
    """A moment as the API writes it. wall_ns: since 1970."""
    return datetime.fromtimestamp(wall_ns // NS_PER_S, UTC).strftime("%Y-%m-%dT%H:%M:%S.000000Z")


def without(mapping: Mapping[str, Any], key: str) -> dict[str, Any]:
    """A copy that lacks one key."""
    return {name: value for name, value in mapping.items() if name != key}
