"""A stream record as text and back, for tables and queues that keep it. Pure."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any


def encode(record: Mapping[str, Any]) -> str:
    """A stream record as JSON text; binary values survive."""
    kept = {"eventName": record.get("eventName"), "dynamodb": record.get("dynamodb")}
    return json.dumps(kept, default=lambda value: _encode_value(value))


def _encode_value(value: object) -> object:
    if isinstance(value, bytes | bytearray):
        return {"__base64__": base64.b64encode(value).decode()}
    return str(value)  # the approximate time of the change: nothing is decided by it


def decode(text: str) -> dict[str, Any]:
    """The record in `text`. Raises ValueError when it is not JSON."""

    def restore(found: dict[str, Any]) -> Any:
        return base64.b64decode(found["__base64__"]) if set(found) == {"__base64__"} else found

    record: dict[str, Any] = json.loads(text, object_hook=restore)
    return record
