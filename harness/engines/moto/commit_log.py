"""World truth: what a region's database really applied, item by item, in the order in which it took effect.

The one use in a result is the survivor's state at the moment it took over (an RPO); otherwise it checks the witness.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Protocol

from pydantic import TypeAdapter, ValidationError

from harness import stored
from harness.clock import monotonic_ns
from harness.engines.moto.elsewhere import writer
from harness.history.events import Commit, Mark
from harness.history.log import EventLog
from harness.kit.config import Strict, refusal
from harness.names import UNDO
from harness.stored import KeySpec, ValueSpec

RESET = "reset"
"""The mark that says: every table is gone."""


class Value(Protocol):
    """A DynamoDB value: its type (S, N, M, ...) and what it holds."""

    type: str
    value: Any

    def to_regular_json(self) -> Any: ...


class TableAttributes(Strict):
    """Which attributes of a table are the key, and which holds what the client sent; see harness.stored."""

    key: KeySpec
    value: ValueSpec


_TABLES: TypeAdapter[dict[str, TableAttributes]] = TypeAdapter(dict[str, TableAttributes])


def tables_of(body: object) -> dict[str, TableAttributes]:
    """Read `{"items": {"key": "id", "value": "value"}, ...}`. Raises InputError, naming every mistake."""
    try:
        return _TABLES.validate_python(body)
    except ValidationError as error:
        raise refusal(error, "tables", TableAttributes) from error


def text_of(value: Value | None) -> str | None:
    """A value as one string: strings and numbers as they are, the rest as JSON. None stays None."""
    if value is None or isinstance(value.value, str):
        return None if value is None else str(value.value)
    return stored.text_of(value.to_regular_json())


def typed(attributes: Mapping[str, Value], names: Iterable[str]) -> stored.Item:
    """Some attributes of an item as the API writes them."""
    return {name: attributes[name].to_regular_json() for name in names if name in attributes}


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
        if isinstance(spec.key, str) and isinstance(spec.value, str) and spec.value in attributes:  # nearly always
            key, value = text_of(attributes.get(spec.key)), text_of(attributes[spec.value])
        else:
            item = typed(attributes, stored.attributes(spec.key, spec.value))
            key, value = stored.key_of(spec.key, item), stored.value_of(spec.value, item)
        if key is None:
            return  # the items of this table do not have that attribute, or this one is of another kind
        value = value if present else None
        undo = writer() == UNDO
        self._log.append(Commit(self._region, table, key, value, self._seq, monotonic_ns(), undo))
        self._seq += 1

    def reset(self) -> None:
        """Every table is gone. The sequence goes on."""
        self._log.append(Mark(RESET, monotonic_ns(), self._region, "world"))

    def close(self) -> None:
        """Close the file."""
        self._log.close()
