"""Calls to the admin endpoints of our own processes: JSON over loopback, a time-out on each, clear errors."""

from __future__ import annotations

import http.client
import json
from collections.abc import Mapping, Sequence
from typing import Any

from harness.errors import WorldError
from harness.kit.address import Address

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
        connection = http.client.HTTPConnection(*self.address, timeout=self._timeout_s)
        data = None if body is None else json.dumps(body).encode()
        try:
            connection.request(method, path, data, {"Content-Type": "application/json"})
            response = connection.getresponse()
            text = response.read()
        except (OSError, http.client.HTTPException) as error:
            raise WorldError(f"{self._name}: {method} {path}: {error or type(error).__name__}") from error
        finally:
            connection.close()
        if response.status >= 300:
            raise WorldError(f"{self._name}: {method} {path}: {response.status} {text.decode(errors='replace')[:500]}")
        return json.loads(text) if text else None
