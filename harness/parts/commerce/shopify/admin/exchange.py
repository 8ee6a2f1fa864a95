"""A request as the Admin API sees it, and its answer."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, unquote

_JSON = "application/json; charset=utf-8"


@dataclass(frozen=True)
class AdminRequest:
    """One request. path: decoded, without the query; headers: by names in lower case; place: who asks, where known."""

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    place: str = ""

    @property
    def content_type(self) -> str:
        """Without parameters."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()


def request_of(
    place: str, method: str, target: str, headers: Mapping[str, str], body: bytes = b""
) -> AdminRequest:  # fmt: skip
    """A request as a server reads it. target: path and query as they stood in the request's first line."""
    path, _, query = target.partition("?")
    pairs = parse_qsl(query, keep_blank_values=True, errors="replace")
    lowered = {name.lower(): value for name, value in headers.items()}
    return AdminRequest(method, unquote(path, errors="replace"), dict(pairs), lowered, body, place)


class AdminReply(NamedTuple):
    """One answer."""

    status: int
    headers: dict[str, str]
    body: bytes


def json_reply(body: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> AdminReply:
    """An answer in JSON."""
    return AdminReply(status, {"Content-Type": _JSON, **(headers or {})}, json.dumps(body).encode())


def refusal(status: int, errors: Any, headers: Mapping[str, str] | None = None) -> AdminReply:
    """What the Admin API says when it does not even begin."""
    return json_reply({"errors": errors}, status, headers)
