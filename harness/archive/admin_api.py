"""Asks Shopify's Admin API in GraphQL, as its documentation wants it: tokens, versions, cost and patience.

https://shopify.dev/docs/api/admin-graphql: `POST /admin/api/VERSION/graphql.json` with `X-Shopify-Access-Token`; what
is too much for the bucket is answered with the error THROTTLED, which says how full it is and how fast it fills.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from typing import Any, Protocol
from urllib.parse import urlsplit

from harness.errors import InputError, WorldError
from harness.kit.address import Address, is_here
from harness.kit.tls import Tls
from harness.wire.ask import NoAnswer, ask

_TIMEOUT_S = 30.0
_ATTEMPTS = 6
_THROTTLED_MAX = 60
_BACKOFF_S = 0.2
_REFUSED: Mapping[int, str] = {
    401: "the token is not accepted: it is wrong, has expired or belongs to another shop",
    402: "the shop is frozen: its account must be paid before its API answers",
    403: "the token may not do this, or the shop is closed",
    404: "there is no such shop, or no such version of the API",
    423: "the shop is locked",
}


class Transport(Protocol):
    """What carries a request: HTTP, or a stand-in of the tests."""

    def request(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None
    ) -> tuple[int, Mapping[str, str], bytes]:
        """Status, headers (lower case) and body. Raises NoAnswer."""


class Http:
    """Over HTTP. Plain http is spoken with this machine alone: a token goes nowhere else in clear."""

    def __init__(self, ca_file: str | None = None) -> None:
        self._ca_file = ca_file

    def request(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None
    ) -> tuple[int, Mapping[str, str], bytes]:
        """See Transport. Raises InputError for an address that cannot be."""
        parts = urlsplit(url)
        host = parts.hostname or ""
        secured = parts.scheme == "https"
        if parts.scheme not in ("http", "https") or not host:
            raise InputError(f"{url}: it is no address of HTTP")
        if not secured and not is_here(host):
            raise InputError(f"{url}: a token would be sent in clear; use https")
        address: Address = (host, parts.port or (443 if secured else 80))
        tls = Tls(server_name=host, ca_file=self._ca_file) if secured else None
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        answer = ask(
            address, method, path, timeout_s=_TIMEOUT_S, headers=headers, body=body, host=parts.netloc, tls=tls
        )
        found = {name.lower(): value for name, value in answer.headers.items()}
        return answer.status, found, answer.body


class AdminApi:
    """One shop's API. token: gives the access token when it is first needed; wait: between attempts."""

    def __init__(
        self,
        base: str,
        version: str,
        token: Callable[[Transport], str],
        transport: Transport,
        wait: Callable[[float], None] = time.sleep,
    ) -> None:
        self.base, self._url = base, f"{base.rstrip('/')}/admin/api/{version}/graphql.json"
        self._token, self._transport, self._wait = token, transport, wait
        self._known: str | None = None

    def query(self, text: str, **variables: Any) -> dict[str, Any]:
        """The data that a query or a mutation gives. Raises InputError where it is refused, WorldError where the shop
        does not answer."""
        body = json.dumps({"query": text, "variables": variables}).encode("ascii")
        for _ in range(_THROTTLED_MAX):
            answer = self._answer(body)
            errors = answer.get("errors")
            if not errors:
                return dict(answer["data"])
            if not _is_throttled(errors):
                raise InputError(f"{self.base}: {_told(errors)}")
            self._wait(_until_filled(answer))
        raise WorldError(f"{self.base}: throttled {_THROTTLED_MAX} times in a row")

    def download(self, url: str) -> bytes:
        """A file that the API has given the address of. Raises WorldError."""
        status, _, body = self._patiently("GET", url, {}, None)
        if status != 200:
            raise WorldError(f"{url}: {status}")
        return body

    def upload(self, url: str, content: bytes, mime_type: str) -> None:
        """Put a file where the API has said. Raises WorldError."""
        status, _, body = self._patiently("PUT", url, {"Content-Type": mime_type}, content)
        if not 200 <= status < 300:
            raise WorldError(f"{url}: it takes no file: {status} {body[:80].decode('utf-8', 'replace')}")

    def token(self) -> str:
        """The access token, asked for once."""
        if self._known is None:
            self._known = self._token(self._transport)
        return self._known

    def _answer(self, body: bytes) -> dict[str, Any]:
        headers = {
            "Content-Type": "application/json",
            "Accept": "application/json",
            "X-Shopify-Access-Token": self.token(),
        }
        status, _, content = self._patiently("POST", self._url, headers, body)
        if status != 200:
            raise InputError(f"{self.base}: {status}: {_REFUSED.get(status, content[:200].decode('utf-8', 'replace'))}")
        try:
            found = json.loads(content)
        except ValueError as error:
            raise WorldError(f"{self.base}: it answers 200, and no JSON: {content[:80]!r}") from error
        if not isinstance(found, dict) or not isinstance(found.get("data"), dict | None.__class__):
            raise WorldError(f"{self.base}: it answers no GraphQL: {content[:80]!r}")
        if not found.get("errors") and not found.get("data"):
            raise WorldError(f"{self.base}: it answers neither data nor errors")
        return found

    def _patiently(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None
    ) -> tuple[int, Mapping[str, str], bytes]:
        """An answer, tried again where there is none, or one that says to come later."""
        problem = ""
        for attempt in range(_ATTEMPTS):
            if attempt:
                self._wait(_BACKOFF_S * 2**attempt)
            try:
                status, told, content = self._transport.request(method, url, headers, body)
            except NoAnswer as error:
                problem = str(error)
                continue
            if status != 429 and status < 500:
                return status, told, content
            problem = f"{status} {content[:80].decode('utf-8', 'replace')}"
            if (after := told.get("retry-after", "")).replace(".", "", 1).isdigit():
                self._wait(min(float(after), _TIMEOUT_S))
        raise WorldError(f"{self.base}: no answer in {_ATTEMPTS} attempts, the last time: {problem}")


def by_client(base: str, client_id: str, client_secret: str) -> Callable[[Transport], str]:
    """Asks for an access token by the client credentials grant."""

    def ask_for(transport: Transport) -> str:
        url = f"{base.rstrip('/')}/admin/oauth/access_token"
        asked = {"client_id": client_id, "client_secret": client_secret, "grant_type": "client_credentials"}
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        try:
            status, _, content = transport.request("POST", url, headers, json.dumps(asked).encode("ascii"))
        except NoAnswer as error:
            raise WorldError(f"{base}: no access token: {error}") from error
        if status != 200:
            text = f"{status}: no access token is given for these client credentials"
            raise (WorldError if status >= 500 else InputError)(f"{base}: {text}")
        try:
            return str(json.loads(content)["access_token"])
        except (ValueError, KeyError, TypeError) as error:
            raise WorldError(f"{base}: it gives no access token: {content[:80]!r}") from error

    return ask_for


def _is_throttled(errors: Any) -> bool:
    return isinstance(errors, list) and any((one.get("extensions") or {}).get("code") == "THROTTLED" for one in errors)


def _until_filled(answer: Mapping[str, Any]) -> float:
    """Seconds until the bucket holds what the query costs."""
    cost = (answer.get("extensions") or {}).get("cost") or {}
    status = cost.get("throttleStatus") or {}
    lacking = float(cost.get("requestedQueryCost") or 0) - float(status.get("currentlyAvailable") or 0)
    return min(max(0.1, lacking / float(status.get("restoreRate") or 100)), _TIMEOUT_S)


def _told(errors: Any) -> str:
    if not isinstance(errors, list):
        return str(errors)
    return "; ".join(
        f"{one.get('message')}" + (f" ({code})" if (code := (one.get("extensions") or {}).get("code")) else "")
        for one in errors
    )
