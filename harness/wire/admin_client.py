"""Calls to the admin endpoints of our own processes: JSON over loopback, a time-out on each, clear errors."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from harness.errors import WorldError
from harness.kit.address import Address
from harness.wire.ask import NoAnswer, ask

TIMEOUT_S = 10.0


class AdminClient:
    """One process's admin endpoint. name: of the process, for errors."""

    def __init__(self, name: str, address: Sequence[Any], timeout_s: float = TIMEOUT_S) -> None:
        self._name = name
        self.address: Address = (str(address[0]), int(address[1]))
        self._timeout_s = timeout_s

    def get(self, path: str) -> Any:
        """The JSON of a GET. Raises WorldError."""
        return self._call("GET", path, None)

    def post(self, path: str, body: Mapping[str, Any] | Sequence[Any] | None = None) -> Any:
        """The JSON of a POST. Raises WorldError."""
        return self._call("POST", path, {} if body is None else body)

    def _call(self, method: str, path: str, body: Any) -> Any:
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"}
        try:
            answer = ask(self.address, method, path, timeout_s=self._timeout_s, headers=headers, body=data)
        except NoAnswer as error:
            raise WorldError(f"{self._name}: {method} {path}: {error}") from error
        if answer.status >= 300:
            text = answer.body.decode(errors="replace")[:500]
            raise WorldError(f"{self._name}: {method} {path}: {answer.status} {text}")
        return json.loads(answer.body) if answer.body else None
