"""Calls to a region that another process answers: what moto does not do, or not as AWS does.

Which calls those are is said by service and operation: `dynamodb:UpdateTable`, or `lambda:*` for all of a service. The
process gets the request as the client sent it. Whoever answers for the region reaches it past this (and past refusals)
by the header `X-Drill-Writer`, whose value then stands in the change log as the writer.
"""

from __future__ import annotations

import contextvars
import http.client
import re
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import Field

from harness.engines.moto.http import StartResponse, Wsgi
from harness.kit.address import Address, LoopbackAddress
from harness.kit.config import Strict
from harness.names import HEADER_WRITER

TIMEOUT_S = 70.0
"""Longer than clients wait (botocore: 60 s), so that it is they who give up."""

_KEY = f"HTTP_{HEADER_WRITER.upper().replace('-', '_')}"
_writer: contextvars.ContextVar[str] = contextvars.ContextVar("writer", default="")
_SCOPE = re.compile(r"Credential=[^/,\s]+/\d+/[^/]+/([^/]+)/aws4_request")
_NOT_PASSED_ON = frozenset(("connection", "content-length", "transfer-encoding", "keep-alive"))


class Elsewhere(Strict):
    """The body of `POST /drill/elsewhere`: by call, the address that answers it; replaces what was said before."""

    calls: dict[str, LoopbackAddress] = Field(default_factory=dict)


def writer() -> str:
    """Who makes the call that is being answered, where it said so; else ""."""
    return _writer.get()


class Calls:
    """Which calls are answered elsewhere. Replaced as a whole, so that other threads see one state or the other."""

    def __init__(self) -> None:
        self.held: Mapping[str, Address] = {}

    def wrap(self, app: Wsgi, direct: Wsgi) -> Wsgi:
        """What all calls come to. direct: what one with the writer's header reaches."""

        def answering(environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
            by = environ.get(_KEY)
            if by is not None:
                token = _writer.set(str(by))
                try:
                    return list(direct(environ, start_response))
                finally:
                    _writer.reset(token)
            return app(environ, start_response)

        return answering

    def dispatch(self, app: Wsgi) -> Wsgi:
        """Calls that are answered elsewhere go there, the others to the application."""

        def dispatching(environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
            address = self._address(environ) if self.held else None
            return app(environ, start_response) if address is None else _passed_on(address, environ, start_response)

        return dispatching

    def _address(self, environ: Mapping[str, Any]) -> Address | None:
        service, operation = call_of(environ)
        return self.held.get(f"{service}:{operation}") or self.held.get(f"{service}:*")


def call_of(environ: Mapping[str, Any]) -> tuple[str, str]:
    """Service and operation of a request; "" for what it does not say there, as REST and query services."""
    target, _, operation = str(environ.get("HTTP_X_AMZ_TARGET", "")).partition(".")
    if target.startswith("DynamoDBStreams_"):
        return "dynamodbstreams", operation
    scope = _SCOPE.search(str(environ.get("HTTP_AUTHORIZATION", "")))
    return ("" if scope is None else scope.group(1)), operation


def _passed_on(address: Address, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
    headers = {
        key.removeprefix("HTTP_").replace("_", "-"): value for key, value in environ.items() if key.startswith("HTTP_")
    }
    if "CONTENT_TYPE" in environ:
        headers["Content-Type"] = environ["CONTENT_TYPE"]
    headers = {name: value for name, value in headers.items() if name.lower() not in _NOT_PASSED_ON}
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    query = environ.get("QUERY_STRING")
    path = environ.get("REQUEST_URI") or environ["PATH_INFO"] + (f"?{query}" if query else "")
    connection = http.client.HTTPConnection(*address, timeout=TIMEOUT_S)
    try:
        connection.request(environ["REQUEST_METHOD"], path, body, headers)
        answer = connection.getresponse()
        data = answer.read()
    except (OSError, http.client.HTTPException) as error:
        start_response("503 Service Unavailable", [("Content-Type", "application/json")])
        return [f'{{"__type": "ServiceUnavailable", "message": "{type(error).__name__}"}}'.encode()]
    finally:
        connection.close()
    kept = [(name, value) for name, value in answer.getheaders() if name.lower() not in _NOT_PASSED_ON]
    start_response(f"{answer.status} {answer.reason or 'Answered'}", [*kept, ("Content-Length", str(len(data)))])
    return [data]
