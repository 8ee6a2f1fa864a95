"""The record of the active region, read from and written to the table of one region."""

from __future__ import annotations

from reference.active_region import RECORD_NAME, Record, parse_record
from reference.dynamo import CallFailed, Client
from reference.settings import Settings


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
