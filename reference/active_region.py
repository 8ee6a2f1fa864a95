"""The record of which region is active, kept in the tables of both regions; the higher epoch is the true one.

Writing is idempotent and fenced: a record replaces only one of a lower epoch. One table is enough for the record to
count, because the region that is lost is the one whose table cannot be written.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

RECORD_NAME = "active_region"
BY_MONITOR = "monitor"
BY_OPERATOR = "operator"


@dataclass(frozen=True, slots=True)
class Record:
    """`region` is active under `epoch`. One that an operator wrote is not undone by automatic failback."""

    region: str
    epoch: int
    by: str = BY_MONITOR


NO_RECORD = Record("", 0)


def parse_record(item: Mapping[str, Any]) -> Record | None:
    """The record in a DynamoDB-JSON item, or None."""
    try:
        return Record(item["region"]["S"], int(item["epoch"]["N"]), item.get("by", {}).get("S", BY_MONITOR))
    except (KeyError, ValueError):
        return None


def highest(records: Iterable[Record | None]) -> Record | None:
    """The record that counts among what several tables say."""
    known = [record for record in records if record is not None]
    return max(known, key=lambda record: record.epoch) if known else None
