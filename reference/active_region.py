"""The record of which region is active, kept in the tables of both regions; the higher epoch is the true one.

Writing is idempotent and fenced: a record replaces only one of a lower epoch. One table is enough for the record to
count, because the region that is lost is the one whose table cannot be written.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from reference.dynamo import CallFailed, Client
from reference.settings import Settings

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


def read_record(client: Client, settings: Settings) -> Record | None:
    """What this region's table says. Raises CallFailed when the table cannot be read."""
    reply = client.call(
        "get_item", TableName=settings.table, Key={settings.key: {"S": RECORD_NAME}}, ConsistentRead=True
    )
    return parse_record(reply.get("Item", {}))


def write_record(client: Client, settings: Settings, record: Record) -> Record | None:
    """Write `record` unless the table holds a later one, then read back what it holds. Raises CallFailed."""
    try:
        client.call(
            "put_item",
            TableName=settings.table,
            Item={
                settings.key: {"S": RECORD_NAME},
                "region": {"S": record.region},
                "epoch": {"N": str(record.epoch)},
                "by": {"S": record.by},
            },
            ConditionExpression="attribute_not_exists(#epoch) OR #epoch < :epoch",
            ExpressionAttributeNames={"#epoch": "epoch"},
            ExpressionAttributeValues={":epoch": {"N": str(record.epoch)}},
        )
    except CallFailed as failure:
        if not failure.condition_failed:
            raise
    return read_record(client, settings)
