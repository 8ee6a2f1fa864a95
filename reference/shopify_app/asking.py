"""One HTTP request, to the shop or a third party: with a time-out, without redirects, over a connection of its own."""

from __future__ import annotations

import http.client
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

ANSWER_MAX = 16 * 1024 * 1024
CLASSES = {"http": http.client.HTTPConnection, "https": http.client.HTTPSConnection}


class Unreachable(Exception):
    """There was no answer, or none that is HTTP. Whether the request took effect is not known."""


@dataclass(frozen=True, slots=True)
class Answer:
    """headers: with names in lower case."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def object(self) -> dict[str, Any]:
        """The JSON object in it; {} when there is none."""
        try:
            found = json.loads(self.body)
        except (ValueError, RecursionError):
            return {}
        return found if isinstance(found, dict) else {}

    @property
    def retry_after_s(self) -> float | None:
        """How long it asks to wait; None where it does not, or not in seconds."""
        try:
            return max(0.0, float(self.headers["retry-after"]))
        except (KeyError, ValueError):
            return None


def ask(
    method: str, url: str, timeout_s: float, headers: Mapping[str, str] | None = None, said: object = None
) -> Answer:
    """Send a request. said: its body, as JSON. Raises Unreachable."""
    parts = urlsplit(url)
    if parts.scheme not in CLASSES or not parts.hostname:
        raise Unreachable(f"{url} is no address")
    body = None if said is None else json.dumps(said).encode()
    sent = {"Accept": "application/json", **({} if body is None else {"Content-Type": "application/json"})}
    connection = CLASSES[parts.scheme](parts.hostname, parts.port, timeout=timeout_s)
    try:
        connection.request(
            method, (parts.path or "/") + (f"?{parts.query}" if parts.query else ""), body, {**sent, **(headers or {})}
        )
        reply = connection.getresponse()
        return Answer(reply.status, {name.lower(): value for name, value in reply.getheaders()}, reply.read(ANSWER_MAX))
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise Unreachable(f"{method} {parts.hostname}: {type(error).__name__}: {error}") from error
    finally:
        connection.close()
