"""World truth: what a region's database really applied, item by item, in the order in which it took effect.

The one use in a result is the survivor's state at the moment it took over (an RPO); otherwise it checks the witness.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from pydantic import TypeAdapter, ValidationError

from harness.clock import monotonic_ns
from harness.history.events import Commit, Mark
from harness.history.log import EventLog
from harness.kit.config import Strict, Text, refusal

RESET = "reset"
"""The mark that says: every table is gone."""


class Value(Protocol):
    """A DynamoDB value: its type (S, N, M, ...) and what it holds."""

    type: str
    value: Any

    def to_regular_json(self) -> Any: ...


class TableAttributes(Strict):
    """Which attribute of a table is the key, and which holds what the client sent."""

    key: Text
    value: Text


_TABLES: TypeAdapter[dict[str, TableAttributes]] = TypeAdapter(dict[str, TableAttributes])


def tables_of(body: object) -> dict[str, TableAttributes]:
    """Read `{"items": {"key": "id", "value": "value"}, ...}`. Raises InputError, naming every mistake."""
    try:
        return _TABLES.validate_python(body)
    except ValidationError as error:
        raise refusal(error, "tables", TableAttributes) from error


def text_of(value: Value | None) -> str | None:
    """A value as one string: strings and numbers as they are, the rest as JSON. None stays None."""
    if value is None:
        return None
    if isinstance(value.value, str):
        return value.value
    (held,) = value.to_regular_json().values()
    return json.dumps(held, sort_keys=True, default=str)


class CommitLog:
    """Appends one Commit per write to a listed table, flushed before the write is answered.

    Not locked: the caller commits one write at a time. tables: replaced as a whole; others are not logged.
    """

    def __init__(self, region: str, path: Path, tables: Mapping[str, TableAttributes]) -> None:
        self.tables = dict(tables)
        self._region = region
        self._log = EventLog(path)
        self._seq = 0

    def committed(self, table: str, attributes: Mapping[str, Value], *, present: bool) -> None:
        """An item was written (present), or was removed (not present; `attributes` are those that it had)."""
        spec = self.tables.get(table)
        if spec is None:
            return
        key = text_of(attributes.get(spec.key))
        if key is None:
            return  # a listed attribute that the items of this table do not have: there is nothing to name the item by
        value = text_of(attributes.get(spec.value)) if present else None
        self._log.append(Commit(self._region, table, key, value, self._seq, monotonic_ns()))
        self._seq += 1

    def reset(self) -> None:
        """Every table is gone. The sequence goes on."""
        self._log.append(Mark(RESET, monotonic_ns(), self._region, "world"))

    def close(self) -> None:
        """Close the file."""
        self._log.close()
