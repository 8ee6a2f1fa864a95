"""Operations that a region's database refuses for a while, as DynamoDB would say it.

Answered before moto hears of the call, whoever asks. Statements (PartiQL) count as the kind of operation that they are.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import Field

from harness.engines.moto.http import StartResponse, Wsgi
from harness.kit.config import Strict, Text

_STATUS = {"InternalServerError": "500 Internal Server Error"}
_BAD_REQUEST = "400 Bad Request"
_WRITE, _READ = "PutItem", "GetItem"
_STATEMENTS = {"ExecuteStatement", "BatchExecuteStatement", "ExecuteTransaction"}
_TEXTS = {
    "InternalServerError": "The request processing has failed because of an unknown error, exception or failure.",
    "ProvisionedThroughputExceededException": "The level of configured provisioned throughput for the table was "
    "exceeded. Consider increasing your provisioning level with the UpdateTable API.",
    "AccessDeniedException": "User is not authorized to perform this operation.",
}
"""As in the API Reference, "Common errors" and "PutItem"."""


class Refusal(Strict):
    """The body of `POST /drill/refuse`: these operations are answered with that error until `allow` names it."""

    name: Text
    operations: tuple[str, ...] = Field(min_length=1)
    error: Text = "InternalServerError"


class Allowance(Strict):
    """The body of `POST /drill/allow`."""

    name: Text


class Refusals:
    """What holds, by name. Replaced as a whole, so that calls in other threads see one state or the other."""

    def __init__(self) -> None:
        self._held: Mapping[str, Refusal] = {}

    def refuse(self, refusal: Refusal) -> None:
        """From now on."""
        self._held = {**self._held, refusal.name: refusal}

    def allow(self, name: str) -> bool:
        """Undo one. False when there was none of that name."""
        known = name in self._held
        self._held = {key: held for key, held in self._held.items() if key != name}
        return known

    def clear(self) -> None:
        """Undo all."""
        self._held = {}

    def error_for(self, operation: str) -> str | None:
        """The error that an operation is answered with; None: it is let through."""
        return next((held.error for held in self._held.values() if operation in held.operations), None)

    def wrap(self, app: Wsgi) -> Wsgi:
        """The application behind them."""

        def refusing(environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
            error = self._error(environ) if self._held else None
            if error is None:
                return app(environ, start_response)
            body = json.dumps({
                "__type": f"com.amazonaws.dynamodb.v20120810#{error}", "message": _TEXTS.get(error, error),
            }).encode()  # fmt: skip
            headers = [("Content-Type", "application/x-amz-json-1.0"), ("Content-Length", str(len(body)))]
            start_response(_STATUS.get(error, _BAD_REQUEST), headers)
            return [body]

        return refusing

    def _error(self, environ: dict[str, Any]) -> str | None:
        service, _, operation = environ.get("HTTP_X_AMZ_TARGET", "").partition(".")
        if not service.startswith("DynamoDB_"):
            return None
        if operation in _STATEMENTS:
            return self.error_for(_kind_of(_read(environ)))
        error = self.error_for(operation)
        if error is not None:
            _read(environ)  # else the connection takes it for the next request
        return error


def _read(environ: dict[str, Any]) -> bytes:
    body: bytes = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    environ["wsgi.input"] = io.BytesIO(body)
    return body


def _kind_of(body: bytes) -> str:
    """What a call with statements amounts to: a write as soon as one of them is."""
    try:
        asked = json.loads(body)
        statements = asked.get("Statements") or asked.get("TransactStatements") or [asked]
        reads = all(str(s.get("Statement", "")).lstrip().lower().startswith("select") for s in statements)
    except (ValueError, AttributeError):
        return _READ
    return _READ if reads else _WRITE
