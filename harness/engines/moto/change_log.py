"""Every change to the items of a region, whole, in the order in which it took effect: for replication and backups.

One line of JSON for each: {"seq": 7, "region": "us-east-1", "table": "orders", "mono_ns": 1, "wall_ns": 1, "by": "",
"keys": {"id": {"S": "a"}}, "old": {...} | null, "new": {...} | null}; items as the API writes them, old and new as
DynamoDB Streams has them (NEW_AND_OLD_IMAGES), null where there was or is no item. by: who wrote it, for a call that
said so (harness.engines.moto.elsewhere), "" for any other. When a table is deleted, which is no change of its items as
a stream tells them: {"seq": 8, "dropped": "orders", "mono_ns": 2, "wall_ns": 2}. When all are gone at the start of a
drill, {"seq": 9, "reset": true}.
"""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from moto.dynamodb.models.dynamo_type import Item
from moto.dynamodb.models.table import Table

from harness.clock import monotonic_ns
from harness.engines.moto.elsewhere import writer


class ChangeLog:
    """Appends a line for each write, flushed before the write is answered. Not locked: one write at a time."""

    def __init__(self, region: str, path: Path) -> None:
        self.path = path
        self._region = region
        self._file = path.open("a", encoding="utf-8")
        self._seq = 0

    def changed(self, table: Table, old: Item | None, new: Item | None) -> None:
        """An item was put, changed or deleted."""
        item = new or old
        before, after = _whole(old), _whole(new)  # moto's items are equal when their keys are
        if item is None or before == after:
            return
        names = (table.hash_key_attr, *filter(None, (table.range_key_attr,)))
        self._append({
            "region": self._region, "table": table.name, "mono_ns": monotonic_ns(), "wall_ns": time.time_ns(),
            "by": writer(), "keys": {name: item.attrs[name].to_regular_json() for name in names},
            "old": before, "new": after,
        })  # fmt: skip

    def dropped(self, table: str) -> None:
        """A table was deleted, with all that it held."""
        self._append({"dropped": table, "mono_ns": monotonic_ns(), "wall_ns": time.time_ns()})

    def reset(self) -> None:
        """Every table is gone. The sequence goes on."""
        self._append({"reset": True})

    def _append(self, body: Mapping[str, Any]) -> None:
        self._file.write(json.dumps({"seq": self._seq, **body}, separators=(",", ":"), default=_binary) + "\n")
        self._file.flush()
        self._seq += 1

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def _binary(value: object) -> str:
    """What the API writes for bytes, which moto has decoded."""
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    raise TypeError(f"{value!r} is no value of an item")


def _whole(item: Item | None) -> dict[str, Any] | None:
    return None if item is None else {name: value.to_regular_json() for name, value in item.attrs.items()}
